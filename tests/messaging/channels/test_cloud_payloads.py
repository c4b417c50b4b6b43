"""Every kind of message in Meta's table, and what nobody promised: what is shown of it, and what is kept."""

from typing import Any

import pytest

from messaging.channels.whatsapp_cloud.contents import Said, said_in
from messaging.channels.whatsapp_cloud.payloads import MessageUpdate, Person, UnreadableUpdate, read
from messaging.contents import contents_of, media_label
from tests.cast import NOON
from tests.doubles.cloud_updates import DAVI, DAVIS_ID, contact_of, message, text


def understood(update: dict[str, Any], contact: dict[str, Any] | None = None) -> MessageUpdate:
    return read(MessageUpdate, {"message": update, "contact": contact or contact_of(update)})


def said(kind: str, content: Any = None, **more: Any) -> Said:
    return said_in(understood(message(kind, content, at=NOON, **more)).message)


def shown(kind: str, content: Any = None, **more: Any) -> list[str]:
    return contents_of(said(kind, content, **more).payload)


def test_a_text_is_its_words_and_nothing_else():
    assert said("text", {"body": "Olá 👋"}) == Said("Olá 👋")


@pytest.mark.parametrize(
    ("kind", "content", "label"),
    [
        ("image", {"id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": "Look"}, "Picture (image/jpeg)"),
        ("video", {"id": 1, "mime_type": "video/mp4", "caption": "Look"}, "Video (video/mp4)"),
        ("audio", {"id": "1", "mime_type": "audio/mpeg"}, "Audio (audio/mpeg)"),
        (
            "audio",
            {"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": True},
            "Voice message (audio/ogg; codecs=opus)",
        ),
        ("sticker", {"id": "1", "mime_type": "image/webp", "animated": True}, "Sticker (image/webp)"),
        (
            "document",
            {"id": "1", "mime_type": "application/pdf", "filename": "offer.pdf"},
            "offer.pdf (application/pdf)",
        ),
    ],
)
def test_media_are_kept_by_their_id_with_kind_name_and_caption(kind, content, label):
    found = said(kind, content)

    [media] = found.media
    assert (media["id"], media_label(media)) == ("1", label)
    assert found.body == content.get("caption", "")
    assert contents_of(found.payload) == []


@pytest.mark.parametrize(
    ("kind", "content", "line"),
    [
        (
            "location",
            {"latitude": -23.5, "longitude": "-46.6", "name": "Office", "address": "Rua A, 1"},
            "Location: Office, Rua A, 1 (-23.5, -46.6)",
        ),
        ("location", {"latitude": 1, "longitude": 2}, "Location: 1.0, 2.0"),
        (
            "contacts",
            [{"name": {"formatted_name": "Ana"}, "phones": [{"phone": "+55 11 9", "type": "CELL"}]}],
            "Contact: Ana, +55 11 9",
        ),
        (
            "order",
            {"catalog_id": "c", "product_items": [{"product_retailer_id": "sku-1", "quantity": 2, "item_price": 9.5}]},
            "Order: 2 × sku-1 at 9.5",
        ),
        (
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"size": "M"}'}},
            'Answers to the form flow: {"size": "M"}',
        ),
        ("poll", {"question": "Blue?"}, "Cannot be shown here: a message of the kind “poll”"),
        ("location", {"latitude": "NaN", "longitude": 2}, "Cannot be shown here: a message of the kind “location”"),
        ("contacts", "Ana", "Cannot be shown here: a message of the kind “contacts”"),
        ("text", None, "Cannot be shown here: a message of the kind “text”"),
        ("interactive", {"type": "new"}, "Cannot be shown here: a message of the kind “interactive”"),
    ],
)
def test_what_is_no_text_is_told_in_a_line(kind, content, line):
    assert shown(kind, content) == [line]


def test_an_unknown_kind_is_kept_as_it_came():
    assert said("poll", {"question": "Blue?"}).payload["content"] == {"question": "Blue?"}
    assert said("contacts", "Ana").payload["content"] == "Ana"


def test_what_whatsapp_cannot_pass_on_says_why():
    why = [{"code": 131051, "title": "Unsupported", "error_data": {"details": "Message type is not supported."}}]

    assert shown("unsupported", errors=why) == ["Cannot be shown here: Message type is not supported."]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("button", {"text": "Yes, please", "payload": "yes"}),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes, please"}}),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "yes", "title": "Yes, please", "extra": 1}},
        ),
    ],
)
def test_a_pressed_button_says_its_title_and_keeps_its_id(kind, content):
    found = said(kind, content)

    assert (found.body, found.payload["button"]["payload"]) == ("Yes, please", "yes")


def test_an_advertisement_a_quotation_and_a_forwarding_stand_beside_the_words():
    referral = {
        "source_url": "https://fb.me/x",
        "source_id": 120, "source_type": "ad", "headline": "Chat with us", "ctwa_clid": "ARA", "media_type": "image",
        "welcome_message": {"text": "Hi"},
    }  # fmt: skip
    context = {"from": "14155238886", "id": "wamid.1", "forwarded": True, "referred_product": {"catalog_id": "c"}}
    found = said("text", {"body": "Hi"}, referral=referral, context=context, group_id="g")

    assert found.body == "Hi"
    assert found.payload["replied_to"] == "wamid.1"
    assert found.payload["referral"]["source_id"] == "120"
    assert found.payload["referral"]["welcome_message"] == {"text": "Hi"}
    assert found.payload["extra"] == {"group_id": "g"}
    assert contents_of(found.payload) == [
        "Came from the advertisement “Chat with us” https://fb.me/x",
        "Forwarded",
    ]


# -- who ---------------------------------------------------------------------------------------------------


def person(**options: Any) -> Person:
    return understood(text("Hi", at=NOON, **options)).person


def test_a_person_is_known_by_phone_and_by_id_and_answered_by_phone():
    davi = person()

    assert davi.identities == [("phone", f"+{DAVI}"), ("whatsapp", DAVIS_ID)]
    assert (davi.address, davi.name) == (f"+{DAVI}", "Davi")


def test_whoever_hides_the_phone_is_known_and_answered_by_id():
    davi = person(sender="")

    assert (davi.identities, davi.address) == ([("whatsapp", DAVIS_ID)], DAVIS_ID)


def test_an_older_payload_knows_the_phone_only():
    assert person(user_id="").identities == [("phone", f"+{DAVI}")]


def test_the_contact_tells_what_the_message_does_not():
    update = text("Hi", at=NOON, sender="", user_id="")
    contact = {"profile": None, "wa_id": DAVI, "user_id": DAVIS_ID, "parent_user_id": "BR.ENT.1"}

    known = understood(update, contact).person
    assert known.identities == [("phone", f"+{DAVI}"), ("whatsapp", DAVIS_ID), ("whatsapp", "BR.ENT.1")]


@pytest.mark.parametrize("sender", ["", "Davi", "12", "9" * 30, "٥٥١١٩٨٧٦٥٤٣٢١"])
def test_a_person_without_any_usable_name_is_refused(sender):
    with pytest.raises(UnreadableUpdate, match="neither a phone number nor a user id"):
        person(sender=sender, user_id="")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""), ("id", None), ("id", "x" * 200), ("id", "wamid 1"), ("timestamp", "soon"), ("timestamp", None),
        ("timestamp", "9" * 30), ("type", ""), ("type", None), ("context", "x"), ("errors", "x"),
    ],
)  # fmt: skip
def test_a_message_without_what_makes_it_one_names_the_field(field, value):
    with pytest.raises(UnreadableUpdate, match=f"message.{field}"):
        understood({**text("Hi", at=NOON), field: value})


def test_ids_and_times_come_as_numbers_or_as_text():
    update = {**text("Hi", at=NOON), "timestamp": int(NOON.timestamp()), "from": int(DAVI)}

    assert understood(update).message.at == NOON
    assert understood(update).person.phone == f"+{DAVI}"


def test_a_strange_payload_never_keeps_a_screen_from_showing():
    assert contents_of({"location": 1, "contacts": {"x": 1}, "referral": "ad", "order": {}, "unknown": [1]})
