"""The ladder's drawing: where the dot stands and what the rungs say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handover.models import Handover
from handover.models.handovers import Rung, StepState
from inbox.queries.ladder import Ladder, ladder_of
from project.kernel.scope import workspace_scope
from tests.cast import Cast, gather_cast
from tests.inbox.seed import ask_for_person

pytestmark = pytest.mark.django_db

ASKED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.fixture
def cast() -> Cast:
    return gather_cast(ASKED)


def drawn(cast: Cast, minutes: float, *, fired_until: float | None = None, **states: StepState) -> Ladder:
    now = ASKED + timedelta(minutes=minutes)
    fired = ASKED + timedelta(minutes=minutes if fired_until is None else fired_until)
    with workspace_scope(cast.acme):
        handover = ask_for_person(cast.conversation, "A contract.", "A person", ASKED, fired)
        for rung, state in states.items():
            handover.steps.filter(rung=rung).update(state=state, done_at=now)
        return ladder_of(Handover.objects.prefetch_related("steps").get(pk=handover.pk), now=now, zone=SAO_PAULO)


@pytest.mark.parametrize(
    ("minutes", "dot", "left", "word"),
    [
        (0, "0.00%", "15:00", "team alert"),
        (7.5, "12.50%", "7:30", "team alert"),
        (37, "61.67%", "8:00", "booking link"),
        (59.5, "99.17%", "0:30", "AI resumes"),
    ],
)
def test_the_dot_is_now_and_the_next_step_has_its_time_left(
    cast: Cast, minutes: float, dot: str, left: str, word: str
) -> None:
    ladder = drawn(cast, minutes)
    assert ladder.next
    assert (ladder.dot, ladder.left, ladder.next.word) == (dot, left, word)


def test_rungs_say_what_was_done_and_what_comes_in_the_workspace_s_time(cast: Cast) -> None:
    rungs = drawn(cast, 37).rungs
    assert [(rung.label, rung.mark, rung.at) for rung in rungs] == [
        ("team alerted", "done", "09:15"),
        ("update sent", "done", "09:30"),
        ("booking link", "next", "09:45"),
        ("AI resumes", "ahead", "10:00"),
    ]


def test_a_step_that_was_withheld_says_so(cast: Cast) -> None:
    ladder = drawn(cast, 37, **{Rung.UPDATE: StepState.WITHHELD})
    assert (ladder.rungs[1].label, ladder.rungs[1].mark) == ("update withheld", "skipped")


def test_an_overdue_step_holds_the_dot_on_its_rung(cast: Cast) -> None:
    ladder = drawn(cast, 40, fired_until=0)
    assert (ladder.dot, ladder.left) == ("25.00%", "now")


def test_at_its_end_the_line_is_full_and_nothing_is_next(cast: Cast) -> None:
    ladder = drawn(cast, 61)
    assert (ladder.dot, ladder.left, ladder.next) == ("100.00%", "", None)


def test_the_drawing_is_told_to_those_who_do_not_see_it(cast: Cast) -> None:
    told = drawn(cast, 37).told
    assert told.startswith("Waiting 37 minutes. Steps: team alerted 09:15; update sent 09:30; booking link 09:45;")
