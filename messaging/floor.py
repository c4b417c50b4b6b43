"""The floor: one voice at a time for each lead, decided by PostgreSQL in one statement, by its own clock.

`acquire` gives a `Grant` with a fencing epoch, or says who holds the floor. A higher priority takes it at once and
makes older grants stale from that commit on; what is already in flight to a provider cannot be recalled, so the
newcomer's words wait for it (the outbox sees to that). After a lease expired without a release, the next grant
waits `LOCK_DELAY`: its holder may be paused rather than dead, and must not wake up into somebody else's turn.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from messaging.models.floor import Floor, Priority

LEASE_SECONDS = 45.0
LOCK_DELAY = "2 seconds"

HOLDERS = {
    "human": Priority.HUMAN,
    "primary": Priority.PRIMARY,
    "bridge": Priority.BRIDGE,
    "system": Priority.SYSTEM,
    "marketing": Priority.MARKETING,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to speak to a lead, for as long as `epoch` is the floor's."""

    workspace_id: int
    lead_id: int
    holder: str
    priority: int
    epoch: int
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody of the same or a higher priority holds the floor; `until` is None for a person."""

    holder: str
    user_id: int | None
    until: datetime | None
    epoch: int


_ACQUIRE = f"""
    INSERT INTO messaging_floor AS floor
        (workspace_id, lead_id, holder, user_id, priority, epoch, expires_at, returns_at, changed_at)
    VALUES (%(workspace)s, %(lead)s, %(holder)s, NULL, %(priority)s, 1,
            clock_timestamp() + make_interval(secs => %(seconds)s), NULL, clock_timestamp())
    ON CONFLICT (lead_id) DO UPDATE
       SET holder = excluded.holder, user_id = NULL, priority = excluded.priority, epoch = floor.epoch + 1,
           expires_at = clock_timestamp() + make_interval(secs => %(seconds)s), returns_at = NULL,
           changed_at = clock_timestamp()
     WHERE floor.holder = ''
        OR floor.expires_at + interval '{LOCK_DELAY}' <= clock_timestamp()
        OR floor.priority > excluded.priority
    RETURNING epoch
"""

_LEND = f"""
    INSERT INTO messaging_floor AS floor
        (workspace_id, lead_id, holder, user_id, priority, epoch, expires_at, returns_at, changed_at)
    VALUES (%(workspace)s, %(lead)s, 'human', %(user)s, 1, 1,
            clock_timestamp() + make_interval(secs => %(seconds)s), NULL, clock_timestamp())
    ON CONFLICT (lead_id) DO UPDATE
       SET holder = 'human', user_id = excluded.user_id, priority = 1, epoch = floor.epoch + 1,
           expires_at = excluded.expires_at, returns_at = NULL, changed_at = clock_timestamp()
     WHERE floor.holder = '' OR floor.expires_at + interval '{LOCK_DELAY}' <= clock_timestamp()
    RETURNING epoch
"""

_TAKE_OVER = """
    INSERT INTO messaging_floor AS floor
        (workspace_id, lead_id, holder, user_id, priority, epoch, expires_at, returns_at, changed_at)
    VALUES (%(workspace)s, %(lead)s, 'human', %(user)s, 1, 1, NULL, %(returns_at)s, clock_timestamp())
    ON CONFLICT (lead_id) DO UPDATE
       SET epoch = CASE WHEN floor.holder = 'human' AND floor.user_id = excluded.user_id
                        THEN floor.epoch ELSE floor.epoch + 1 END,
           holder = 'human', user_id = excluded.user_id, priority = 1, expires_at = NULL,
           returns_at = excluded.returns_at, changed_at = clock_timestamp()
    RETURNING epoch
"""

_FREE = "holder = '', user_id = NULL, priority = NULL, expires_at = NULL, returns_at = NULL"

_RELEASE = f"UPDATE messaging_floor SET {_FREE}, changed_at = clock_timestamp() WHERE lead_id = %s AND epoch = %s"

_TAKE_BACK = """
    UPDATE messaging_floor SET expires_at = clock_timestamp() + make_interval(secs => %s), returns_at = NULL
     WHERE lead_id = %s AND holder = 'human' AND expires_at IS NULL
    RETURNING epoch
"""

_CLEAR = f"""
    UPDATE messaging_floor SET {_FREE}, epoch = epoch + 1, changed_at = clock_timestamp() WHERE lead_id = %s
"""

_RELEASE_WHEN_SPOKEN = f"""
    UPDATE messaging_floor AS floor SET {_FREE}, changed_at = clock_timestamp()
     WHERE lead_id = %s AND epoch = %s AND holder <> '' AND expires_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM messaging_message AS word
                        WHERE word.lead_id = floor.lead_id AND word.epoch = floor.epoch
                          AND word.status IN ('queued', 'sending', 'unknown'))
"""

_IS_HELD_AGAINST = f"""
    SELECT EXISTS (SELECT 1 FROM messaging_floor WHERE lead_id = %s AND holder NOT IN ('', 'human')
                      AND priority <= %s AND expires_at + interval '{LOCK_DELAY}' > clock_timestamp())
"""

_RENEW = """
    UPDATE messaging_floor SET expires_at = clock_timestamp() + make_interval(secs => %s)
     WHERE lead_id = %s AND epoch = %s AND holder NOT IN ('', 'human')
"""


def acquire(*, workspace_id: int, lead_id: int, holder: str, seconds: float = LEASE_SECONDS) -> Grant | Busy:
    """Ask for the floor as `holder` (a key of HOLDERS other than human). Equal or lower priority: Busy."""
    priority = HOLDERS[holder]
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "lead": lead_id,
        "holder": holder,
        "priority": int(priority),
        "seconds": seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACQUIRE, values)
        row = cursor.fetchone()
    if row:
        return Grant(workspace_id, lead_id, holder, int(priority), row[0])
    return _busy(lead_id)


def lend(*, workspace_id: int, lead_id: int, user_id: int) -> Grant | Busy:
    """A person's short grant, for words of theirs that go again: it interrupts nobody, and ends when they are out."""
    values = {"workspace": workspace_id, "lead": lead_id, "user": user_id, "seconds": LEASE_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(_LEND, values)
        row = cursor.fetchone()
    return Grant(workspace_id, lead_id, "human", int(Priority.HUMAN), row[0], user_id) if row else _busy(lead_id)


def take_over(*, workspace_id: int, lead_id: int, user_id: int, returns_at: datetime | None = None) -> Grant:
    """A person takes the floor, always and at once; the same person again keeps the epoch.

    `returns_at` is when the auto-return rule gives the conversation back.
    """
    values: dict[str, Any] = {"workspace": workspace_id, "lead": lead_id, "user": user_id, "returns_at": returns_at}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_OVER, values)
        (epoch,) = cursor.fetchone()
    return Grant(workspace_id, lead_id, "human", int(Priority.HUMAN), epoch, user_id)


def renew(grant: Grant, *, seconds: float = LEASE_SECONDS) -> bool:
    """Extend the lease; False when the grant is stale."""
    return _changes(_RENEW, [seconds, grant.lead_id, grant.epoch])


def release(grant: Grant) -> bool:
    """Give the floor up without waiting for words; False when the grant is stale."""
    return _changes(_RELEASE, [grant.lead_id, grant.epoch])


def release_when_spoken(*, lead_id: int, epoch: int) -> bool:
    """Free the floor if nothing queued under `epoch` is still on its way. A person's open-ended hold stays."""
    return _changes(_RELEASE_WHEN_SPOKEN, [lead_id, epoch])


def take_back(*, lead_id: int) -> bool:
    """End a person's hold; False when no person holds the floor.

    Their last words still leave: the floor is free when those are out, or when a lease has passed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, [LEASE_SECONDS, lead_id])
        row = cursor.fetchone()
    if row:
        release_when_spoken(lead_id=lead_id, epoch=row[0])
    return row is not None


def clear(*, lead_id: int) -> bool:
    """Free the floor whoever holds it; every word not yet sent becomes stale."""
    return _changes(_CLEAR, [lead_id])


def is_held_against(*, lead_id: int, holder: str) -> bool:
    """Whether another agent's words would keep `holder` waiting now."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_HELD_AGAINST, [lead_id, int(HOLDERS[holder])])
        return bool(cursor.fetchone()[0])


def current_floor(lead_id: int) -> Floor | None:
    return Floor.objects.select_related("user").filter(lead_id=lead_id).first()


def _busy(lead_id: int) -> Busy:
    current = Floor.objects.get(lead_id=lead_id)
    return Busy(current.holder, current.user_id, current.expires_at, current.epoch)


def _changes(statement: str, values: list[Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount == 1)
