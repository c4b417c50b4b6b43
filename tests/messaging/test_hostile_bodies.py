"""Whatever a customer can write, and whatever a broken sender can send: no 500, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from messaging.channels.whatsapp_twilio.source import KIND
from messaging.models import Channel, Message, WebhookEvent
from messaging.services.inbox import apply_one_due_event
from project.kernel import clock
from project.kernel.scope import across_workspaces
from tests.doubles.twilio_forms import FORM_TYPE, inbound_form

from .hooks import PUBLIC, encode, make_channel, post_form, running_doors, sign_bytes

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = Path(__file__).parent / "hostile"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with running_doors() as client:
        yield client


@pytest.fixture
def channel() -> Channel:
    return make_channel()


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (HOSTILE / f"{name}.jsonl").read_text().splitlines()]


def hostile_texts() -> list[str]:
    names = ("naughty_strings", "unicode_sequences", "web_injection_strings")
    return [row["text"] for name in names for row in rows(name)]


def hostile_names() -> list[str]:
    return [row["name"] for row in rows("profile_names_i18n")] + [row["text"] for row in rows("unicode_sequences")]


def post_raw(client: httpx.Client, channel: Channel, body: bytes, *, door: str = "inbound/") -> int:
    path = f"/hooks/{KIND}/{channel.token}/{door}"
    headers = {"Content-Type": FORM_TYPE, "X-Twilio-Signature": sign_bytes(PUBLIC + path, body)}
    return client.post(path, content=body, headers=headers).status_code


def apply_everything() -> None:
    later = clock.now() + timedelta(seconds=1)
    while apply_one_due_event(later):
        pass


def states() -> dict[str, str]:
    return dict(WebhookEvent.objects.values_list("key", "state"))


def bodies() -> dict[str, str]:
    with across_workspaces():
        return dict(Message.objects.filter(direction="in").values_list("provider_id", "body"))


def test_every_hostile_string_is_stored_and_becomes_a_message_with_that_text(
    client: httpx.Client, channel: Channel
) -> None:
    said = {f"SM{number:032x}": text for number, text in enumerate(hostile_texts())}
    names = dict(zip(said, cycle(hostile_names()), strict=False))

    def send(sid: str) -> int:
        sender = f"whatsapp:+55119{int(sid[2:], 16) % 40:08}"
        fields = inbound_form(said[sid], message_sid=sid, profile_name=names[sid], sender=sender)
        return post_raw(client, channel, encode(fields))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(send, said)) == {204}
    apply_everything()
    assert {sid: state for sid, state in states().items() if state != "applied"} == {}
    shown = bodies()
    assert shown.keys() == said.keys()
    assert [text for sid, text in said.items() if is_storable(text) and shown[sid] != text] == []


def is_storable(text: str) -> bool:
    return "\x00" not in text and text == text.encode("utf-8", "replace").decode()


STRANGE_FIELDS = [
    ("Body", b"before%00after"),
    ("Body", b"%ED%A0%80"),
    ("Body", b"%FF%FE%80 text"),
    ("Body", b"%"),
    ("Body", b"%u0041%zz"),
    ("Body", b""),
    ("ProfileName", b"%00"),
    ("ProfileName", b"%ED%A0%80" * 200),
    ("ProfileName", b"x" * 5000),
    ("MessageSid", b"%00%ED%A0%80"),
    ("MessageSid", b"x" * 5000),
    ("NumMedia", b"-1"),
    ("NumMedia", b"999999999999999999999999"),
    ("NumMedia", b"many"),
    ("Latitude", b"NaN"),
    ("From", b""),
    ("From", b"whatsapp%3A"),
    ("From", b"whatsapp%3AUS.13491208655302741918"),
    ("From", b"whatsapp%3A%2B" + b"9" * 400),
    ("From", b"%00"),
    ("To", b"%ED%A0%80"),
    ("WaId", b"not+a+number"),
    ("ChannelMetadata", b"%7B%22cut"),
    ("Surprise%5B%5D", b"%F0%9F%91%8B"),
]


def with_strange_field(field: str, value: bytes) -> bytes:
    kept = {name: text for name, text in inbound_form("Hello").items() if name != field}
    if field == "From":
        del kept["WaId"]
    return encode(kept) + b"&" + field.encode() + b"=" + value


def test_every_strange_field_is_answered_stored_and_settled(client: httpx.Client, channel: Channel) -> None:
    sent = [with_strange_field(field, value) for field, value in STRANGE_FIELDS]
    assert [post_raw(client, channel, body) for body in sent] == [204] * len(sent)
    apply_everything()
    events = WebhookEvent.objects.order_by("id")
    assert [bytes(event.body) for event in events] == sent
    assert [event.error for event in events if event.state not in ("applied", "parked")] == []


def test_ten_media_are_kept_with_their_message(client: httpx.Client, channel: Channel) -> None:
    media = tuple((f"https://api.twilio.com/media/{number}", "image/jpeg") for number in range(10))
    assert post_form(client, channel, inbound_form("", media=media)).status_code == 204
    apply_everything()
    with across_workspaces():
        assert len(Message.objects.get().media) == 10


def test_a_sender_without_a_phone_and_without_words_is_shown(client: httpx.Client, channel: Channel) -> None:
    form = inbound_form("", sender="whatsapp:US.13491208655302741918")
    assert post_form(client, channel, form).status_code == 204
    apply_everything()
    assert list(bodies().values()) == [""]


def test_a_cut_form_is_kept_and_parked_where_it_makes_no_sense(client: httpx.Client, channel: Channel) -> None:
    whole = encode(inbound_form("Hello"))
    cuts = [whole[:length] for length in range(20, len(whole), 37)]
    assert {post_raw(client, channel, cut) for cut in cuts} <= {204, 400}
    apply_everything()
    assert set(states().values()) <= {"applied", "parked"}
    assert WebhookEvent.objects.filter(state="parked").exclude(error="").exists()


def test_a_strange_status_is_answered_and_settled(client: httpx.Client, channel: Channel) -> None:
    for body in (b"MessageStatus=sent", b"MessageSid=SM1&MessageStatus=%00", b"MessageSid=SM1&MessageStatus=vanished"):
        assert post_raw(client, channel, body, door="status/") == 204
    apply_everything()
    assert set(states().values()) <= {"ignored", "parked"}
