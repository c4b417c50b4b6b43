"""What Calendly reports, in any order and more than once."""

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from agents.models import StaffAlert
from crm.models import Activity, Hold
from handover.models import Booking
from handover.services.bookings import UnknownBooking, record_booking
from messaging.services.inbox import store_event
from project.kernel.scope import workspace_scope
from tests.journeys.world import World

U1, U2, U3 = (f"https://api.calendly.com/scheduled_events/E{n}/invitees/I{n}" for n in (1, 2, 3))


@pytest.fixture
def offered(world: World) -> World:
    """Davi asked for a person, nobody came, and the bridge has offered a call."""
    world.acme.booking_url = "https://acme.example/book"
    world.acme.save()
    world.davi_says("I want to talk to a human")
    world.wait(minutes=46)
    return world


def the_booking(world: World) -> Booking:
    with workspace_scope(world.acme):
        return Booking.objects.get()


_numbers = itertools.count()


def calendly_says(world: World, event: str, invitee: str, *, starts_at: datetime | None = None, **more: Any) -> None:
    payload = {
        "uri": invitee,
        "email": "davi@example.com",
        "tracking": {"utm_content": the_booking(world).token},
        "scheduled_event": {"start_time": (starts_at or world.now + timedelta(days=2)).isoformat()},
        **more,
    }
    body = {"event": event, "created_at": world.now.isoformat(), "payload": payload}
    store_event(
        workspace_id=world.acme.pk,
        source="calendly",
        source_id=1,
        kind=event,
        key=f"{next(_numbers)}",
        order_key="calendly",
        body=json.dumps(body).encode(),
        now=world.now,
    )
    world.settle()


def created(world: World, invitee: str = U1, **more: Any) -> None:
    calendly_says(world, "invitee.created", invitee, **more)


def canceled(world: World, invitee: str = U1, **more: Any) -> None:
    calendly_says(world, "invitee.canceled", invitee, **more)


def holds(world: World) -> list[str]:
    with workspace_scope(world.acme):
        return sorted(Hold.objects.filter(released_at=None).values_list("kind", flat=True))


def points(world: World) -> int:
    with workspace_scope(world.acme):
        return Activity.objects.filter(kind="calendly_book").count()


def test_a_booking_ends_the_handover_holds_marketing_and_counts(offered: World) -> None:
    created(offered)
    assert the_booking(offered).state == "booked"
    assert offered.handover.state == "booked"
    assert "booking_pending" in holds(offered)
    assert points(offered) == 1
    with workspace_scope(offered.acme):
        assert StaffAlert.objects.filter(subject__contains="booked a call").exists()


def test_the_same_event_twice_is_one_booking(offered: World) -> None:
    created(offered)
    lines = len(offered.trail())
    created(offered)
    assert len(offered.trail()) == lines
    assert points(offered) == 1


def test_a_cancellation_releases_marketing(offered: World) -> None:
    created(offered)
    canceled(offered, cancellation={"canceled_by": "Davi", "reason": "No time"})
    assert the_booking(offered).state == "canceled"
    assert "booking_pending" not in holds(offered)
    assert "No time" in offered.trail("booking.canceled")[-1].reason


def test_a_cancellation_that_comes_before_its_booking_wins(offered: World) -> None:
    canceled(offered)
    created(offered)
    assert the_booking(offered).state == "canceled"
    assert "booking_pending" not in holds(offered)


MOVE = {
    "created": lambda world: created(world, U2, old_invitee=U1, starts_at=world.now + timedelta(days=5)),
    "canceled": lambda world: canceled(world, U1, rescheduled=True, new_invitee=U2),
}


@pytest.mark.parametrize("order", list(itertools.permutations(MOVE)))
def test_a_moved_call_stays_booked_in_either_order(offered: World, order: tuple[str, ...]) -> None:
    created(offered)
    for half in order:
        MOVE[half](offered)
    booking = the_booking(offered)
    assert (booking.state, booking.invitee_uri) == ("booked", U2)
    assert booking.starts_at == offered.now + timedelta(days=5)
    assert "booking_pending" in holds(offered)
    assert points(offered) == 1


def test_four_events_of_one_move_end_the_same_in_every_order(offered: World) -> None:
    """Booked, moved (two events), and the first event told again."""
    events = [lambda: created(offered), lambda: MOVE["created"](offered), lambda: MOVE["canceled"](offered)]
    for order in itertools.permutations([*events, events[0]]):
        with workspace_scope(offered.acme):
            Booking.objects.update(state="offered", invitee_uri="", superseded_uris=[], booked_at=None)
        for tell in order:
            tell()
        assert (the_booking(offered).state, the_booking(offered).invitee_uri) == ("booked", U2)


def test_moved_twice_with_the_newest_told_first(offered: World) -> None:
    created(offered)
    created(offered, U3, old_invitee=U2)
    created(offered, U2, old_invitee=U1)
    canceled(offered, U2, rescheduled=True, new_invitee=U3)
    canceled(offered, U1, rescheduled=True, new_invitee=U2)
    assert (the_booking(offered).state, the_booking(offered).invitee_uri) == ("booked", U3)


def test_a_moved_call_may_be_canceled_after_all(offered: World) -> None:
    created(offered)
    for half in MOVE.values():
        half(offered)
    canceled(offered, U2)
    assert the_booking(offered).state == "canceled"


def test_a_call_booked_again_after_a_cancellation_is_no_move(offered: World) -> None:
    created(offered)
    canceled(offered)
    created(offered, U2)
    assert the_booking(offered).state == "booked"
    assert [line.kind for line in offered.trail("booking.booked", "booking.rescheduled")] == ["booking.booked"] * 2


def test_a_no_show_is_marked_and_taken_back(offered: World) -> None:
    created(offered)
    calendly_says(offered, "invitee_no_show.created", U1)
    assert the_booking(offered).state == "no_show"
    calendly_says(offered, "invitee_no_show.deleted", U1)
    assert the_booking(offered).state == "booked"


def test_a_no_show_of_a_call_that_was_moved_is_not_one_of_the_new_call(offered: World) -> None:
    created(offered)
    MOVE["created"](offered)
    calendly_says(offered, "invitee_no_show.created", U1)
    assert the_booking(offered).state == "booked"


def test_a_stranger_s_booking_is_set_aside(offered: World) -> None:
    created(offered, U1, tracking={"utm_content": "somebody else's"})
    assert the_booking(offered).state == "offered"


def test_a_booking_without_a_known_link_is_refused(world: World) -> None:
    with workspace_scope(world.acme), pytest.raises(UnknownBooking):
        record_booking(token="nothing", starts_at=world.now, now=world.now)
