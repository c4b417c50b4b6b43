"""Quiet hours: when a customer is not to be written to, by the clock where they live. Pure."""

from datetime import UTC, datetime, time, timedelta, tzinfo


def quiet_until(now: datetime, *, zone: tzinfo, begins: time, ends: time) -> datetime | None:
    """When the quiet stretch around `now` ends; None when there is none. Equal times mean no quiet hours."""
    local = now.astimezone(zone)
    if not _is_within(local.time(), begins, ends):
        return None
    day = local.date() if local.time() < ends else local.date() + timedelta(days=1)
    morning = datetime.combine(day, ends, tzinfo=zone)
    if morning.astimezone(UTC) <= now:  # the hour that comes twice when the clocks go back
        morning = morning.replace(fold=1)
    return morning.astimezone(UTC)


def _is_within(at: time, begins: time, ends: time) -> bool:
    if begins <= ends:
        return begins <= at < ends
    return at >= begins or at < ends
