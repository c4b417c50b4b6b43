"""The web chat over HTTP: who is let in, what is taken, what a visitor may see."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Workspace
from messaging.channels.webchat.identity import Visitor, new_visitor, read_visitor, sign_visitor
from messaging.channels.webchat.pace import MESSAGES_A_MINUTE
from messaging.channels.webchat.payloads import MAX_BODY
from messaging.models import Channel, Conversation, Message, WebhookEvent
from messaging.models.messages import Direction, MessageStatus, Voice
from messaging.services.channels import create_channel, doors_of
from messaging.services.inbox import apply_one_due_event
from project.kernel.scope import across_workspaces, workspace_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat() -> Channel:
    return open_chat("prado")


def open_chat(slug: str) -> Channel:
    workspace = Workspace.objects.create(slug=slug, name="Prado & Co")
    with workspace_scope(workspace):
        return create_channel(workspace=workspace, kind="webchat", name="Site", values={}, now=timezone.now())


@pytest.fixture
def davi(chat: Channel) -> Visitor:
    return new_visitor(chat)


class Browser:
    """A visitor's page, as far as HTTP sees it."""

    def __init__(self, visitor: Visitor, signed: str | None = None) -> None:
        self.base = f"/chat/{visitor.channel.token}/"
        self.client = Client(enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Visitor {signed or sign_visitor(visitor)}"}

    def say(self, text: Any, id: str = "message-1", **more: Any) -> Any:
        return self.post("messages/", json.dumps({"id": id, "text": text, **more}))

    def post(self, door: str, body: bytes | str) -> Any:
        return self.client.post(self.base + door, body, content_type="application/json", headers=self.headers)

    def read(self, query: str = "") -> Any:
        return self.client.get(f"{self.base}messages/{query}", headers=self.headers)

    def lines(self, query: str = "") -> list[dict[str, Any]]:
        return list(self.read(query).json()["messages"])


def apply_everything() -> None:
    while apply_one_due_event(timezone.now()):
        pass


def answer(visitor: Visitor, body: str, *, status: str = "accepted", voice: str = "ai", author: Any = None) -> Message:
    """Write an outbound message straight into the conversation, in whatever state."""
    with workspace_scope(visitor.channel.workspace):
        conversation = Conversation.objects.get(lead__identities__value=visitor.id)
        conversation.seq += 1
        conversation.save()
        return Message.objects.create(
            workspace=visitor.channel.workspace,
            conversation=conversation,
            lead_id=conversation.lead_id,
            channel=visitor.channel,
            direction=Direction.OUT,
            voice=voice,
            body=body,
            author=author,
            status=status,
            position=conversation.seq,
            seq=conversation.seq,
            intent_key=f"test:{conversation.seq}",
            epoch=1,
            priority=2,
            due_at=timezone.now(),
            provider_id=f"out-{conversation.seq}",
        )


# -- the page and the widget ---------------------------------------------------------------------------------------


def test_the_page_may_stand_in_any_site_and_names_the_company(chat: Channel, client: Client) -> None:
    page = client.get(f"/chat/{chat.token}/")
    assert page.status_code == 200
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in page.headers
    assert "<title>Prado &amp; Co</title>" in page.content.decode()
    assert not page.cookies


def test_the_widget_is_a_script(chat: Channel, client: Client) -> None:
    script = client.get(f"/chat/{chat.token}/widget.js")
    assert script.status_code == 200
    assert script.headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("door", ["", "widget.js", "messages/"])
def test_an_unknown_chat_is_not_found(client: Client, door: str) -> None:
    assert client.get(f"/chat/no-such-chat/{door}").status_code == 404


def test_a_channel_of_another_kind_has_no_chat_page(chat: Channel, client: Client) -> None:
    with across_workspaces():
        Channel.objects.filter(pk=chat.pk).update(kind="whatsapp_twilio")
    assert client.get(f"/chat/{chat.token}/").status_code == 404


def test_its_addresses_are_told_to_whoever_connects_it(chat: Channel) -> None:
    assert doors_of(chat)["chat_url"].endswith(f"/chat/{chat.token}/")
    assert doors_of(chat)["widget_url"].endswith(f"/chat/{chat.token}/widget.js")


# -- who is let in -------------------------------------------------------------------------------------------------


def test_a_newcomer_gets_a_signed_identity_and_keeps_it_when_it_is_renewed(chat: Channel, client: Client) -> None:
    signed = client.post(f"/chat/{chat.token}/visitors/").json()["visitor"]
    first = read_visitor(chat, signed)
    renewed = client.post(f"/chat/{chat.token}/visitors/", headers={"Authorization": f"Visitor {signed}"})
    assert read_visitor(chat, renewed.json()["visitor"]).id == first.id


@pytest.mark.parametrize("forged", ["", "nobody", "Visitor", "Visitor x:y:z", "Visitor é", "Bearer abc"])
def test_a_forged_or_missing_identity_is_refused(chat: Channel, client: Client, forged: str) -> None:
    headers = {"Authorization": forged} if forged else {}
    assert client.get(f"/chat/{chat.token}/messages/", headers=headers).status_code == 403
    assert client.post(f"/chat/{chat.token}/seen/", headers=headers).status_code == 403
    if forged:
        assert client.post(f"/chat/{chat.token}/visitors/", headers=headers).status_code == 403


def test_an_identity_with_another_id_under_the_same_signature_is_refused(davi: Visitor) -> None:
    signed = sign_visitor(davi)
    stolen = "0" * 32 + signed[32:]
    assert Browser(davi, stolen).read().status_code == 403


def test_an_identity_of_one_companys_chat_opens_no_other(davi: Visitor) -> None:
    elsewhere = new_visitor(open_chat("clara-co"))
    assert Browser(elsewhere, sign_visitor(davi)).read().status_code == 403


# -- what is taken -------------------------------------------------------------------------------------------------


def test_a_message_becomes_part_of_the_conversation(davi: Visitor) -> None:
    browser = Browser(davi)
    assert browser.say("Hello", name="  Davi \n Lima ").status_code == 202
    apply_everything()
    assert [(line["voice"], line["text"], line["client_id"]) for line in browser.lines()] == [
        ("you", "Hello", "message-1")
    ]
    with workspace_scope(davi.channel.workspace):
        assert Conversation.objects.get().lead.name == "Davi Lima"


def test_a_message_sent_twice_is_one_message(davi: Visitor) -> None:
    browser = Browser(davi)
    for _ in range(3):
        assert browser.say("Hello").status_code == 202
    apply_everything()
    assert len(browser.lines()) == 1


def test_two_visitors_may_choose_the_same_message_id(davi: Visitor) -> None:
    other = Browser(new_visitor(davi.channel))
    Browser(davi).say("mine")
    other.say("theirs")
    apply_everything()
    assert [line["text"] for line in other.lines()] == ["theirs"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 50_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"text": "x"}', "id:"),
        (b'{"id": "message-1"}', "text:"),
        (b'{"id": "message-1", "text": 7}', "text:"),
        (b'{"id": "message-1", "text": " \\n "}', "text: is empty"),
        (b'{"id": "../../etc", "text": "x"}', "id:"),
        (b'{"id": "message-1\\n", "text": "x"}', "id:"),
        (json.dumps({"id": "message-1", "text": "x" * 4001}).encode(), "text: "),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(davi: Visitor, body: bytes, reason: str) -> None:
    refusal = Browser(davi).post("messages/", body)
    assert refusal.status_code == 400
    assert reason in refusal.json()["error"]["message"]


@pytest.mark.parametrize("text", ["a\x00b", "cut \ud83d", "😀" * 4000, "‮ \u0000 <script>alert(1)</script>", "x" * 4000])
def test_odd_text_is_stored_and_shown(davi: Visitor, text: str) -> None:
    browser = Browser(davi)
    assert browser.say(text).status_code == 202
    apply_everything()
    assert len(browser.lines()) == 1
    assert "\x00" not in browser.lines()[0]["text"]


def test_a_body_of_three_megabytes_is_refused(davi: Visitor) -> None:
    assert Browser(davi).post("messages/", b"x" * 3 * 1024 * 1024).status_code == 413
    assert Browser(davi).post("seen/", b"x" * (MAX_BODY + 1)).status_code == 413


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?after=9999999999999999999", "?before=%00", "?after=²"])
def test_a_position_that_is_none_is_refused(davi: Visitor, query: str) -> None:
    assert Browser(davi).read(query).status_code == 400


def test_a_flood_is_slowed_down_and_says_until_when(davi: Visitor) -> None:
    browser = Browser(davi)
    # the limit counts clock minutes: a run across the turn of one needs at most two rounds
    answers = [browser.say("x", id=f"message-{number}") for number in range(2 * MESSAGES_A_MINUTE + 1)]
    assert answers[MESSAGES_A_MINUTE - 1].status_code == 202
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert Browser(new_visitor(davi.channel)).say("another visitor").status_code == 202


def test_an_event_that_cannot_be_read_is_parked_not_lost(davi: Visitor) -> None:
    Browser(davi).say("Hello")
    event = WebhookEvent.objects.get()
    WebhookEvent.objects.update(body=b"{}")
    apply_everything()
    event.refresh_from_db()
    assert event.state == "parked"


# -- what a visitor may see ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(MessageStatus.values))
def test_only_spoken_words_are_shown(davi: Visitor, status: str) -> None:
    browser = Browser(davi)
    browser.say("Hello")
    apply_everything()
    if status == MessageStatus.RECEIVED:
        pytest.skip("inbound alone")
    answer(davi, "Good morning", status=status)
    spoken = status in ("accepted", "sent", "delivered", "read")
    assert ("Good morning" in [line["text"] for line in browser.lines()]) is spoken


def test_nothing_of_the_machinery_is_told(davi: Visitor) -> None:
    browser = Browser(davi)
    browser.say("Hello")
    apply_everything()
    answer(davi, "Good morning")
    assert set(browser.lines()[1]) == {
        "id", "client_id", "seq", "position", "voice", "by", "text", "at", "receipt", "files",
    }  # fmt: skip
    assert set(browser.read().json()) == {"messages", "has_earlier", "replying"}


def test_each_voice_has_a_calm_name(davi: Visitor, django_user_model: Any) -> None:
    bruno = django_user_model.objects.create_user("bruno@prado.test", name="Bruno Teixeira")
    browser = Browser(davi)
    browser.say("Hello")
    apply_everything()
    answer(davi, "1", voice=Voice.AI)
    answer(davi, "2", voice=Voice.HUMAN, author=bruno)
    answer(davi, "3", voice=Voice.BRIDGE)
    answer(davi, "4", voice=Voice.SYSTEM)
    assert [(line["voice"], line["by"]) for line in browser.lines()[1:]] == [
        ("ai", "AI assistant"),
        ("human", "Bruno"),
        ("team", "Prado & Co"),
        ("team", "Prado & Co"),
    ]


def test_a_page_gets_what_it_lacks(davi: Visitor) -> None:
    browser = Browser(davi)
    browser.say("Hello")
    apply_everything()
    after = browser.lines()[-1]["seq"]
    assert browser.lines(f"?after={after}") == []
    answer(davi, "Good morning")
    assert [line["text"] for line in browser.lines(f"?after={after}")] == ["Good morning"]


def test_a_long_history_comes_in_pages(davi: Visitor) -> None:
    browser = Browser(davi)
    browser.say("Hello")
    apply_everything()
    for number in range(120):
        answer(davi, str(number))
    page = browser.read().json()
    assert len(page["messages"]) == 100
    assert page["has_earlier"]
    earlier = browser.read(f"?before={page['messages'][0]['position']}").json()
    assert len(earlier["messages"]) == 21
    assert not earlier["has_earlier"]


def test_a_stranger_sees_nothing_of_it(davi: Visitor) -> None:
    Browser(davi).say("Hello")
    apply_everything()
    assert Browser(new_visitor(davi.channel)).lines() == []


# -- receipts ------------------------------------------------------------------------------------------------------


def test_what_the_page_shows_is_delivered_then_read(davi: Visitor) -> None:
    browser = Browser(davi)
    browser.say("Hello")
    apply_everything()
    message = answer(davi, "Good morning")
    assert browser.post("seen/", json.dumps({"delivered": [str(message.pk)]})).status_code == 204
    assert browser.lines()[1]["receipt"] == "delivered"
    browser.post("seen/", json.dumps({"read": [str(message.pk)]}))
    assert browser.lines()[1]["receipt"] == "read"
    browser.post("seen/", json.dumps({"delivered": [str(message.pk)]}))
    assert browser.lines()[1]["receipt"] == "read"


def test_a_receipt_for_another_visitors_message_changes_nothing(davi: Visitor) -> None:
    Browser(davi).say("Hello")
    apply_everything()
    message = answer(davi, "Good morning")
    stranger = Browser(new_visitor(davi.channel))
    receipt = json.dumps({"read": [str(message.pk), "no-id", "\x00"]})
    assert stranger.post("seen/", receipt).status_code == 204
    with workspace_scope(davi.channel.workspace):
        message.refresh_from_db()
    assert message.status == "accepted"


HOSTILE = Path(__file__).parent.parent / "hostile"


@pytest.mark.parametrize("name", ["naughty_strings", "unicode_sequences", "web_injection_strings"])
def test_hostile_text_is_stored_as_it_is_or_refused_as_empty(davi: Visitor, name: str) -> None:
    """Whatever people paste: never a 500, never an event that cannot be applied."""
    texts = [json.loads(line)["text"] for line in (HOSTILE / f"{name}.jsonl").read_text().splitlines()]
    shown = []
    for number, text in enumerate(texts):
        browser = Browser(new_visitor(davi.channel))
        answer = browser.say(text, id=f"message-{number}", name=text[:80])
        assert answer.status_code == (202 if text.strip() and len(text) <= 4000 else 400), text
        shown += [browser] if answer.status_code == 202 else []
    apply_everything()
    assert not WebhookEvent.objects.exclude(state="applied").exists()
    assert all(len(browser.lines()) == 1 for browser in shown)
