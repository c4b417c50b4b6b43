"""Holds: reasons why marketing must wait."""

from datetime import datetime

from django.db.models import Q

from crm.models import Hold, Lead

from .trail import record_decision


def place_hold(*, lead: Lead, kind: str, reason: str, until: datetime | None, now: datetime) -> Hold:
    """Open a hold, or extend the open one of this kind; None in `until` means until it is released."""
    hold, is_new = Hold.objects.get_or_create(
        workspace_id=lead.workspace_id,
        lead=lead,
        kind=kind,
        released_at=None,
        defaults={"reason": reason, "until": until, "created_at": now},
    )
    if is_new:
        record_decision(
            lead=lead,
            actor="coordinator",
            kind="hold.placed",
            now=now,
            reason=f"Marketing is held: {reason}",
            hold=kind,
            until=until.isoformat() if until else None,
        )
        return hold
    if hold.until is not None and (until is None or until > hold.until):
        hold.until = until
        hold.reason = reason
        hold.save(update_fields=["until", "reason"])
    return hold


def release_hold(*, lead: Lead, kind: str, reason: str, now: datetime) -> bool:
    """Close the open hold of a kind; False when there was none."""
    released = Hold.objects.filter(lead=lead, kind=kind, released_at=None).update(released_at=now)
    if released:
        record_decision(lead=lead, actor="coordinator", kind="hold.released", reason=reason, now=now, hold=kind)
    return bool(released)


def holds_in_force(lead_id: int, now: datetime) -> list[str]:
    still_running = Q(until__isnull=True) | Q(until__gt=now)
    return list(
        Hold.objects.filter(still_running, lead_id=lead_id, released_at=None)
        .order_by("kind")
        .values_list("kind", flat=True)
    )
