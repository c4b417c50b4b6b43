"""What a customer sends along: wanted with the message, fetched afterwards, kept only when it is what may be kept."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from messaging.channels.telegram import media as telegram_media
from messaging.channels.whatsapp_cloud import media as cloud_media
from messaging.media_fetch import Fetched, MediaRefused, MediaUnavailable, TooLarge
from messaging.models import Attachment, Channel
from messaging.services.channels import create_channel
from project.kernel.scope import workspace_scope
from tests.doubles.cloud import CloudDouble
from tests.doubles.cloud_updates import ACCESS_TOKEN
from tests.doubles.files import HTML, METADATA, OGG, PDF, PNG, FilesDouble
from tests.doubles.server import Response
from tests.doubles.telegram import BOT_TOKEN, TelegramDouble
from tests.journeys.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LOOPBACK = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def cdn(settings: Any) -> Iterator[FilesDouble]:
    settings.REACHABLE_NETWORKS = LOOPBACK
    with FilesDouble() as double:
        yield double


def send_file(world: World, cdn: FilesDouble, content: bytes, claimed: str, name: str = "") -> None:
    """Davi sends a file on WhatsApp: Twilio names a media resource, which leads to the host where the file lies."""
    lies_at = cdn.put(f"stored{len(cdn.answers)}", content, claimed)
    url = world.twilio.put_media(f"ME{len(cdn.answers)}", lies_at)
    world.davi_says(name, media=((url, claimed),), **({"message_type": "document"} if name else {}))


def only(world: World) -> Attachment:
    with workspace_scope(world.acme):
        return Attachment.objects.get()


def test_a_picture_is_fetched_with_the_token_and_without_giving_it_on(world: World, cdn: FilesDouble) -> None:
    send_file(world, cdn, PNG, "image/png")

    kept = only(world)
    assert (kept.state, kept.content_type, kept.size, kept.width, kept.height) == (
        "stored",
        "image/png",
        len(PNG),
        10,
        6,
    )
    assert default_storage.open(kept.file.name).read() == PNG
    assert Image.open(BytesIO(default_storage.open(kept.thumbnail.name).read())).format == "WEBP"
    assert cdn.logins() == [None]


@pytest.mark.parametrize(
    ("content", "claimed", "found"),
    [
        (PDF, "application/pdf", "application/pdf"),
        (OGG, "audio/ogg", "audio/ogg"),
        (PDF, "image/jpeg", "application/pdf"),
    ],
)
def test_the_type_is_what_the_content_is(
    world: World, cdn: FilesDouble, content: bytes, claimed: str, found: str
) -> None:
    send_file(world, cdn, content, claimed)
    assert (only(world).state, only(world).content_type) == ("stored", found)


@pytest.mark.parametrize(
    "content", [HTML, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"MZ\x90\x00" + b"\0" * 99, b""]
)
def test_what_a_browser_or_a_system_would_run_is_not_kept(world: World, cdn: FilesDouble, content: bytes) -> None:
    send_file(world, cdn, content, "image/jpeg")

    kept = only(world)
    assert (kept.state, bool(kept.file), kept.due_at) == ("refused", False, None)
    assert kept.reason
    [told] = world.trail("attachment.refused")
    assert kept.reason in told.reason


def test_a_redirect_to_the_metadata_service_is_refused(world: World, cdn: FilesDouble) -> None:
    url = world.twilio.put_media("ME1", METADATA)
    world.davi_says("", media=((url, "image/png"),))

    assert only(world).state == "refused"
    assert "private network" in only(world).reason


def test_a_provider_that_fails_is_asked_again_and_costs_no_file(world: World, cdn: FilesDouble) -> None:
    lies_at = cdn.put("late.pdf", PDF, "application/pdf")
    cdn.answers["/late.pdf"] = Response(503)
    url = world.twilio.put_media("ME1", lies_at)
    world.davi_says("late.pdf", media=((url, "application/pdf"),))
    assert only(world).state == "wanted"

    cdn.put("late.pdf", PDF, "application/pdf")
    world.wait(seconds=7)
    assert only(world).state == "stored"


def test_a_provider_that_goes_on_failing_is_given_up_and_told(world: World, cdn: FilesDouble) -> None:
    cdn.answers["/gone"] = Response(503)
    url = world.twilio.put_media("ME1", f"{cdn.url}/gone")
    world.davi_says("x", media=((url, "image/png"),))
    for _ in range(6):
        world.wait(hours=7)

    assert (only(world).state, only(world).attempts_made) == ("failed", 7)
    assert "HTTP 503" in world.trail("attachment.failed")[0].reason


def test_a_file_that_is_stored_shows_as_news_in_the_thread(world: World, cdn: FilesDouble) -> None:
    lies_at = cdn.put("a", PNG, "image/png")
    url = world.twilio.put_media("ME1", lies_at)
    world.davi_writes("", media=((url, "image/png"),))
    world.settle()

    [message] = world.messages(direction="in")
    assert message.seq > message.position


def test_a_row_that_goes_takes_its_files_along(world: World, cdn: FilesDouble) -> None:
    send_file(world, cdn, PNG, "image/png")
    kept = only(world)
    with workspace_scope(world.acme):
        kept.message.delete()  # type: ignore[union-attr]

    assert not default_storage.exists(kept.file.name)
    assert not default_storage.exists(kept.thumbnail.name)


def scanned(content: bytes, file_name: str) -> str:
    return "Eicar-Test" if b"EICAR" in content else ""


def test_what_the_scanner_finds_is_not_kept(world: World, cdn: FilesDouble, settings: Any) -> None:
    settings.MEDIA_SCANNER = f"{__name__}.scanned"
    send_file(world, cdn, PDF + b"EICAR", "application/pdf")

    assert (only(world).state, only(world).reason) == ("refused", "The scanner found Eicar-Test.")


def test_a_scanner_that_is_away_keeps_the_file_waiting(world: World, cdn: FilesDouble, settings: Any) -> None:
    settings.MEDIA_SCANNER = "clamd://127.0.0.1:1"
    send_file(world, cdn, PDF, "application/pdf")

    assert (only(world).state, bool(only(world).file)) == ("wanted", False)


# -- the other kinds -----------------------------------------------------------------------------------------------


def no_raw() -> bytes:
    raise AssertionError("this kind has no use for the webhook")


def fetch_from_meta(meta: CloudDouble, media_id: str) -> Fetched:
    item = {"id": media_id, "content_type": "image/png", "file_name": "a.png"}
    return cloud_media.fetch({"api_base": meta.url}, {"access_token": ACCESS_TOKEN}, item, raw=no_raw)


def test_meta_gives_the_address_of_a_file_and_then_the_file() -> None:
    with CloudDouble() as meta:
        meta.files["123"] = (PNG, "image/png")

        assert fetch_from_meta(meta, "123") == Fetched(PNG, "image/png", "a.png")
        with pytest.raises(MediaUnavailable, match="HTTP 400"):
            fetch_from_meta(meta, "124")


def test_an_address_from_meta_that_is_not_metas_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with CloudDouble() as meta, FilesDouble() as elsewhere:
        elsewhere.put("files/123", PNG, "image/png")
        meta.files["123"] = (PNG, "image/png")
        monkeypatch.setattr(CloudDouble, "url", elsewhere.elsewhere)
        with pytest.raises(MediaRefused, match="not one of its own"):
            cloud_media.fetch(
                {"api_base": f"http://{meta.host}:{meta.port}"},
                {"access_token": ACCESS_TOKEN},
                {"id": "123"},
                raw=no_raw,
            )
        assert elsewhere.requests == []


def fetch_from_telegram(telegram: TelegramDouble, file_id: str) -> Fetched:
    item = {"file_id": file_id, "content_type": "image/jpeg", "file_name": ""}
    return telegram_media.fetch({"api_base": telegram.url}, {"bot_token": BOT_TOKEN}, item, raw=no_raw)


def test_telegram_names_a_path_and_gives_the_file() -> None:
    with TelegramDouble() as telegram:
        telegram.files["F1"] = ("photos/file_1.png", PNG)
        telegram.files["F2"] = ("videos/large.mp4", b"x" * (20 * 1024 * 1024 + 1))

        assert fetch_from_telegram(telegram, "F1").content == PNG
        assert fetch_from_telegram(telegram, "F1").file_name == "file_1.png"
        with pytest.raises(TooLarge):
            fetch_from_telegram(telegram, "F2")
        with pytest.raises(MediaRefused, match="does not give"):
            fetch_from_telegram(telegram, "F3")


def test_a_telegram_that_is_away_is_asked_again_and_the_token_is_not_told() -> None:
    config = {"api_base": "http://127.0.0.1:1"}
    with pytest.raises(MediaUnavailable) as error:
        telegram_media.fetch(config, {"bot_token": BOT_TOKEN}, {"file_id": "F"}, raw=no_raw)
    assert BOT_TOKEN not in str(error.value)


def test_a_channel_that_brings_no_files_wants_none(world: World) -> None:
    with workspace_scope(world.acme):
        create_channel(workspace=world.acme, kind="webchat", name="Chat", values={}, now=world.now)
        assert Channel.objects.filter(kind="webchat").exists()
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        assert not Attachment.objects.exists()
