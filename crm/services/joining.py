"""What two leads know and allowed, brought together: the fuller profile, the stricter consent, the longer hold."""

from datetime import datetime
from typing import Any

from crm.models import Consent, Hold, Lead
from crm.models.consent import ConsentState, HoldKind, Purpose

from .consent import consents_in_force, record_consent
from .holds import place_hold, release_hold
from .trail import record_decision

FILLED = ("name", "company", "email", "language", "timezone")
STRICTNESS = {ConsentState.GRANTED: 0, ConsentState.PENDING: 1, ConsentState.WITHDRAWN: 2}
MERGED, PARTED = "merge", "merge undone"


def copy_profile(kept: Lead, gone: Lead) -> dict[str, Any]:
    """Fill what is empty; a VIP stays one. What was written where, for the undoing."""
    filled: dict[str, Any] = {
        name: getattr(gone, name) for name in FILLED if getattr(gone, name) and not getattr(kept, name)
    }
    if gone.is_vip and not kept.is_vip:
        filled["is_vip"] = True
    for name, value in filled.items():
        setattr(kept, name, value)
    if filled:
        kept.save(update_fields=list(filled))
    return filled


def part_profiles(kept: Lead, filled: dict[str, Any]) -> None:
    """Empty again what the merge filled, where nobody has changed it since."""
    still = [name for name, value in filled.items() if getattr(kept, name) == value]
    for name in still:
        setattr(kept, name, False if name == "is_vip" else "")
    if still:
        kept.save(update_fields=still)


def keep_strictest(kept: Lead, gone: Lead, now: datetime) -> list[dict[str, str]]:
    """Before the ledgers are joined: of two words about the same, the stricter is said again, so that it counts.

    The newest line is in force, and of two people merged by mistake the one who refused must not be written to.
    """
    _lengthen_holds(kept, gone, now)
    ours = {(line.channel_kind, line.purpose): line for line in consents_in_force(kept.pk)}
    theirs = {(line.channel_kind, line.purpose): line for line in consents_in_force(gone.pk)}
    said_again = []
    for about in sorted(ours.keys() & theirs.keys()):
        stricter = max(ours[about], theirs[about], key=lambda line: STRICTNESS[ConsentState(line.state)])
        newer = max(ours[about], theirs[about], key=lambda line: (line.at, line.pk))
        if stricter.state != newer.state:
            _say_again(kept, stricter, now)
            said_again.append({"channel_kind": about[0], "purpose": about[1], "was": ours[about].state})
    return said_again


def part_consents(kept: Lead, said_again: list[dict[str, str]], *, was_held: bool, now: datetime) -> None:
    """What the merge made stricter is as it was, where nothing was said since; so is the hold that followed from it.

    Nobody has agreed to anything anew: no hold of before is released, and no suppression lifted.
    """
    in_force = {(line.channel_kind, line.purpose): line for line in consents_in_force(kept.pk)}
    for each in said_again:
        line = in_force.get((each["channel_kind"], each["purpose"]))
        if line is not None and line.source == MERGED and line.state != each["was"]:
            _say_as_before(kept, line, each["was"], now)
            if line.purpose == Purpose.MARKETING and not was_held:
                release_hold(lead=kept, kind=HoldKind.UNSUBSCRIBED, reason="As it was before the merge.", now=now)


def _say_as_before(lead: Lead, line: Consent, state: str, now: datetime) -> None:
    Consent.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        channel_kind=line.channel_kind,
        purpose=line.purpose,
        state=state,
        source=PARTED,
        proof="as it was before the merge",
        at=now,
    )
    reason = f"Consent to {line.purpose} messages of {lead} is {state} again, as it was before the merge."
    record_decision(
        lead=lead, actor="consent", kind=f"consent.{state}", reason=reason, now=now, channel=line.channel_kind
    )


def _say_again(lead: Lead, line: Consent, now: datetime) -> None:
    record_consent(
        lead=lead,
        channel_kind=line.channel_kind,
        purposes=(Purpose(line.purpose),),
        state=ConsentState(line.state),
        source=MERGED,
        proof=f"the stricter of two: {line.proof}",
        now=now,
    )


def _lengthen_holds(kept: Lead, gone: Lead, now: datetime) -> None:
    """Of two holds of a kind the longer one counts; one that `kept` lacks is moved with the rest."""
    both = set(Hold.objects.filter(lead=kept, released_at=None).values_list("kind", flat=True))
    for hold in Hold.objects.filter(lead=gone, released_at=None, kind__in=both):
        place_hold(lead=kept, kind=hold.kind, reason=hold.reason, until=hold.until, now=now)
