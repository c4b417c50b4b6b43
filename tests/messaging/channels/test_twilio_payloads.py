"""Twilio's parameter sets in our words, as real traffic has them and as it may surprise us."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.channels.twilio.payloads import (
    RANKS,
    InboundMessage,
    StatusCallback,
    UnreadableForm,
    bsuid_of,
    phone_of,
)
from tests.doubles.twilio import inbound_form, status_form

DAVI = "whatsapp:+5511900000001"


def inbound(body: str = "Hello", **more) -> InboundMessage:
    return InboundMessage.from_form(list(inbound_form(body, **more).items()))


def status(**more) -> StatusCallback:
    fields = {"message_sid": "SM1", "status": "sent", "to": DAVI, "sender": "whatsapp:+14155238886", **more}
    return StatusCallback.from_form(list(status_form(**fields).items()))


def test_a_text_message_has_its_sender_under_every_name():
    message = inbound("olá", sender=DAVI, message_sid="SM1", profile_name="Davi")

    assert (message.message_sid, message.sender, message.phone) == ("SM1", DAVI, "+5511900000001")
    assert message.bsuid == "BR.10005511900000001"
    assert (message.profile_name, message.body, message.text) == ("Davi", "olá", "olá")
    assert message.message_type == "text" and message.media == () and message.referral is None


def test_a_sender_without_a_phone_is_known_by_the_business_scoped_id():
    message = inbound(sender="whatsapp:US.13491208655302741918")

    assert (message.phone, message.bsuid) == (None, "US.13491208655302741918")


def test_a_hidden_sender_with_a_known_phone_keeps_both():
    message = inbound(sender="whatsapp:US.13491208655302741918", WaId="14155550100")

    assert (message.phone, message.bsuid) == ("+14155550100", "US.13491208655302741918")


def test_ten_media_are_kept_in_order():
    media = tuple((f"https://api.twilio.com/m/{number}", "image/jpeg") for number in range(10))

    message = inbound("", media=media, message_type="image")

    assert [(one.url, one.content_type) for one in message.media] == list(media)


def test_a_documents_body_is_its_file_name_and_not_what_the_customer_said():
    message = inbound("offer.pdf", media=(("https://api.twilio.com/m/1", "application/pdf"),), message_type="document")

    assert message.media[0].file_name == "offer.pdf"
    assert (message.body, message.text) == ("offer.pdf", "")


def test_an_images_body_is_its_caption():
    message = inbound("look", media=(("https://api.twilio.com/m/1", "image/png"),), message_type="image")

    assert (message.text, message.media[0].file_name) == ("look", "")


@pytest.mark.parametrize(
    ("content_type", "message_type"),
    [("audio/ogg", "audio"), ("video/mp4", "video"), ("application/pdf", "document"), ("text/vcard", "document")],
)
def test_a_message_type_that_is_missing_is_read_from_the_media(content_type, message_type):
    assert inbound("", media=(("https://x/1", content_type),), message_type="").message_type == message_type


def test_a_location_has_coordinates_and_a_name():
    message = inbound("", message_type="location", Latitude="-23.5", Longitude="-46.6", Label="Office")

    assert message.location is not None
    assert (message.location.latitude, message.location.longitude) == (-23.5, -46.6)
    assert message.location.label == "Office"


def test_coordinates_that_cannot_be_read_do_not_cost_the_message():
    message = inbound("here", Latitude="north", Longitude="-46.6")

    assert message.location is None
    assert message.extra["Latitude"] == "north"


@pytest.mark.parametrize(
    "given",
    [{"ButtonPayload": "yes", "ButtonText": "Yes!"}, {"ListId": "yes", "ListTitle": "Yes!"}],
)
def test_a_button_and_a_list_choice_read_the_same(given):
    message = inbound("", **given)

    assert message.button is not None
    assert (message.button.payload, message.button.title, message.text) == ("yes", "Yes!", "Yes!")


def test_a_button_without_a_title_is_called_by_the_body():
    message = inbound("Yes!", ButtonPayload="yes")

    assert message.button is not None and message.button.title == "Yes!"


def test_a_reply_and_a_forward_say_so():
    message = inbound(OriginalRepliedMessageSid="SM9", OriginalRepliedMessageSender="whatsapp:+1", Forwarded="true")

    assert (message.replied_to, message.forwarded, message.frequently_forwarded) == ("SM9", True, False)


def test_an_advertisement_is_one_only_when_it_has_an_id():
    assert inbound(ReferralNumMedia="0", ReferralBody="x").referral is None
    referral = inbound(ReferralCtwaClid="clid", ReferralHeadline="New").referral
    assert referral is not None and (referral.ctwa_clid, referral.headline) == ("clid", "New")


def test_unknown_parameters_are_kept():
    assert inbound(SomethingNew="1").extra["SomethingNew"] == "1"


def test_nul_bytes_and_lone_surrogates_become_replacement_characters():
    assert inbound("a\x00b\ud800c").body == "a\ufffdb\ufffd\ufffd\ufffdc"


@pytest.mark.parametrize(
    ("missing", "field"),
    [(("MessageSid", "SmsSid", "SmsMessageSid"), "message_sid"), (("From",), "sender"), (("To",), "recipient")],
)
def test_a_form_that_is_no_message_names_what_is_wrong(missing, field):
    form = [(name, value) for name, value in inbound_form().items() if name not in missing]

    with pytest.raises(UnreadableForm, match=field):
        InboundMessage.from_form(form)


@given(form=st.lists(st.tuples(st.sampled_from([*inbound_form(), "MediaUrl0", "Latitude"]), st.text())))
def test_a_strange_form_is_a_message_or_a_named_error(form):
    with contextlib.suppress(UnreadableForm):
        InboundMessage.from_form(form)


@pytest.mark.parametrize(
    ("address", "phone"),
    [
        ("whatsapp:+5511900000001", "+5511900000001"),
        ("5511900000001", "+5511900000001"),
        ("+14155550100", "+14155550100"),
        ("whatsapp:US.1349", None),
        ("+99912345678", "+99912345678"),
        ("", None),
        ("+", None),
        ("whatsapp:+55119…XXXX", None),
        ("+٥٥١١٩٠٠٠٠٠٠٠١", None),
    ],
)
def test_a_phone_is_written_in_one_way(address, phone):
    assert phone_of(address) == phone


def test_a_business_scoped_id_has_a_country():
    assert bsuid_of("whatsapp:US.ENT.1349") == "US.ENT.1349"
    assert bsuid_of("whatsapp:+1415") is None


def test_a_status_has_a_rank_and_survives_a_masked_recipient_and_a_missing_id():
    sent, delivered = status(status="sent"), status(status="delivered")

    assert (sent.rank, sent.bsuid) == (2, None)
    assert (delivered.rank, delivered.bsuid) == (3, "BR.10005511900000001")
    assert delivered.extra["ChannelToAddress"].endswith("XXXX")


def test_a_failure_has_its_code_and_no_rank():
    failed = status(status="undelivered", error_code=63016)

    assert (failed.is_failure, failed.rank, failed.error_code) == (True, None, "63016")
    assert failed.error_message


def test_statuses_only_ever_climb_in_one_order():
    climbing = ["queued", "sending", "sent", "delivered", "read"]

    assert sorted(climbing, key=RANKS.__getitem__) == climbing


def test_a_status_that_we_do_not_know_is_kept_without_a_rank():
    assert status(status="teleported").rank is None


@pytest.mark.parametrize("strange", ["", "DROP TABLE", "x" * 99])
def test_a_status_that_is_none_is_a_named_error(strange):
    with pytest.raises(UnreadableForm, match="status"):
        status(status=strange)
