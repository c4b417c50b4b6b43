"""A workspace's way of escalating: reading it, setting it."""

from collections.abc import Sequence
from datetime import datetime

from crm.models import Workspace
from handover.hours import Hours, Stretch
from handover.models import HandoverPolicy, Holiday, OpeningHours
from handover.models.handovers import Rung

FIELDS = {
    Rung.ALERT: "alert_minutes",
    Rung.UPDATE: "update_minutes",
    Rung.BRIDGE: "bridge_minutes",
    Rung.RESUME: "resume_minutes",
}
LONGEST_MINUTES = 7 * 24 * 60


class WrongMinutes(ValueError):
    """The ladder needs four positive minutes, each later than the one before."""


def policy_of(workspace: Workspace) -> HandoverPolicy:
    policy, _ = HandoverPolicy.objects.get_or_create(workspace=workspace)
    return policy


def set_minutes(*, workspace: Workspace, minutes: Sequence[float], now: datetime) -> HandoverPolicy:
    """Set when the four rungs are due, in minutes from the request. Raises WrongMinutes naming the value.

    Ladders that are already running keep their times.
    """
    check_minutes(minutes)
    policy = policy_of(workspace)
    for field, value in zip(FIELDS.values(), minutes, strict=True):
        setattr(policy, field, float(value))
    policy.save(update_fields=list(FIELDS.values()))
    return policy


def check_minutes(minutes: Sequence[float]) -> None:
    if len(minutes) != len(FIELDS):
        raise WrongMinutes(f"the ladder has {len(FIELDS)} steps; {len(minutes)} values were given")
    before = 0.0
    for value in minutes:
        if not 0 < value <= LONGEST_MINUTES:
            raise WrongMinutes(f"{value:g} is not between 0 and {LONGEST_MINUTES} minutes")
        if value <= before:
            raise WrongMinutes(f"{value:g} does not come after {before:g}")
        before = value


def minutes_of(policy: HandoverPolicy) -> dict[Rung, float]:
    return {rung: getattr(policy, field) for rung, field in FIELDS.items()}


def hours_of(workspace: Workspace) -> Hours:
    return Hours(
        zone=workspace.zone,
        stretches=tuple(
            Stretch(row.weekday, row.opens, row.closes) for row in OpeningHours.objects.filter(workspace=workspace)
        ),
        holidays=frozenset(Holiday.objects.filter(workspace=workspace).values_list("date", flat=True)),
    )
