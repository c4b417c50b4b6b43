"""The handover queue and the numbers above it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handover.models import Handover
from handover.models.handovers import HandoverState
from handover.services.handovers import end_handover
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.inbox.screens import HTMX, Screens, open_screens, text_of
from tests.inbox.seed import ask_for_person, full_inbox, talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    screens = open_screens()
    cast = screens.cast
    with workspace_scope(cast.acme):
        full_inbox(cast.acme, cast.channel, cast.bruno, clock.now())
    return screens


def board(screens: Screens) -> str:
    return text_of(screens.bruno.get(screens.url("handovers/")))


def test_whoever_s_next_step_comes_first_stands_first_and_calls_owed_stand_apart(screens: Screens) -> None:
    page = board(screens)
    places = [
        page.index(name)
        for name in ("Otávio Lins", "Helena Prado", "Mei Tanaka", "Calls owed The ladder", "Paulo Dias")
    ]
    assert places == sorted(places)
    assert "claimed by you" in page
    assert "Waiting longest 3 h" in page


def test_a_claim_names_the_person_and_the_ladder_goes_on(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        handover = Handover.objects.get(lead__name="Helena Prado")
    response = screens.bruno.post(screens.url(f"handovers/{handover.pk}/claim/"), headers=HTMX)
    assert response.status_code == 200
    with workspace_scope(screens.cast.acme):
        handover.refresh_from_db()
    assert (handover.claimed_by, handover.state) == (screens.cast.bruno, HandoverState.WAITING)


def test_a_claim_that_came_too_late_is_told(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        handover = Handover.objects.get(lead__name="Helena Prado")
        end_handover(handover=handover, state=HandoverState.ANSWERED, reason="Ana answered", now=clock.now())
    late = screens.bruno.post(screens.url(f"handovers/{handover.pk}/claim/"), headers=HTMX)
    assert "This handover has ended" in late["HX-Trigger"]
    assert screens.bruno.post(screens.url(f"handovers/{handover.pk}/claim/")).status_code == 302


def test_viewers_and_strangers_claim_nothing(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        handover = Handover.objects.get(lead__name="Helena Prado")
    assert screens.vera.post(screens.url(f"handovers/{handover.pk}/claim/")).status_code == 403
    assert screens.clara.post(screens.url(f"handovers/{handover.pk}/claim/")).status_code == 404
    assert screens.clara.post(f"/w/other/handovers/{handover.pk}/claim/").status_code == 404
    assert "Claim" not in text_of(screens.vera.get(screens.url("handovers/")))


@pytest.mark.parametrize(
    ("state", "abandoned", "ended"),
    [
        (HandoverState.ANSWERED, 0, 1),
        (HandoverState.BOOKED, 0, 1),
        (HandoverState.RESOLVED, 0, 1),
        (HandoverState.RETURNED, 1, 1),
        (HandoverState.RENEWED, 0, 0),
    ],
)
def test_abandoned_counts_what_ended_without_answer_booking_or_resolution(
    screens: Screens, state: HandoverState, abandoned: int, ended: int
) -> None:
    cast, now = screens.cast, clock.now()
    with workspace_scope(cast.acme):
        gone = talk(cast.acme, cast.channel, "Gone", now)
        handover = ask_for_person(gone, "Asked.", "A person", now - timedelta(hours=1), now)
        end_handover(handover=handover, state=state, reason="for the test", now=now)
    numbers = screens.bruno.get(screens.url("handovers/")).context["queue"].numbers
    assert (numbers.abandoned, numbers.ended, numbers.open) == (abandoned, ended, 4)


def test_the_board_costs_the_same_however_long_it_is(screens: Screens) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            screens.bruno.get(screens.url("handovers/"))
        return len(captured)

    few = queries()
    with workspace_scope(screens.cast.acme):
        full_inbox(screens.cast.acme, screens.cast.channel, screens.cast.bruno, clock.now())
    assert queries() == few


def test_an_empty_board_explains_itself(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        Handover.objects.all().delete()
    assert "Nobody is waiting" in board(screens)
