"""Files that the team sends: by the channel's own way, with an address that is good for a few hours."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from agents.coordinator import send_as_person
from crm.models import Identity
from messaging.channels.telegram.transport import build as telegram
from messaging.channels.webchat.identity import new_visitor
from messaging.channels.webchat.transcript import read_transcript
from messaging.channels.whatsapp_cloud.transport import build as cloud
from messaging.media_rules import OutgoingFile
from messaging.models import Attachment, Message
from messaging.services.channels import create_channel
from messaging.services.media import fetch_one_due_attachment
from messaging.services.media_links import VALID_FOR, public_path_of
from messaging.services.media_uploads import UnfitFile, keep_upload
from messaging.transports import Outgoing
from project.kernel.scope import workspace_scope
from tests.doubles.cloud import CloudDouble
from tests.doubles.cloud_updates import ACCESS_TOKEN, NUMBER_ID
from tests.doubles.files import HTML, PDF, PNG
from tests.doubles.telegram import BOT_TOKEN, TelegramDouble
from tests.journeys.world import World


def outgoing(content: bytes, content_type: str, name: str, *, to: str, body: str = "") -> Outgoing:
    file = OutgoingFile(f"https://baton.test/m/x/{name}", content_type, name, len(content), lambda: content)
    return Outgoing(message_id="m1", to=to, body=body, media=(file.url,), files=(file,))


@pytest.mark.parametrize(
    ("content_type", "name", "kind", "about"),
    [
        ("image/png", "a.png", "image", {"caption": "Here"}),
        ("application/pdf", "Angebot Nr. 7.pdf", "document", {"caption": "Here", "filename": "Angebot Nr. 7.pdf"}),
        ("image/gif", "a.gif", "document", {"caption": "Here", "filename": "a.gif"}),
        ("video/mp4", "a.mp4", "video", {"caption": "Here"}),
        ("audio/ogg", "a.ogg", "audio", {}),
    ],
)
def test_meta_gets_an_address_and_the_kind_that_it_shows(content_type: str, name: str, kind: str, about: Any) -> None:
    with CloudDouble() as meta:
        transport = cloud({"phone_number_id": NUMBER_ID, "api_base": meta.url}, {"access_token": ACCESS_TOKEN})
        transport.send(outgoing(PDF, content_type, name, to="+5511987654321", body="Here"))
        [sent] = meta.messages()
    assert (sent.kind, sent.content[kind]) == (kind, {"link": f"https://baton.test/m/x/{name}", **about})


@pytest.mark.parametrize(
    ("content_type", "method"),
    [
        ("image/png", "sendPhoto"),
        ("audio/mpeg", "sendAudio"),
        ("video/mp4", "sendVideo"),
        ("application/pdf", "sendDocument"),
        ("audio/ogg", "sendDocument"),
    ],
)
def test_telegram_gets_the_content_itself(content_type: str, method: str) -> None:
    with TelegramDouble() as double:
        transport = telegram({"api_base": double.url}, {"bot_token": BOT_TOKEN})
        receipt = transport.send(outgoing(PNG, content_type, "ä.png", to="7000000001", body="Olá"))
        [sent] = double.book
    assert (sent.method, sent.text, double.uploads) == (method, "Olá", [PNG])
    assert receipt.provider_id == f"7000000001:{sent.message_id}"


# -- over the whole way --------------------------------------------------------------------------------------------

in_database = pytest.mark.django_db(transaction=True)


def upload(world: World, content: bytes = PNG, name: str = "photo.png", claimed: str = "image/png") -> Attachment:
    return keep_upload(
        workspace=world.acme,
        user=world.bruno,
        content=content,
        file_name=name,
        content_type=claimed,
        now=world.now,
    )


def send(world: World, *files: Attachment, body: str = "", key: str = "k") -> Message:
    with workspace_scope(world.acme):
        message = send_as_person(
            conversation=world.conversation, user=world.bruno, body=body, now=world.now, key=key, attachments=files
        )
    world.settle()
    return message


@in_database
def test_a_picture_leaves_with_its_words_and_its_address_gives_it(world: World, client: Client) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        file = upload(world)
    message = send(world, file, body="Look")

    [sent] = [booked for booked in world.twilio.messages() if booked.media]
    fetched = client.get(urlsplit(sent.media[0]).path)
    assert (sent.body, sent.media[0].endswith("/photo.png")) == ("Look", True)
    assert (fetched.status_code, b"".join(fetched.streaming_content), fetched["Content-Type"]) == (
        200,
        PNG,
        "image/png",
    )
    assert "sandbox" in fetched["Content-Security-Policy"]
    assert world.messages(pk=message.pk)[0].media[0]["attachment"] == str(file.pk)


@in_database
def test_an_address_ends_and_cannot_be_made_up(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        file = upload(world)
    assert client.get(public_path_of(file)).status_code == 410, "nobody has sent it yet"
    send(world, file)
    path = public_path_of(file)
    assert client.get(path).status_code == 200
    assert client.get(path.replace(file.pk.hex[:4], "ffff")).status_code == 410
    later = time.time() + VALID_FOR.total_seconds() + 2
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert client.get(path).status_code == 410


@in_database
def test_what_the_channel_does_not_take_is_refused_before_anything_happens(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        archive = upload(world, b"PK\x03\x04 archive", "a.zip", "application/zip")
    with pytest.raises(UnfitFile, match="does not take files of the type application/zip"):
        send(world, archive)
    assert not world.trail("floor.taken_over")


@in_database
def test_a_file_that_may_not_be_kept_cannot_be_sent(world: World) -> None:
    with pytest.raises(UnfitFile, match="text/html"), workspace_scope(world.acme):
        upload(world, HTML, "photo.png", "image/png")


@in_database
def test_a_file_is_sent_once(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        file = upload(world)
    first = send(world, file, key="a")
    assert send(world, file, key="a").pk == first.pk
    with pytest.raises(UnfitFile, match="sent already"):
        send(world, file, key="b")


@in_database
def test_an_upload_that_nobody_sent_is_forgotten(world: World) -> None:
    with workspace_scope(world.acme):
        file = upload(world)
    world.wait(hours=23)
    with workspace_scope(world.acme):
        assert Attachment.objects.filter(pk=file.pk).exists()
    world.wait(hours=2)
    with workspace_scope(world.acme):
        assert not Attachment.objects.exists()
    assert not file.file.storage.exists(file.file.name)
    assert not fetch_one_due_attachment(world.now)


@in_database
def test_the_web_chat_shows_what_was_sent(world: World, client: Client) -> None:
    with workspace_scope(world.acme):
        chat = create_channel(workspace=world.acme, kind="webchat", name="Chat", values={}, now=world.now)
    visitor = new_visitor(chat)
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        file = upload(world)
        message = send_as_person(
            conversation=world.conversation, user=world.bruno, body="Look", now=world.now, attachments=[file]
        )
        Identity.objects.create(workspace=world.acme, lead=message.lead, kind="visitor", value=visitor.id)
        Message.objects.filter(pk=message.pk).update(channel=chat, status="delivered")
    [line] = read_transcript(visitor).lines
    [shown] = line.files
    assert (shown["name"], shown["is_image"], shown["width"]) == ("photo.png", True, 10)
    assert client.get(shown["url"]).status_code == 200
