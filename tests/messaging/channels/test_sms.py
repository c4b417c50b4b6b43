"""SMS on Twilio: what differs from WhatsApp, and one conversation from the first words to STOP."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from crm.models import Consent
from crm.services.consent import is_opted_out
from messaging.channels.sms_twilio.apply import stopped_by
from messaging.channels.twilio.payloads import InboundMessage
from messaging.models import Channel
from messaging.services.channels import create_channel
from messaging.services.inbox import store_event
from messaging.transports import ErrorKind, InvalidSettings, capabilities_of, reaction_for, validate_settings, verify
from project.kernel.scope import workspace_scope
from tests.cast import DAVIS_PHONE
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, CallbackPlan, TwilioDouble
from tests.doubles.twilio_account import Listed
from tests.doubles.twilio_forms import sms_form
from tests.journeys.world import World

NUMBER = "+14155550100"
SETTINGS = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": NUMBER}
DOOR = "https://baton.acme.test/hooks/sms_twilio/token/inbound/"


def said(body: str = "Hello", **more: str) -> InboundMessage:
    return InboundMessage.from_form(list(sms_form(body, **more).items()))


def test_an_sms_has_its_sender_and_where_the_numbers_are() -> None:
    message = said("olá", FromCity="RIO")
    assert (message.phone, message.bsuid, message.text) == ("+5511900000001", None, "olá")
    assert (message.message_type, message.extra["FromCity"]) == ("text", "RIO")


def test_what_is_written_beside_a_document_in_an_mms_is_no_file_name() -> None:
    message = InboundMessage.from_form(
        list(sms_form("my contract", media=(("https://api.twilio.com/1", "application/pdf"),)).items())
    )
    assert (message.message_type, message.text, message.media[0].file_name) == ("document", "my contract", "")


def test_a_short_code_has_no_phone_and_is_kept() -> None:
    assert said(sender="12345").phone is None


@pytest.mark.parametrize("body", ["STOP", " stop ", "Unsubscribe", "CANCEL", "optout"])
def test_twilios_own_words_stop(body: str) -> None:
    assert stopped_by(said(body)) == body.strip()


@pytest.mark.parametrize("body", ["STOP PLEASE", "please don't stop", "cancel my order", "START", ""])
def test_other_words_are_left_to_the_agent(body: str) -> None:
    assert stopped_by(said(body)) == ""


def test_what_advanced_opt_out_matched_in_another_language_stops() -> None:
    assert stopped_by(said("SAIR", OptOutType="STOP")) == "SAIR"


def test_there_is_no_window_and_no_receipt_of_reading() -> None:
    can = capabilities_of("sms_twilio")
    assert (can.window_hours, can.templates, can.read_receipts, can.status_callbacks) == (None, False, False, True)


@pytest.mark.parametrize("sender", ["whatsapp:+14155550100", "14155550100", "Acme", "+1415"])
def test_a_sender_that_is_no_number_is_refused(sender: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        validate_settings("sms_twilio", {**SETTINGS, "sender": sender})
    assert "must be + and the number" in refused.value.problems["sender"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("21610", ErrorKind.OPTED_OUT),
        ("21614", ErrorKind.INVALID_RECIPIENT),
        ("30034", ErrorKind.SENDER_BLOCKED),
        ("30003", ErrorKind.RATE_LIMITED),
        ("30007", ErrorKind.REJECTED),
    ],
)
def test_the_carriers_codes_are_understood(code: str, kind: ErrorKind) -> None:
    assert reaction_for("sms_twilio", code).kind == kind


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble() as double:
        yield double


@pytest.mark.parametrize(
    ("listed", "doubts"),
    [
        ([Listed(NUMBER, callback=DOOR)], []),
        ([], [f"The account has no number {NUMBER}."]),
        ([Listed(NUMBER, callback=DOOR, sms=False)], ["This number cannot send SMS."]),
        ([Listed(NUMBER, callback="https://old.test/")], ["Twilio calls https://old.test/ when a message comes in."]),
    ],
)
def test_the_number_is_looked_up(twilio: TwilioDouble, listed: list[Listed], doubts: list[str]) -> None:
    twilio.account.listed = listed
    config = {"account_sid": ACCOUNT_SID, "sender": NUMBER, "api_base": twilio.url}
    answer = verify("sms_twilio", config, {"auth_token": AUTH_TOKEN}, {"inbound_url": DOOR})
    assert answer.problems == ()
    assert [doubt.what for doubt in answer.doubts] == doubts


# -- a conversation ------------------------------------------------------------------------------------------------


class Sms:
    """Davi texts Acme's number."""

    def __init__(self, world: World) -> None:
        self.world = world
        values = {**SETTINGS, "api_base": world.twilio.url}
        with workspace_scope(world.acme):
            self.channel: Channel = create_channel(
                workspace=world.acme, kind="sms_twilio", name="Text", values=values, now=world.now
            )

    def davi_texts(self, body: str) -> None:
        form = sms_form(body, sender=DAVIS_PHONE, to=NUMBER)
        self.world.twilio.receive(form)
        store_event(
            workspace_id=self.world.acme.pk,
            source="sms_twilio",
            source_id=self.channel.pk,
            kind="inbound",
            key=form["MessageSid"],
            order_key=DAVIS_PHONE,
            body=urlencode(form).encode(),
            now=self.world.now,
        )
        self.world.settle()

    def twilio_reports(self, sid: str, status: str) -> None:
        store_event(
            workspace_id=self.world.acme.pk,
            source="sms_twilio",
            source_id=self.channel.pk,
            kind="status",
            key=f"{sid}:{status}",
            order_key=sid,
            body=urlencode({"MessageSid": sid, "MessageStatus": status}).encode(),
            now=self.world.now,
        )
        self.world.settle()

    def sent(self) -> list[str]:
        return [message.body for message in self.world.twilio.messages(to=DAVIS_PHONE)]


@pytest.fixture
def sms(db: None) -> Iterator[Sms]:
    with TwilioDouble(plan=CallbackPlan.never()) as twilio:
        yield Sms(World(twilio))


def test_a_text_is_answered_reported_and_stopped(sms: Sms) -> None:
    sms.davi_texts("Hello")
    [reply] = sms.world.messages(direction="out")
    [sent] = sms.world.twilio.messages(to=DAVIS_PHONE)
    assert (sent.sender, sent.body, reply.status) == (NUMBER, reply.body, "accepted")
    assert "/hooks/sms_twilio/" in sent.status_callback

    for status in ("delivered", "sent"):
        sms.twilio_reports(sent.sid, status)
    assert sms.world.messages(direction="out")[0].status == "delivered"

    sms.world.wait(minutes=1)
    sms.davi_texts("STOP")
    assert len(sms.sent()) == 1, "Twilio has answered for us"
    assert not [message for message in sms.world.messages(direction="out") if message.status == "failed"]
    with workspace_scope(sms.world.acme):
        assert is_opted_out(sms.world.conversation.lead_id, "sms_twilio", "service")
        assert set(Consent.objects.filter(source="provider").values_list("proof", flat=True)) == {"STOP"}


def test_words_after_stop_are_refused_by_twilio_and_stay_an_opt_out(sms: Sms) -> None:
    sms.davi_texts("Hello")
    sms.world.twilio.blocked.add((DAVIS_PHONE, NUMBER))
    sms.world.bruno_takes_over()
    sms.world.wait(seconds=1)  # a long code sends one message a second
    sms.world.bruno_says("Are you there?")
    message = sms.world.messages(direction="out")[-1]
    assert (message.status, message.error_code) == ("failed", "21610")
    with workspace_scope(sms.world.acme):
        assert is_opted_out(sms.world.conversation.lead_id, "sms_twilio", "service")


def test_the_same_person_on_whatsapp_and_sms_is_one_lead(sms: Sms) -> None:
    sms.world.davi_says("Hello", phone=DAVIS_PHONE)
    sms.davi_texts("Hello again")
    assert sms.world.conversation.channel.kind == "sms_twilio"
