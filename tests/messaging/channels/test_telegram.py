"""A Telegram bot: its updates, its calls, connecting it, and one conversation until a block."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from crm.models import Identity, Lead
from crm.services.consent import is_opted_out
from messaging.channels.telegram.payloads import UnreadableUpdate, kind_of, media_of, read
from messaging.channels.telegram.source import SOURCE
from messaging.channels.telegram.webhook import HEADER, webhook_secret
from messaging.doors.sources import BadSignature, HookRequest, Knock, NoSuchDoor, SourceRow, UnreadableBody
from messaging.models import Channel, Message, WebhookEvent
from messaging.services.channel_checks import check_channel
from messaging.services.connecting import change_channel, connect_channel
from messaging.services.inbox import store_event
from messaging.transports import (
    ErrorKind,
    InvalidSettings,
    Outgoing,
    TransportError,
    reaction_for,
    transport_for,
    validate_settings,
)
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope
from tests.cast import DAVIS_PHONE, NOON
from tests.doubles.telegram import BOT_TOKEN, DAVI, TelegramDouble, membership_update, message_update
from tests.doubles.twilio import CallbackPlan, TwilioDouble
from tests.journeys.world import World

CHAT = DAVI["id"]
PUBLIC = "https://baton.acme.test"


# -- the door ------------------------------------------------------------------------------------------------------


def knock(body: bytes, *, secret: str = webhook_secret(BOT_TOKEN), rest: str = "inbound") -> Knock:
    request = HookRequest(
        rest=rest, raw_path="/hooks/telegram/t/inbound/", query="", headers={HEADER: secret}, body=body
    )
    row = SourceRow(1, 1, {"bot_token": BOT_TOKEN}, {})
    assert SOURCE.door
    return SOURCE.door.read(request, row, NOON)


def test_an_update_is_known_by_its_number_and_waits_for_its_chat() -> None:
    update = message_update("Hello")
    assert knock(json.dumps(update).encode()) == Knock("update", str(update["update_id"]), str(CHAT))


def test_a_block_waits_behind_what_the_same_person_wrote() -> None:
    assert knock(json.dumps(membership_update("kicked")).encode()).order_key == str(CHAT)


@pytest.mark.parametrize("secret", ["", "wrong", webhook_secret("999:" + "x" * 30), "é"])
def test_whoever_does_not_know_the_secret_is_refused(secret: str) -> None:
    with pytest.raises(BadSignature):
        knock(b"{}", secret=secret)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 10_000, b'{"a":' * 10_000])
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        knock(body)


@pytest.mark.parametrize(
    "update",
    [{}, {"update_id": "7"}, {"update_id": True}, {"update_id": 2**80}, {"message": 7}, {"message": {"chat": []}}],
)
def test_an_update_of_a_wrong_shape_is_kept_under_its_hash(update: dict[str, Any]) -> None:
    assert knock(json.dumps(update).encode()).key.startswith("body:")


def test_there_is_one_door() -> None:
    with pytest.raises(NoSuchDoor):
        knock(b"{}", rest="status")


# -- the payloads --------------------------------------------------------------------------------------------------

FILE = {"file_id": "F1", "file_unique_id": "U1"}


@pytest.mark.parametrize(
    ("more", "kind", "words", "media"),
    [
        ({"text": "olá"}, "text", "olá", []),
        ({"photo": [{**FILE, "file_id": "small"}, FILE], "caption": "look"}, "image", "look", ["image/jpeg"]),
        (
            {"document": {**FILE, "mime_type": "application/pdf", "file_name": "a.pdf"}},
            "document",
            "",
            ["application/pdf"],
        ),
        ({"document": FILE}, "document", "", ["application/octet-stream"]),
        ({"voice": {**FILE, "duration": 3}}, "voice", "", ["audio/ogg"]),
        ({"video_note": FILE}, "video_note", "", ["video/mp4"]),
        ({"animation": FILE, "document": FILE}, "animation", "", ["video/mp4"]),
        ({"sticker": {**FILE, "emoji": "👍"}}, "sticker", "👍", ["image/webp"]),
        ({"sticker": {**FILE, "is_video": True}}, "sticker", "", ["video/webm"]),
        ({"location": {"latitude": -22.9, "longitude": -43.1}}, "location", "", []),
        ({"contact": {"phone_number": DAVIS_PHONE, "first_name": "Davi"}}, "contact", "", []),
        ({"dice": {"emoji": "🎲", "value": 3}}, "unknown", "", []),
    ],
)
def test_each_kind_of_message_is_understood(more: dict[str, Any], kind: str, words: str, media: list[str]) -> None:
    said = read(message_update(**more)).message
    assert said
    assert (kind_of(said), said.words) == (kind, words)
    assert [item["content_type"] for item in media_of(said)] == media


def test_of_a_photo_the_largest_size_is_taken() -> None:
    said = read(message_update(photo=[{**FILE, "file_id": "small"}, {**FILE, "file_id": "large"}])).message
    assert said
    assert media_of(said)[0]["file_id"] == "large"


@pytest.mark.parametrize(
    "wrong",
    [
        {"chat": None},
        {"chat": {"id": "7"}},
        {"chat": {"id": 2**70}},
        {"message_id": "7"},
        {"from": []},
        {"photo": 7},
        {"location": {"latitude": float("nan"), "longitude": 0}},
    ],
)
def test_a_message_without_who_or_where_names_the_field(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableUpdate, match=f"message.{next(iter(wrong))}"):
        read(message_update("Hi", **wrong))


# -- the settings and the codes ------------------------------------------------------------------------------------


def test_the_token_is_sealed_and_never_repeated() -> None:
    config, secrets = validate_settings("telegram", {"sender": "AcmeBot", "bot_token": BOT_TOKEN})
    assert (config, secrets) == ({"sender": "@AcmeBot"}, {"bot_token": BOT_TOKEN})
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("telegram", {"sender": "@AcmeBot", "bot_token": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_an_unlisted_code_is_final() -> None:
    assert reaction_for("telegram", "418").kind == ErrorKind.REJECTED


# -- the calls -----------------------------------------------------------------------------------------------------


@pytest.fixture
def telegram() -> Iterator[TelegramDouble]:
    with TelegramDouble() as double:
        yield double


def send(telegram: TelegramDouble, text: str = "Hello", *, to: str = str(CHAT), **more: Any) -> Any:
    transport = transport_for("telegram", {"api_base": telegram.url}, {"bot_token": telegram.token})
    return transport.send(Outgoing(message_id="m", to=to, body=text, **more))


def failure(telegram: TelegramDouble, text: str = "Hello", *, to: str = str(CHAT)) -> TransportError:
    with pytest.raises(TransportError) as failed:
        send(telegram, text, to=to)
    return failed.value


def test_a_message_is_known_by_its_chat_and_number(telegram: TelegramDouble) -> None:
    assert send(telegram).provider_id == f"{CHAT}:{telegram.book[0].message_id}"


def test_a_picture_goes_as_a_photo_with_its_caption(telegram: TelegramDouble) -> None:
    send(telegram, "look", media=("https://baton.acme.test/m/1.jpg",))
    assert (telegram.book[0].method, telegram.book[0].text) == ("sendPhoto", "look")


@pytest.mark.parametrize(
    "fault", ["reset_after_accept", "500_after_accept", "broken_200", "empty_200", "no_id", "reset", "502_html"]
)
def test_an_answer_that_says_nothing_leaves_it_unknown(telegram: TelegramDouble, fault: str) -> None:
    telegram.fault(fault)
    assert failure(telegram).kind == ErrorKind.UNKNOWN


def test_patience_is_asked_for_by_the_second(telegram: TelegramDouble) -> None:
    telegram.refuse(429, "Too Many Requests: retry after 14", retry_after=14)
    error = failure(telegram)
    assert (error.kind, error.reaction.retry_after, error.reaction.slows_sender) == (ErrorKind.RATE_LIMITED, 14.0, True)


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (403, "Forbidden: bot was blocked by the user", ErrorKind.OPTED_OUT),
        (403, "Forbidden: user is deactivated", ErrorKind.INVALID_RECIPIENT),
        (403, "Forbidden: bot can't initiate conversation with a user", ErrorKind.INVALID_RECIPIENT),
        (400, "Bad Request: chat not found", ErrorKind.INVALID_RECIPIENT),
        (400, "Bad Request: something new", ErrorKind.REJECTED),
        (401, "Unauthorized", ErrorKind.SENDER_BLOCKED),
    ],
)
def test_a_refusal_is_read_by_its_description(telegram: TelegramDouble, code: int, said: str, kind: ErrorKind) -> None:
    telegram.refuse(code, said)
    error = failure(telegram)
    assert (error.kind, error.detail) == (kind, f"HTTP {code}: {said}")


def test_what_is_too_long_is_refused_and_never_cut(telegram: TelegramDouble) -> None:
    send(telegram, "x" * 4096)
    assert failure(telegram, "x" * 4097).kind == ErrorKind.MISCONFIGURED
    assert len(telegram.book) == 1


def test_nobody_listening_is_unreachable_and_the_token_stays_out_of_errors_and_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    gone = TelegramDouble().start()
    gone.stop()
    error = failure(gone)
    assert error.kind == ErrorKind.UNREACHABLE
    assert BOT_TOKEN not in f"{error} {error.__cause__} {error.detail}"


# -- connecting ----------------------------------------------------------------------------------------------------


@pytest.fixture
def world(db: None, settings: LazySettings) -> Iterator[World]:
    settings.PUBLIC_BASE_URL = PUBLIC
    with TwilioDouble(plan=CallbackPlan.never()) as twilio:
        yield World(twilio)


def connect(world: World, telegram: TelegramDouble, **changes: str) -> Channel:
    values = {"sender": "@AcmeBot", "bot_token": BOT_TOKEN, "api_base": telegram.url, **changes}
    with workspace_scope(world.acme):
        connected = connect_channel(workspace=world.acme, kind="telegram", name="Bot", values=values, now=world.now)
    assert connected.warnings == []
    return connected.channel


def test_connecting_tells_telegram_where_to_call_and_how_to_prove_itself(
    world: World, telegram: TelegramDouble
) -> None:
    channel = connect(world, telegram)
    assert telegram.webhook == {
        "url": f"{PUBLIC}/hooks/telegram/{channel.token}/inbound/",
        "secret_token": webhook_secret(BOT_TOKEN),
        "allowed_updates": ["message", "edited_message", "my_chat_member", "callback_query"],
    }
    with workspace_scope(world.acme):
        assert check_channel(channel, world.now).line == "Telegram knows the bot @AcmeBot."


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"bot_token": "999999:" + "x" * 35}, "bot_token", "Telegram does not accept the bot token."),
        ({"sender": "@OtherBot"}, "sender", "The token is that of @AcmeBot."),
    ],
)
def test_a_wrong_token_or_name_is_refused(
    world: World, telegram: TelegramDouble, changes: dict[str, str], name: str, said: str
) -> None:
    with pytest.raises(WrongValues) as refused:
        connect(world, telegram, **changes)
    assert refused.value.problems[name].startswith(said)


def test_a_webhook_that_somebody_took_away_is_told_and_saving_brings_it_back(
    world: World, telegram: TelegramDouble
) -> None:
    channel = connect(world, telegram)
    telegram.webhook = {"url": "https://elsewhere.test/"}
    with workspace_scope(world.acme):
        assert "Telegram calls https://elsewhere.test/" in check_channel(channel, world.now).line
        change_channel(channel=channel, name="Bot", values=channel.settings)
        assert check_channel(channel, world.now).is_well
        telegram.pending, telegram.last_error = 7, "Wrong response from the webhook: 502 Bad Gateway"
        assert "has 7 updates for us and says: Wrong response" in check_channel(channel, world.now).line


# -- a conversation ------------------------------------------------------------------------------------------------


class Bot:
    """Davi talks to Acme's bot."""

    def __init__(self, world: World, telegram: TelegramDouble) -> None:
        self.world, self.telegram = world, telegram
        self.channel = connect(world, telegram)

    def tell(self, update: dict[str, Any]) -> bool:
        """As the door stores it; False when it was there already. Everything that follows happens."""
        body = json.dumps(update).encode()
        found = knock(body)
        is_new = store_event(
            workspace_id=self.world.acme.pk,
            source="telegram",
            source_id=self.channel.pk,
            kind=found.kind,
            key=found.key,
            order_key=found.order_key,
            body=body,
            now=self.world.now,
        )
        self.world.settle()
        return is_new

    def heard(self) -> list[str]:
        return [sent.text for sent in self.telegram.book]

    def messages(self, direction: str) -> list[Message]:
        return [each for each in self.world.messages(direction=direction) if each.channel_id == self.channel.pk]

    def is_out(self) -> bool:
        with workspace_scope(self.world.acme):
            return is_opted_out(self.world.conversation.lead_id, "telegram", "service")


@pytest.fixture
def bot(world: World, telegram: TelegramDouble) -> Bot:
    return Bot(world, telegram)


def test_a_message_is_answered_and_a_block_ends_it(bot: Bot) -> None:
    update = message_update("Hello")
    assert bot.tell(update)
    assert not bot.tell(update), "an update that is repeated adds nothing"
    [said], [reply] = bot.messages("in"), bot.messages("out")
    assert (said.body, said.provider_id) == ("Hello", f"{CHAT}:{update['message']['message_id']}")
    assert (reply.status, bot.heard()) == ("accepted", [reply.body])
    lead = bot.world.conversation.lead
    assert lead.name == "Davi Lima"
    with workspace_scope(bot.world.acme):
        assert list(Identity.objects.filter(lead=lead).values_list("kind", "value")) == [("telegram", str(CHAT))]

    bot.tell(membership_update("kicked"))
    assert bot.is_out()
    bot.tell(membership_update("member"))
    assert not bot.is_out()


def test_a_username_is_shown_as_it_is_today_and_names_nobody(bot: Bot) -> None:
    bot.tell(message_update("Hello"))
    bot.tell(message_update("Hello", user={**DAVI, "username": "dave"}))
    bot.tell(message_update("Hello", user={**DAVI, "id": 5, "username": "davi"}))
    with workspace_scope(bot.world.acme):
        handles = dict(Identity.objects.values_list("value", "handle"))
        assert Lead.objects.count() == 2
    assert handles == {str(CHAT): "dave", "5": "davi"}


def test_a_send_that_finds_the_bot_blocked_is_an_opt_out(bot: Bot) -> None:
    bot.tell(message_update("Hello"))
    bot.telegram.blocked.add(CHAT)
    bot.world.bruno_takes_over()
    bot.world.bruno_says("Are you there?")
    lost = bot.messages("out")[-1]
    assert (lost.status, lost.error_code, bot.is_out()) == ("failed", "blocked", True)


def test_an_answer_that_was_lost_waits_for_a_person_and_is_never_repeated(bot: Bot) -> None:
    bot.telegram.fault("reset_after_accept")
    bot.tell(message_update("Hello"))
    assert [message.status for message in bot.messages("out")] == ["unknown"]
    bot.world.wait(minutes=9)
    assert [message.status for message in bot.messages("out")] == ["unknown"]
    bot.world.wait(minutes=2)
    assert [message.status for message in bot.messages("out")] == ["in_doubt"]
    assert len(bot.heard()) == 1


def test_what_was_refused_for_speed_goes_when_telegram_says(bot: Bot) -> None:
    bot.telegram.refuse(429, "Too Many Requests: retry after 14", retry_after=14)
    bot.tell(message_update("Hello"))
    assert bot.heard() == []
    bot.world.wait(seconds=30)
    assert len(bot.heard()) == 1


def test_an_edited_message_is_one_more_message(bot: Bot) -> None:
    bot.tell(message_update("Helo", message_id=7))
    bot.tell(message_update("Hello", message_id=7, part="edited_message", edit_date=1795176060))
    first, second = bot.messages("in")
    assert (second.body, second.payload["edits"]) == ("Hello", first.provider_id)


def test_people_who_share_their_own_number_are_found_by_it(bot: Bot) -> None:
    bot.tell(message_update("Hello"))
    bot.tell(message_update(contact={"phone_number": DAVIS_PHONE.removeprefix("+"), "user_id": CHAT}))
    bot.tell(message_update(contact={"phone_number": "5521999990000", "user_id": 5}))
    with workspace_scope(bot.world.acme):
        phones = Identity.objects.filter(lead=bot.world.conversation.lead, kind="phone")
        assert list(phones.values_list("value", flat=True)) == [DAVIS_PHONE]


def test_a_message_has_telegrams_time_and_never_the_future(bot: Bot) -> None:
    bot.tell(message_update("an hour ago", date=int((bot.world.now - timedelta(hours=1)).timestamp())))
    bot.tell(message_update("tomorrow", date=int((bot.world.now + timedelta(days=1)).timestamp())))
    bot.tell(message_update("never", date=2**62))
    assert [message.at for message in bot.messages("in")] == [bot.world.now - timedelta(hours=1)] + [bot.world.now] * 2


@pytest.mark.parametrize(
    "update",
    [
        message_update("to all", chat={"id": -100, "type": "group"}),
        message_update("from a machine", user={**DAVI, "is_bot": True}),
        membership_update("kicked"),
        {"update_id": 1, "poll": {"id": "1"}},
    ],
    ids=["group", "bot", "stranger leaves", "poll"],
)
def test_what_is_no_word_to_the_bot_is_ignored(bot: Bot, update: dict[str, Any]) -> None:
    bot.tell(update)
    assert bot.messages("in") == []
    assert WebhookEvent.objects.get().state == "ignored"


def test_a_pressed_button_says_what_stands_behind_it(bot: Bot) -> None:
    under = message_update("Choose")["message"]
    bot.tell({"update_id": 9, "callback_query": {"id": "c1", "from": DAVI, "message": under, "data": "yes"}})
    [said] = bot.messages("in")
    assert (said.body, said.payload["button"]["payload"]) == ("yes", "yes")


def test_time_is_read_in_utc(bot: Bot) -> None:
    bot.world.now = datetime(2027, 1, 1, tzinfo=UTC)
    bot.tell(message_update("Hello", date=1795176000))
    assert bot.messages("in")[0].at == datetime.fromtimestamp(1795176000, UTC)
