"""Setting when a workspace is open. No rows at all: around the clock."""

from collections.abc import Sequence
from datetime import time

from django.db import transaction

from crm.models import Workspace
from handover.hours import MIDNIGHT, Stretch
from handover.models import OpeningHours
from project.kernel.errors import WrongValues


@transaction.atomic
def set_opening_hours(*, workspace: Workspace, stretches: Sequence[Stretch]) -> None:
    """Replace the hours. Raises WrongValues, by weekday number, for stretches that end too early or overlap."""
    _check(stretches)
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two editors: the later one wins whole
    OpeningHours.objects.filter(workspace=workspace).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(workspace=workspace, weekday=stretch.weekday, opens=stretch.opens, closes=stretch.closes)
        for stretch in stretches
    )


def _check(stretches: Sequence[Stretch]) -> None:
    last: dict[int, Stretch] = {}
    for stretch in sorted(stretches, key=lambda stretch: (stretch.weekday, stretch.opens)):
        problem = _problem(stretch, last.get(stretch.weekday))
        if problem:
            raise WrongValues({str(stretch.weekday): problem})
        last[stretch.weekday] = stretch


def _problem(stretch: Stretch, before: Stretch | None) -> str:
    if _end(stretch) <= stretch.opens:
        opens = f"{stretch.opens:%H:%M}"
        return f"{write(stretch)} ends before it begins; write {opens}–00:00 here and the rest on the next day"
    if before and stretch.opens < _end(before):
        return f"{write(stretch)} overlaps {write(before)}"
    return ""


def _end(stretch: Stretch) -> time:
    return time.max if stretch.closes == MIDNIGHT else stretch.closes


def write(stretch: Stretch) -> str:
    return f"{stretch.opens:%H:%M}–{stretch.closes:%H:%M}"
