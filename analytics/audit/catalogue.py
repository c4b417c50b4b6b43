"""All checks, in the order in which they are shown."""

from .checks import Check, Family
from .consent import CONSENT
from .inbox import INBOX
from .ladders import LADDERS
from .outbox import OUTBOX
from .statuses import STATUSES
from .turns import TURNS
from .voices import VOICES

_SUBJECTS = (LADDERS, VOICES, OUTBOX, INBOX, TURNS, STATUSES, CONSENT)

# Constraints that no check of its own repeats: a row that breaks one could not even be told apart.
_OTHER_GUARDS = (
    "turn_one_open",
    "hold_one_open",
    "identity_once",
    "merge_one_open",
    "message_marketing_has_consent",
    "conversation_merged_has_no_turn",
    "attempt_unknown_is_due",
    "message_queued_is_due",
    "message_direction_has_its_fields",
    "event_received_is_due",
    "handover_end_has_time",
    "ladder_step_done_has_time",
    "ladder_step_once",
)


def guard_names() -> tuple[str, ...]:
    of_checks = [check.guard for family in _SUBJECTS for check in family.checks if check.guard]
    return tuple(sorted({*of_checks, *_OTHER_GUARDS}))


MISSING_GUARDS = """
    SELECT NULL::bigint, NULL::bigint, 'constraint ' || wanted.name, NULL::timestamptz, 'not there, or not valid'
      FROM unnest(ARRAY[{names}]) AS wanted (name)
     WHERE NOT EXISTS (
           SELECT 1 FROM pg_constraint
            WHERE conname = wanted.name AND convalidated AND connamespace = current_schema()::regnamespace
       )
       AND NOT EXISTS (
           SELECT 1 FROM pg_class JOIN pg_index ON pg_index.indexrelid = pg_class.oid
            WHERE relname = wanted.name AND indisunique AND indisvalid AND relnamespace = current_schema()::regnamespace
       )
""".format(names=", ".join(f"'{name}'" for name in guard_names()))  # noqa: S608 (constants of these modules)

GUARDS = Family(
    "The database's own guards",
    (
        Check(
            "missing_guards",
            "Missing guards",
            "The constraints by which the database itself forbids a second voice, a second copy and a second step are "
            "in place.",
            MISSING_GUARDS,
        ),
    ),
)

FAMILIES = (*_SUBJECTS, GUARDS)


def all_checks() -> tuple[Check, ...]:
    return tuple(check for family in FAMILIES for check in family.checks)
