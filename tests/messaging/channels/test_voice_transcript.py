"""Transcripts of calls: who may deliver them, what may be kept, and what follows from a call."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.models import Identity, Lead
from crm.services.consent import is_opted_out
from messaging.channels.voice_transcript.payloads import UnreadableCall, read
from messaging.channels.voice_transcript.source import SOURCE
from messaging.channels.voice_transcript.webhook import SIGNATURE_HEADER, kept_of, sign
from messaging.contents import contents_of
from messaging.doors.channels import load_channel
from messaging.doors.sources import BadSignature, HookRequest, Knock, NoSuchDoor, SourceRow, UnreadableBody
from messaging.models import Channel, Message, WebhookEvent
from messaging.services.channels import create_channel
from messaging.services.inbox import store_event
from messaging.transports import ErrorKind, InvalidSettings, Outgoing, TransportError, transport_for, validate_settings
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import DAVIS_PHONE, NOON
from tests.journeys.world import World

KEY = "the-signing-key-of-the-line"
SECRET_WORDS = "my card ends in 4242"


def call(number: int = 1, *, ended_at: datetime = NOON - timedelta(minutes=1), **changes: Any) -> dict[str, Any]:
    told = {
        "id": f"call-{number}",
        "started_at": (ended_at - timedelta(minutes=4)).isoformat(),
        "ended_at": ended_at.isoformat(),
        "participant": {"phone": DAVIS_PHONE, "name": "Davi"},
        "consent": True,
        "turns": [
            {"speaker": "agent", "name": "Bruno", "text": "Acme, good morning."},
            {"speaker": "customer", "text": "How much is the basic plan?"},
        ],
    }
    return {**told, **changes}


# -- the door ------------------------------------------------------------------------------------------------------


def knock(body: bytes, *, header: str | None = None, rest: str = "calls", key: str = KEY) -> Knock:
    assert SOURCE.door
    header = sign(signing_key=KEY, body=body, at=NOON) if header is None else header
    request = HookRequest(rest, "/", "", {SIGNATURE_HEADER: header}, body)
    return SOURCE.door.read(request, SourceRow(1, 1, {"signing_key": key}, {}), NOON)


def encode(told: Any) -> bytes:
    return json.dumps(told).encode()


def test_a_call_is_known_by_its_id_and_kept_as_it_came() -> None:
    assert knock(encode(call())) == Knock("inbound", "call-1", "calls", None)


@pytest.mark.parametrize(
    "header",
    ["", "t=1,v1=x", "v1=x", f"t={int(NOON.timestamp())}", f"t={int(NOON.timestamp())},v1=é", "t=é,v1=", "," * 99],
)
def test_whoever_does_not_have_the_key_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        knock(encode(call()), header=header)


def test_a_signature_is_good_for_one_body_and_five_minutes() -> None:
    body = encode(call())
    for header in (
        sign(signing_key=KEY, body=body + b" ", at=NOON),
        sign(signing_key=KEY, body=body, at=NOON - timedelta(minutes=6)),
        sign(signing_key="another", body=body, at=NOON),
    ):
        with pytest.raises(BadSignature):
            knock(body, header=header)
    with pytest.raises(BadSignature):
        knock(body, header=sign(signing_key="", body=body, at=NOON), key="")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 10_000, b'{"a": NaN}'])
def test_what_is_no_call_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        knock(body)


def test_there_is_one_door() -> None:
    with pytest.raises(NoSuchDoor):
        knock(b"{}", rest="inbound")


@pytest.mark.parametrize("consent", [False, None, "true", 1, "yes", [], {}])
def test_without_consent_no_word_is_kept_wherever_it_stands(consent: Any) -> None:
    told = call(
        consent=consent,
        turns=[{"speaker": "customer", "text": SECRET_WORDS}],
        transcript=SECRET_WORDS,
        summary={"text": SECRET_WORDS},
    )
    told["participant"] |= {"notes": SECRET_WORDS, "phone": {"x": SECRET_WORDS}}
    told["direction"] = {"name": SECRET_WORDS[:0], "note": SECRET_WORDS}
    kept = knock(encode(told)).kept
    assert kept is not None
    assert SECRET_WORDS not in kept.decode()
    assert json.loads(kept)["id"] == "call-1"


def test_without_any_word_about_consent_there_is_none() -> None:
    told = call()
    del told["consent"]
    assert b"basic plan" not in (kept_of(told) or b"basic plan")


# -- the scheme ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"started_at": "2026-11-20T12:00:00"}, "started_at"),
        ({"ended_at": "soon"}, "ended_at"),
        ({"started_at": "2026-11-21T12:00:00Z"}, "ended_at is before started_at"),
        ({"participant": "Davi"}, "participant"),
        ({"turns": {}}, "turns"),
        ({"turns": [{"speaker": "ghost", "text": "boo"}]}, "turns.0.speaker"),
        ({"turns": [{"speaker": "customer"}]}, "turns.0.text"),
        ({"direction": "up"}, "direction"),
    ],
)
def test_what_makes_no_sense_names_the_field_and_repeats_no_word(wrong: dict[str, Any], field: str) -> None:
    told = call(turns=[{"speaker": "customer", "text": SECRET_WORDS}]) | wrong
    with pytest.raises(UnreadableCall, match=field) as refused:
        read(told)
    assert SECRET_WORDS not in str(refused.value)


@pytest.mark.parametrize("who", [{}, {"name": "Davi"}, {"phone": "12"}, {"phone": "call me"}, {"email": "nobody"}])
def test_a_call_of_nobody_says_so(who: dict[str, str]) -> None:
    with pytest.raises(UnreadableCall, match="participant"):
        _ = read(call(participant=who)).participant.identities


def test_what_is_shown_of_a_call() -> None:
    assert contents_of({"call": read(call()).as_json}) == [
        "Call from 2026-11-20 11:55 to 11:59 UTC",
        "Bruno: Acme, good morning.",
        "Davi: How much is the basic plan?",
    ]


def test_settings_are_checked_and_the_key_is_sealed() -> None:
    config, secrets = validate_settings("voice_transcript", {"sender": "+551140000000", "signing_key": KEY})
    assert (config, secrets) == ({"sender": "+551140000000"}, {"signing_key": KEY})
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("voice_transcript", {"sender": "", "signing_key": "short", "answer_within_minutes": "-1"})
    assert set(refused.value.problems) == {"sender", "signing_key", "answer_within_minutes"}


def test_nothing_can_be_sent() -> None:
    with pytest.raises(TransportError) as refused:
        transport_for("voice_transcript", {}, {}).send(Outgoing(message_id="m", to="x", body="Hi"))
    assert refused.value.kind == ErrorKind.REJECTED


# -- what follows from a call --------------------------------------------------------------------------------------


class Line:
    """Davi calls Acme."""

    def __init__(self, world: World, **changes: str) -> None:
        self.world = world
        values = {"sender": "+551140000000", "signing_key": KEY, **changes}
        with workspace_scope(world.acme):
            self.channel: Channel = create_channel(
                workspace=world.acme, kind="voice_transcript", name="Calls", values=values, now=world.now
            )

    def brings(self, told: dict[str, Any]) -> bool:
        """As the door stores it; False when it was there already. Everything that follows happens."""
        body = encode(told)
        row = load_channel("voice_transcript", self.channel.token)
        assert row and SOURCE.door
        header = sign(signing_key=KEY, body=body, at=self.world.now)
        found = SOURCE.door.read(HookRequest("calls", "/", "", {SIGNATURE_HEADER: header}, body), row, self.world.now)
        is_new = store_event(
            workspace_id=self.world.acme.pk,
            source="voice_transcript",
            source_id=self.channel.pk,
            kind=found.kind,
            key=found.key,
            order_key=found.order_key,
            body=body if found.kept is None else found.kept,
            now=self.world.now,
        )
        self.world.settle()
        return is_new

    def calls(self) -> list[Message]:
        return [each for each in self.world.messages(direction="in") if each.channel_id == self.channel.pk]


@pytest.fixture
def line(world: World) -> Line:
    return Line(world)


def test_a_fresh_call_is_followed_up_where_the_customer_wrote_before(line: Line) -> None:
    world = line.world
    world.davi_says("Hello")
    heard = len(world.heard())
    world.wait(minutes=5)
    assert line.brings(call(ended_at=world.now))
    assert not line.brings(call(ended_at=world.now)), "a call that is repeated adds nothing"
    [said] = line.calls()
    assert (said.body, said.payload["call"]["turns"][0]["speaker"]) == ("How much is the basic plan?", "Bruno")
    assert len(world.heard()) == heard + 1
    answer = world.messages(direction="out")[-1]
    assert (answer.channel_id, answer.status) == (world.channel.pk, "accepted")
    world.twilio_reports(answer.provider_id, "delivered", mid=str(answer.pk))
    assert world.messages(direction="out")[-1].status == "delivered"
    assert world.conversation.channel_id == world.channel.pk


def test_a_wish_to_be_left_alone_is_heard_in_a_call(line: Line) -> None:
    world = line.world
    world.davi_says("Hello")
    world.wait(minutes=5)
    line.brings(call(ended_at=world.now, turns=[{"speaker": "customer", "text": "Please stop writing to me."}]))
    with workspace_scope(world.acme):
        assert is_opted_out(world.conversation.lead_id, "voice_transcript", "service") or is_opted_out(
            world.conversation.lead_id, "whatsapp_twilio", "service"
        )


def test_an_old_call_is_history(line: Line) -> None:
    world = line.world
    world.davi_says("Hello")
    heard = len(world.heard())
    world.wait(hours=2)
    line.brings(call(ended_at=world.now - timedelta(minutes=11)))
    assert (len(line.calls()), len(world.heard())) == (1, heard)
    assert world.conversation.last_preview == "How much is the basic plan?"


def test_a_line_may_never_be_answered(world: World) -> None:
    line = Line(world, answer_within_minutes="0")
    world.davi_says("Hello")
    heard = len(world.heard())
    line.brings(call(ended_at=world.now))
    assert len(world.heard()) == heard


def test_without_consent_it_is_known_that_a_call_was_and_nothing_more(line: Line) -> None:
    world = line.world
    world.davi_says("Hello")
    heard = len(world.heard())
    line.brings(call(ended_at=world.now, consent=False, turns=[{"speaker": "customer", "text": SECRET_WORDS}]))
    [said] = line.calls()
    assert said.body == ""
    assert contents_of(said.payload)[1] == "What was said is not kept: the customer did not agree to it"
    assert len(world.heard()) == heard
    assert not any(SECRET_WORDS.encode() in bytes(event.body) for event in WebhookEvent.objects.all())


def test_a_caller_whom_nobody_knows_is_a_lead_and_cannot_be_written_to(line: Line) -> None:
    world = line.world
    line.brings(call(ended_at=world.now))
    with across_workspaces():
        assert Lead.objects.get().name == "Davi"
        assert list(Identity.objects.values_list("kind", "value")) == [("phone", DAVIS_PHONE)]
    assert world.messages(direction="out") == []
    world.bruno_takes_over()
    refused = world.bruno_says("Hello")
    assert (refused.status, refused.verdict["code"]) == ("suppressed", "receives_only")
    assert refused.verdict["reason"].startswith("This channel only receives")


def test_what_makes_no_sense_is_parked_with_the_reason(line: Line) -> None:
    line.brings(call(participant={"name": "Davi"}))
    event = WebhookEvent.objects.get()
    assert (event.state, "neither a phone number nor an e-mail address" in event.error) == ("parked", True)
