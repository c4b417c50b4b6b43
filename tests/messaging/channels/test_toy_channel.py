"""A new kind of channel is one folder and one line: everything else takes it as it is."""

from collections.abc import Iterator

import pytest

from crm.models import User
from inbox.words import channel_label
from messaging.doors.sources import HookRequest, SourceRow, source_named
from messaging.models import Attachment, Channel
from messaging.services.channel_checks import check_channel
from messaging.services.inbox import store_event
from messaging.transports import CHANNELS
from project.kernel.scope import workspace_scope
from tests.commands import refusal, run_json
from tests.doubles.twilio import CallbackPlan, TwilioDouble
from tests.inbox.api import Caller
from tests.inbox.screens import browser_of, text_of
from tests.journeys.world import World
from tests.messaging.channels.pigeon.transport import SKY

pytestmark = pytest.mark.django_db

GOOD = ("--set=sender=North tower", "--set=whistle=two-long-one-short")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The one line."""
    monkeypatch.setitem(CHANNELS, "pigeon", "tests.messaging.channels.pigeon")
    SKY.clear()
    with TwilioDouble(plan=CallbackPlan.never()) as twilio:
        yield World(twilio)


def connect() -> Channel:
    answer = run_json("create_channel", "pigeon", "--workspace=acme", "--name=Loft", *GOOD)
    assert answer["found"] == "The pigeons are in the loft."
    return Channel.objects.get(pk=answer["id"])


def lands(world: World, channel: Channel, letter: bytes) -> None:
    """Through the kind's own door, and everything that follows."""
    door = source_named("pigeon").door
    assert door
    headers = {"x-whistle": "two-long-one-short"}
    request = HookRequest(rest="landing", raw_path="/", query="", headers=headers, body=letter)
    knock = door.read(request, SourceRow(world.acme.pk, channel.pk, channel.secrets, channel.settings), world.now)
    store_event(
        workspace_id=world.acme.pk,
        source="pigeon",
        source_id=channel.pk,
        kind=knock.kind,
        key=knock.key,
        order_key=knock.order_key,
        body=letter,
        now=world.now,
    )
    world.settle()


def test_it_is_connected_checked_and_answered_on(world: World) -> None:
    with workspace_scope(world.acme):
        channel = connect()
        assert check_channel(channel, world.now).found == "The pigeons are in the loft."
    lands(world, channel, b"Davi\nring-7\nHello")
    [reply] = world.messages(direction="out")
    assert [(flown.to, flown.body) for flown in SKY] == [("Davi", reply.body)]
    assert (reply.status, reply.provider_id) == ("accepted", "flight-1")


def test_what_came_inside_the_letter_is_kept(world: World) -> None:
    with workspace_scope(world.acme):
        channel = connect()
    lands(world, channel, b"Davi\nring-9\nHello\n--\nour address")
    with workspace_scope(world.acme):
        [kept] = Attachment.objects.all()
        assert (kept.state, kept.content_type, kept.file_name) == ("stored", "text/plain", "enclosed.txt")
        assert kept.file.open().read() == b"our address"


def test_its_errors_are_told_in_its_words(world: World) -> None:
    with workspace_scope(world.acme):
        channel = connect()
    lands(world, channel, b"the hawk's wood\nring-8\nHello")
    [lost] = world.messages(direction="out")
    assert (lost.status, lost.error_code) == ("failed", "hawk")


def test_its_provider_refuses_what_it_does_not_know(world: World) -> None:
    said = refusal("create_channel", "pigeon", "--workspace=acme", "--name=Loft", *GOOD[:1], "--set=whistle=one-short")
    assert said == "whistle: No pigeon comes to this whistle. Ask whoever trained them."


def test_screens_and_api_offer_it(world: World) -> None:
    ana = User.objects.get(email="ana@acme.test")
    page = text_of(browser_of(ana).get("/w/acme/settings/channels/"))
    assert "Connect Pigeon post (Acme's loft)" in page
    assert "Where the pigeons live." in text_of(browser_of(ana).get("/w/acme/settings/channels/add/pigeon/"))
    assert "pigeon" in [kind["kind"] for kind in Caller(ana).get("channels/kinds/")]
    assert channel_label("pigeon") == "Pigeon post"
