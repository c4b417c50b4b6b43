"""Instagram: its door, its payloads, its calls, and one conversation until a block."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crm.models import Identity
from crm.services.consent import is_opted_out
from messaging.channels.instagram.batches import updates_in
from messaging.channels.instagram.payloads import Item, contents_of, media_of
from messaging.channels.instagram.source import SOURCE
from messaging.channels.meta.payloads import UnreadableUpdate, read
from messaging.contents import contents_of as shown
from messaging.doors.channels import load_channel
from messaging.doors.sources import BadSignature, HookRequest, Knock, NoSuchDoor, SourceRow, WrongVerifyToken
from messaging.incoming import UnreadablePayload
from messaging.models import Channel, Message, WebhookEvent
from messaging.services.channels import create_channel
from messaging.services.inbox import replay_event, store_event
from messaging.transports import (
    ErrorKind,
    InvalidSettings,
    Outgoing,
    TransportError,
    transport_for,
    validate_settings,
    verify,
)
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import NOON
from tests.doubles.instagram import (
    ACCESS_TOKEN,
    ACCOUNT_ID,
    APP_SECRET,
    DAVI,
    INSTAGRAM_APP_SECRET,
    PAGE_ID,
    VERIFY_TOKEN,
    InstagramDouble,
    batch,
    encode,
    item,
    message,
    signature,
)
from tests.journeys.world import World

SECRETS = {"app_secret": APP_SECRET, "instagram_app_secret": INSTAGRAM_APP_SECRET, "verify_token": VERIFY_TOKEN}


@pytest.fixture
def meta() -> Iterator[InstagramDouble]:
    with InstagramDouble() as double:
        yield double


# -- the door ------------------------------------------------------------------------------------------------------


def knock(body: bytes, *, headers: dict[str, str], rest: str = "", secrets: dict[str, str] = SECRETS) -> Knock:
    assert SOURCE.door
    lower = {name.lower(): value for name, value in headers.items()}
    return SOURCE.door.read(HookRequest(rest, "/", "", lower, body), SourceRow(1, 1, secrets, {}), NOON)


@pytest.mark.parametrize("secret", [APP_SECRET, INSTAGRAM_APP_SECRET])
def test_either_secret_is_metas(secret: str) -> None:
    body = encode(batch(message("Hello", at=NOON)))
    found = knock(body, headers=signature(body, secret))
    assert (found.kind, found.order_key) == ("batch", "batches")


@pytest.mark.parametrize("secrets", [{}, {"app_secret": ""}, {"app_secret": "0" * 32}])
def test_another_secret_opens_nothing(secrets: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        knock(b"{}", headers=signature(b"{}", secrets.get("app_secret") or "x"), secrets={**secrets, "app_secret": ""})
    with pytest.raises(BadSignature):
        knock(b"{}", headers=signature(b"{} "))


def test_meta_is_told_that_the_address_is_ours() -> None:
    door: Any = SOURCE.door
    row = SourceRow(1, 1, SECRETS, {})

    def ask(token: str) -> bytes:
        query = f"hub.mode=subscribe&hub.challenge=1158&hub.verify_token={token}"
        return bytes(door.confirm(HookRequest("", "/", query, {}, b""), row))

    assert ask(VERIFY_TOKEN) == b"1158"
    with pytest.raises(WrongVerifyToken):
        ask("another-word")


def test_there_is_one_door() -> None:
    with pytest.raises(NoSuchDoor):
        knock(b"{}", headers=signature(b"{}"), rest="inbound")


# -- batches -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"message": {"mid": "m1", "text": "Hi"}}, "inbound"),
        ({"message": {"mid": "m1", "is_echo": True}}, "echo"),
        ({"message": {"mid": "m1", "is_deleted": True}}, "deletion"),
        ({"postback": {"mid": "m1", "title": "Buy", "payload": "BUY"}}, "inbound"),
        ({"message_edit": {"mid": "m1", "text": "Hi!"}}, "edit"),
        ({"reaction": {"mid": "m1", "action": "react", "emoji": "❤"}}, "reaction"),
        ({"read": {"mid": "m1"}}, "read"),
        ({"referral": {"ref": "summer"}}, "referral"),
        ({"optin": {"type": "notification_messages"}}, "other"),
        ({"message": []}, "other"),
    ],
)
def test_everything_that_happens_is_an_event_of_its_kind(content: dict[str, Any], kind: str) -> None:
    [update] = updates_in(batch(item(at=NOON, **content)))
    assert (update.kind, update.order_key, update.account) == (kind, DAVI, ACCOUNT_ID)
    assert (update.key == "m1") is (kind == "inbound"), "only a message's own id is its key"


@pytest.mark.parametrize(
    "body", [{}, {"object": "page"}, {"object": "instagram"}, {"object": "instagram", "entry": {}}]
)
def test_what_is_no_batch_is_parked(body: dict[str, Any]) -> None:
    with pytest.raises(UnreadablePayload):
        list(updates_in(body))


def test_a_broken_neighbour_takes_nobody_along() -> None:
    kinds = [update.kind for update in updates_in(batch(7, message("Hi", at=NOON), None, {}))]  # type: ignore[arg-type]
    assert kinds == ["unreadable", "inbound", "unreadable", "other"]
    comments = {"object": "instagram", "entry": [{"id": ACCOUNT_ID, "changes": [{"field": "comments"}]}, 7]}
    assert [update.kind for update in updates_in(comments)] == ["other", "other"]


# -- the payloads --------------------------------------------------------------------------------------------------


def said(**content: Any) -> Any:
    return read(Item, item(at=NOON, message={"mid": "m1", **content})).message


@pytest.mark.parametrize(
    ("content", "media", "lines"),
    [
        ({"text": "Hi"}, [], []),
        ({"attachments": [{"type": "image", "payload": {"url": "https://x.test/1"}}]}, ["image/jpeg"], []),
        ({"attachments": [{"type": "audio", "payload": {"url": "https://x.test/1"}}] * 2}, ["audio/mp4"] * 2, []),
        ({"attachments": [{"type": "ig_reel", "payload": {"url": "https://x.test/r"}}]}, ["video/mp4"], []),
        ({"attachments": [{"type": "share", "payload": {"url": "https://x.test/p"}}]}, [], ["Shared: share https://x.test/p"]),
        (
            {"attachments": [{"type": "story_mention", "payload": {"url": "https://x.test/s"}}]},
            [],
            ["Shared: story mention https://x.test/s"],
        ),
        ({"attachments": [{"type": "template", "payload": {"generic": {}}}]}, [], ["Shared: template"]),
        ({"attachments": [{"type": "image"}]}, [], ["Shared: image"]),
        ({"text": "A", "quick_reply": {"payload": "P"}}, [], []),
        (
            {"text": "Nice", "reply_to": {"story": {"url": "https://x.test/s", "id": "1"}}},
            [],
            ["In answer to your story https://x.test/s"],
        ),
        (
            {"text": "Hi", "referral": {"ad_id": "120", "source": "ADS", "ads_context_data": {"ad_title": "Sale"}}},
            [],
            ["Came from the advertisement “Sale”"],
        ),
        (
            {"is_unsupported": True},
            [],
            ["Cannot be shown here: a message of a kind that Instagram does not pass on"],
        ),
    ],
)  # fmt: skip
def test_each_kind_of_message_is_kept_and_shown(content: dict[str, Any], media: list[str], lines: list[str]) -> None:
    found = said(**content)
    assert [one["content_type"] for one in media_of(found)] == media
    assert shown(contents_of(found)) == lines


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"sender": {}}, "sender.id"),
        ({"sender": {"id": "with space"}}, "sender.id"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": 10**30}, "timestamp"),
        ({"message": {"text": "x"}}, "message.mid"),
        ({"message": {"mid": "x" * 161}}, "message.mid"),
        ({"message": {"mid": "m", "attachments": {}}}, "message.attachments"),
    ],
)
def test_a_message_without_who_or_which_names_the_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadableUpdate, match=field):
        read(Item, {**message("Hi", at=NOON), **wrong})


# -- the calls -----------------------------------------------------------------------------------------------------


def send(meta: InstagramDouble, text: str = "Olá!", **more: Any) -> Any:
    config, secrets = validate_settings("instagram", meta.settings())
    return transport_for("instagram", config, secrets).send(Outgoing(message_id="m", to=DAVI, body=text, **more))


def failure(meta: InstagramDouble, text: str = "Olá!", **more: Any) -> TransportError:
    with pytest.raises(TransportError) as failed:
        send(meta, text, **more)
    return failed.value


def test_an_answer_within_the_window_bears_no_tag(meta: InstagramDouble) -> None:
    receipt = send(meta)
    assert (receipt.provider_id, meta.book[0].to, meta.book[0].tag) == (meta.book[0].id, DAVI, "")


def test_after_the_window_only_a_person_sends_and_says_so(meta: InstagramDouble) -> None:
    meta.is_window_open = False
    send(meta, author="Bruno", in_human_window=True)
    assert meta.book[0].tag == "HUMAN_AGENT"
    assert failure(meta, in_human_window=True).kind == ErrorKind.WINDOW_CLOSED
    assert len(meta.book) == 1


def test_a_picture_goes_by_its_address(meta: InstagramDouble) -> None:
    send(meta, media=("https://baton.acme.test/m/1.jpg",))
    attachment = meta.book[0].content["message"]["attachment"]
    assert attachment == {"type": "image", "payload": {"url": "https://baton.acme.test/m/1.jpg"}}


def test_bytes_are_counted_and_nothing_is_cut(meta: InstagramDouble) -> None:
    send(meta, "é" * 500)
    error = failure(meta, "é" * 501)
    assert (error.kind, error.code, len(meta.book)) == (ErrorKind.REJECTED, "too_long", 1)


@pytest.mark.parametrize(
    "fault", ["reset_after_accept", "500_after_accept", "broken_200", "no_id", "reset", "502_html"]
)
def test_an_answer_that_says_nothing_leaves_it_open(meta: InstagramDouble, fault: str) -> None:
    meta.fault(fault)
    assert failure(meta).kind == ErrorKind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "code", "subcode", "kind"),
    [
        (400, 10, 2534022, ErrorKind.WINDOW_CLOSED),
        (403, 10, 0, ErrorKind.SENDER_BLOCKED),
        (400, 100, 2534014, ErrorKind.INVALID_RECIPIENT),
        (400, 100, 99, ErrorKind.MISCONFIGURED),
        (400, 551, 1545041, ErrorKind.OPTED_OUT),
        (401, 190, 0, ErrorKind.SENDER_BLOCKED),
        (400, 613, 0, ErrorKind.RATE_LIMITED),
        (400, 2, 0, ErrorKind.UNKNOWN),
        (400, 1200, 0, ErrorKind.UNKNOWN),
        (400, 987654, 0, ErrorKind.REJECTED),
        (429, 613, 0, ErrorKind.RATE_LIMITED),
    ],
)
def test_a_refusal_is_read_by_its_code(
    meta: InstagramDouble, status: int, code: int, subcode: int, kind: ErrorKind
) -> None:
    meta.refuse(status, code, subcode)
    error = failure(meta)
    assert (error.kind, meta.book) == (kind, [])
    assert ACCESS_TOKEN not in f"{error} {error.detail}"


def test_nobody_listening_is_unreachable() -> None:
    gone = InstagramDouble().start()
    gone.stop()
    assert failure(gone).kind == ErrorKind.UNREACHABLE


# -- connecting ----------------------------------------------------------------------------------------------------


def check(meta: InstagramDouble, **changes: str) -> Any:
    config, secrets = validate_settings("instagram", meta.settings(**changes))
    return verify("instagram", config, secrets, {})


def test_the_account_is_asked_for_by_either_login(meta: InstagramDouble) -> None:
    for changes in ({}, {"page_id": PAGE_ID}):
        found = check(meta, **changes)
        assert (found.found, found.problems, found.doubts) == ("Instagram knows the account @acme.", (), ())


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"access_token": "wrong"}, "access_token"),
        ({"sender": "@other"}, "sender"),
        ({"account_id": "17841400000000000"}, "account_id"),
        ({"page_id": "10229012"}, "page_id"),
    ],
)
def test_what_does_not_fit_is_a_problem(meta: InstagramDouble, changes: dict[str, str], setting: str) -> None:
    [problem] = check(meta, **changes).problems
    assert problem.setting == setting


def test_meta_that_says_nothing_refuses_nobody(meta: InstagramDouble) -> None:
    meta.stop()
    found = check(meta)
    assert (found.problems, len(found.doubts)) == ((), 1)


def test_a_wrong_value_is_refused_by_its_name_and_no_secret_repeated() -> None:
    wrong = {
        "sender": "a b",
        "account_id": "x",
        "access_token": "a b",
        "app_secret": "hunter2",
        "verify_token": "short",
    }
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("instagram", wrong)
    assert set(refused.value.problems) == set(wrong)
    assert "hunter2" not in str(refused.value)


# -- a conversation ------------------------------------------------------------------------------------------------


class InstagramWorld(World):
    twilio: Any

    def _connect(self) -> Channel:
        return self.connect_account()

    def connect_account(self, **changes: str) -> Channel:
        with workspace_scope(self.acme):
            return create_channel(
                workspace=self.acme,
                kind="instagram",
                name="Instagram",
                values=self.meta.settings(**changes),
                now=self.now,
            )

    @property
    def meta(self) -> InstagramDouble:
        return self.twilio  # type: ignore[no-any-return]

    def delivers(self, *items: dict[str, Any], **options: Any) -> bool:
        body = encode(batch(*items, **options))
        row = load_channel("instagram", self.channel.token)
        assert row and SOURCE.door
        lower = {name.lower(): value for name, value in signature(body).items()}
        found = SOURCE.door.read(HookRequest("", "/", "", lower, body), row, self.now)
        is_new = store_event(
            workspace_id=self.acme.pk,
            source="instagram",
            source_id=self.channel.pk,
            kind=found.kind,
            key=found.key,
            order_key=found.order_key,
            body=body,
            now=self.now,
        )
        self.settle()
        return is_new

    def writes(self, text: str = "Hello", **more: Any) -> dict[str, Any]:
        told = message(text, at=self.now, **more)
        self.delivers(told)
        return told

    def answers(self) -> list[Message]:
        return self.messages(direction="out")

    def said(self) -> list[Message]:
        return self.messages(direction="in")


@pytest.fixture
def world(db: None, meta: InstagramDouble) -> InstagramWorld:
    return InstagramWorld(meta, NOON)  # type: ignore[arg-type]


def test_a_message_is_answered_read_and_a_block_ends_it(world: InstagramWorld) -> None:
    told = world.writes("Hello")
    [said], [answer] = world.said(), world.answers()
    assert (said.body, said.provider_id, answer.status) == ("Hello", told["message"]["mid"], "accepted")
    with workspace_scope(world.acme):
        assert list(Identity.objects.values_list("kind", "value")) == [("instagram", DAVI)]

    world.delivers(item(at=world.now, read={"mid": world.meta.book[0].id}))
    assert [message.status for message in world.answers()] == ["read"]

    world.meta.blocked.add(DAVI)
    world.bruno_takes_over()
    world.bruno_says("Are you there?")
    lost = world.answers()[-1]
    assert (lost.status, lost.error_code) == ("failed", "551:1545041")
    with workspace_scope(world.acme):
        assert is_opted_out(world.conversation.lead_id, "instagram", "service")


def test_a_delivery_that_is_repeated_adds_nothing(world: InstagramWorld) -> None:
    told = world.writes()
    assert not world.delivers(told)
    world.delivers(told, message("Again", at=world.now))
    assert [message.body for message in world.said()] == ["Hello", "Again"]


def test_stop_is_confirmed_once(world: InstagramWorld) -> None:
    world.writes("STOP")
    heard = len(world.meta.book)
    world.writes("STOP")
    assert len(world.meta.book) == heard == 1


def test_whoever_read_a_message_read_those_before_it(world: InstagramWorld) -> None:
    world.writes()
    world.bruno_takes_over()
    world.bruno_says("One")
    world.bruno_says("Two")
    world.delivers(item(at=world.now, read={"mid": world.meta.book[1].id}))
    assert [message.status for message in world.answers()] == ["read", "read", "accepted"]


def test_a_person_may_answer_for_seven_days_and_the_ai_for_one(world: InstagramWorld) -> None:
    world.writes()
    world.wait(hours=25)
    world.meta.is_window_open = False
    world.bruno_takes_over()
    late = world.bruno_says("Sorry for the wait.")
    assert [sent.tag for sent in world.meta.book][-1] == "HUMAN_AGENT"
    assert world.messages(pk=late.pk)[0].status == "accepted"
    world.wait(days=6)
    too_late = world.bruno_says("Still there?")
    assert (too_late.status, too_late.verdict["code"]) == ("suppressed", "window_closed")


def test_what_the_ai_would_say_so_late_stays_unsaid(world: InstagramWorld) -> None:
    world.now = NOON
    told = message("Hello", at=NOON - timedelta(hours=30))
    world.delivers(told)
    assert world.meta.book == []
    assert [message.verdict["code"] for message in world.answers()] == ["window_closed"]


def test_reactions_edits_and_deletions_change_what_is_shown_and_ask_for_nothing(world: InstagramWorld) -> None:
    mid = world.writes()["message"]["mid"]
    heard = len(world.meta.book)
    world.delivers(item(at=world.now, reaction={"mid": mid, "action": "react", "emoji": "❤"}))
    assert world.said()[0].payload["reaction"] == "❤"
    world.delivers(item(at=world.now, reaction={"mid": mid, "action": "unreact"}))
    assert "reaction" not in world.said()[0].payload
    world.delivers(item(at=world.now, message_edit={"mid": mid, "text": "Hello!", "num_edit": 1}))
    assert (world.said()[0].body, world.said()[0].payload["edited"]) == ("Hello!", True)
    world.delivers(item(at=world.now, message={"mid": mid, "is_deleted": True}))
    assert (world.said()[0].body, world.said()[0].payload) == ("", {"deleted": True})
    assert len(world.meta.book) == heard


def test_a_pressed_button_and_an_answer_to_a_message_are_understood(world: InstagramWorld) -> None:
    mid = world.writes("Which one?")["message"]["mid"]
    world.delivers(item(at=world.now, postback={"mid": "p1", "title": "Prices", "payload": "PRICES"}))
    world.writes("This one", reply_to={"mid": mid})
    pressed, answer = world.said()[1:]
    assert (pressed.body, pressed.payload["button"]["payload"]) == ("Prices", "PRICES")
    assert answer.payload["quoted"] == "Which one?"


def test_a_referral_stands_in_the_trail_of_whom_it_concerns(world: InstagramWorld) -> None:
    world.delivers(item(at=world.now, referral={"ref": "summer", "source": "IGME-SOURCE-LINK"}))
    assert world.trail("lead.referred") == []
    world.writes()
    world.delivers(item(at=world.now, referral={"ref": "winter", "source": "IGME-SOURCE-LINK"}))
    assert "“winter”" in world.trail("lead.referred")[0].reason


@pytest.mark.parametrize(
    "content",
    [{"message": {"mid": "m", "is_echo": True, "text": "ours"}}, {"read": {"mid": "?"}}, {"optin": {}}],
    ids=["echo", "unknown read", "optin"],
)
def test_what_is_no_word_of_a_customer_is_ignored(world: InstagramWorld, content: dict[str, Any]) -> None:
    world.delivers(item(at=world.now, **content))
    assert world.said() == []
    assert WebhookEvent.objects.exclude(kind="batch").get().state == "ignored"


def test_a_message_for_another_account_waits_until_it_is_connected(world: InstagramWorld) -> None:
    other = "17841400000000099"
    world.delivers(message("Hello", at=world.now, account=other), account=other)
    stray = WebhookEvent.objects.get(kind="stray")
    assert (stray.state, other in stray.error) == ("parked", True)
    channel = world.connect_account(sender="@acme.shop", account_id=other)
    replay_event(stray, now=world.now)
    world.settle()
    with across_workspaces():
        assert Message.objects.get(direction="in").channel_id == channel.pk


def test_the_window_runs_by_metas_clock_and_never_ahead_of_ours(world: InstagramWorld) -> None:
    world.delivers(
        message("an hour ago", at=NOON - timedelta(hours=1)), message("tomorrow", at=NOON + timedelta(days=1))
    )
    assert [one.at for one in world.said()] == [NOON - timedelta(hours=1), NOON]
