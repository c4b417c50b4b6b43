"""Files on the screens and in the API: shown to those who work there, and to nobody else."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from messaging.models import Attachment, Message
from messaging.services.media_uploads import attach, keep_upload
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.doubles.files import HTML, OGG, PDF, PNG
from tests.inbox.api import Caller
from tests.inbox.screens import HTMX, Screens, open_screens, text_of
from tests.inbox.seed import say

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    return open_screens()


def sent_by_davi(screens: Screens, content: bytes, name: str) -> Attachment:
    """As if it had been fetched a moment ago."""
    cast = screens.cast
    with workspace_scope(cast.acme):
        item = {"url": "https://api.twilio.com/x", "content_type": "", "file_name": name}
        message = say(cast.conversation, "customer", "", clock.now(), media=[item])
        file = keep_upload(
            workspace=cast.acme, user=cast.ana, content=content, file_name=name, content_type="", now=clock.now()
        )
        attach(message, [file])
        return Attachment.objects.get(pk=file.pk)


def url_of(screens: Screens, file: Attachment, end: str = "") -> str:
    return screens.url(f"attachments/{file.pk}/{end}")


def test_a_picture_a_sound_and_a_document_stand_in_the_thread(screens: Screens) -> None:
    picture, sound = sent_by_davi(screens, PNG, "photo.png"), sent_by_davi(screens, OGG, "voice.ogg")
    document = sent_by_davi(screens, PDF, "<b>offer.pdf")
    page = screens.vera.get(screens.thread).content.decode()

    assert f'<img src="{url_of(screens, picture, "small/")}" alt="photo.png" width="10" height="6"' in page
    assert f'<audio controls preload="none" src="{url_of(screens, sound)}"' in page
    assert f'href="{url_of(screens, document)}" download' in page
    assert "&lt;b&gt;offer" in page
    assert "https://api.twilio.com/x" not in page


@pytest.mark.parametrize(
    ("state", "told"), [("wanted", "Being fetched"), ("refused", "Not kept: Too large."), ("failed", "Not kept: Away.")]
)
def test_what_is_not_here_says_why(screens: Screens, state: str, told: str) -> None:
    cast = screens.cast
    with workspace_scope(cast.acme):
        message = say(cast.conversation, "customer", "", clock.now(), media=[{"content_type": "image/png"}])
        Attachment.objects.create(
            workspace=cast.acme,
            message=message,
            state=state,
            reason=told.partition(": ")[2],
            due_at=clock.now() if state == "wanted" else None,
        )
    assert told in text_of(screens.bruno.get(screens.thread))


def test_a_file_is_given_to_members_alone(screens: Screens) -> None:
    file = sent_by_davi(screens, PNG, "photo.png")
    for end in ("", "small/"):
        assert screens.vera.get(url_of(screens, file, end)).status_code == 200
        assert screens.clara.get(url_of(screens, file, end)).status_code == 404
        assert Client().get(url_of(screens, file, end)).status_code == 302
    assert screens.clara.get(f"/w/other/attachments/{file.pk}/").status_code == 404


def test_a_file_is_never_a_page_of_ours(screens: Screens) -> None:
    shown = screens.vera.get(url_of(screens, sent_by_davi(screens, PNG, "photo.png")))
    saved = screens.vera.get(url_of(screens, sent_by_davi(screens, PDF, 'o"ffer\r\n.pdf')))

    assert shown["Content-Disposition"].startswith("inline")
    assert saved["Content-Disposition"].startswith("attachment")
    for answer in (shown, saved):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert "\n" not in answer["Content-Disposition"]


@pytest.mark.parametrize(
    ("wanted", "status", "content", "told"),
    [
        ("bytes=0-3", 206, OGG[:4], f"bytes 0-3/{len(OGG)}"),
        ("bytes=10-", 206, OGG[10:], f"bytes 10-{len(OGG) - 1}/{len(OGG)}"),
        (f"bytes=0-{10**9}", 206, OGG, f"bytes 0-{len(OGG) - 1}/{len(OGG)}"),
        (f"bytes={10**9}-", 200, OGG, None),
        ("bytes=5-2", 200, OGG, None),
        ("chapters=1-2", 200, OGG, None),
    ],
)
def test_players_may_ask_for_a_part(screens: Screens, wanted: str, status: int, content: bytes, told: Any) -> None:
    file = sent_by_davi(screens, OGG, "voice.ogg")
    answer = screens.vera.get(url_of(screens, file), headers={"Range": wanted})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (status, content)
    assert answer.get("Content-Range") == told


def test_a_thread_full_of_files_costs_no_query_for_each(screens: Screens, django_assert_max_num_queries: Any) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(60) as counted:
            assert screens.vera.get(screens.thread).status_code == 200
        return len(counted)

    sent_by_davi(screens, PNG, "photo.png")
    before = queries()
    for _ in range(5):
        sent_by_davi(screens, PDF, "offer.pdf")
    assert queries() == before


# -- the composer --------------------------------------------------------------------------------------------------


def compose(screens: Screens, who: Client, content: bytes = PNG, name: str = "photo.png", **more: Any) -> Any:
    form = {"body": "Look", "key": "k1", "file": SimpleUploadedFile(name, content), **more}
    return who.post(f"{screens.thread}send/", form, headers=HTMX)


def last_sent(screens: Screens) -> Message | None:
    with workspace_scope(screens.cast.acme):
        return Message.objects.filter(voice="human").prefetch_related("attachments").order_by("-position").first()


def test_a_colleague_sends_a_file_with_their_words(screens: Screens) -> None:
    answer = compose(screens, screens.bruno)

    message = last_sent(screens)
    assert answer.status_code == 200
    assert message is not None
    assert (message.body, [file.file_name for file in message.attachments.all()]) == ("Look", ["photo.png"])


def test_a_file_needs_no_words(screens: Screens) -> None:
    assert compose(screens, screens.bruno, body="").status_code == 200
    with workspace_scope(screens.cast.acme):
        screens.cast.conversation.refresh_from_db()
    assert screens.cast.conversation.last_preview in ("[photo.png]", "")


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (HTML, "photo.png", "of the type text/html"),
        (b"", "photo.png", "is empty"),
        (b"PK\x03\x04", "a.zip", "does not take files of the type application/zip"),
        (PDF, "a.pdf", "one by one"),
    ],
)
def test_a_refused_file_says_why_and_sends_nothing(screens: Screens, content: bytes, name: str, told: str) -> None:
    answer = compose(screens, screens.bruno, content, name)
    assert (answer.status_code, told in text_of(answer)) == (422, True)
    assert last_sent(screens) is None


def test_a_file_that_is_too_large_is_refused(screens: Screens, settings: Any) -> None:
    settings.MEDIA_MAX_BYTES = 50
    assert "larger than" in text_of(compose(screens, screens.bruno))


def test_who_may_not_reply_may_not_send_files(screens: Screens) -> None:
    assert compose(screens, screens.vera).status_code == 403
    assert compose(screens, screens.clara).status_code == 404
    with workspace_scope(screens.cast.acme):
        assert not Attachment.objects.exists()


# -- the API -------------------------------------------------------------------------------------------------------


def upload(caller: Caller, content: bytes = PNG, name: str = "photo.png", expect: int = 201, query: str = "") -> Any:
    file = SimpleUploadedFile(name, content)
    answer = caller.client.post(f"/api/v1/attachments/{query}", {"file": file}, format="multipart")
    assert answer.status_code == expect, answer.content
    return answer.json()


def test_a_file_is_uploaded_then_sent_then_read(screens: Screens) -> None:
    caller, talk = Caller(screens.cast.bruno), f"conversations/{screens.cast.conversation.pk}/messages/"
    file = upload(caller)
    assert (file["state"], file["content_type"], file["width"]) == ("uploaded", "image/png", 10)

    body = {"body": "", "attachments": [file["id"]]}
    sent = caller.post(talk, body, expect=201, **{"Idempotency-Key": "one"})
    again = caller.post(talk, body, expect=201, **{"Idempotency-Key": "one"})
    assert sent["id"] == again["id"]
    assert [shown["id"] for shown in sent["attachments"]] == [file["id"]]
    assert caller.get(talk)["results"][0]["attachments"][0]["state"] == "stored"
    assert caller.get(f"attachments/{file['id']}/")["sha256"] == file["sha256"]
    content = caller.client.get(f"/api/v1/attachments/{file['id']}/content/")
    assert b"".join(content.streaming_content) == PNG


def test_wrong_files_are_refused_with_their_reason(screens: Screens) -> None:
    caller, talk = Caller(screens.cast.bruno), f"conversations/{screens.cast.conversation.pk}/messages/"
    assert "text/html" in str(upload(caller, HTML, expect=400))
    assert "attachments" in caller.post(talk, {"body": "x", "attachments": ["nonsense"]}, expect=400)["fields"]
    missing = {"body": "x", "attachments": ["00000000-0000-0000-0000-000000000000"]}
    assert "no such file" in caller.post(talk, missing, expect=404)["message"]
    archive = upload(caller, b"PK\x03\x04", "a.zip")
    refused = caller.post(talk, {"body": "", "attachments": [archive["id"]]}, expect=400)
    assert "application/zip" in refused["fields"]["attachments"][0]
    assert caller.raw("attachments/", b"{}", expect=415)["code"] == "unsupported_media_type"


def test_the_api_gives_files_to_members_and_takes_them_from_who_may_reply(screens: Screens) -> None:
    file = upload(Caller(screens.cast.bruno))
    vera, clara = Caller(screens.cast.vera), Caller(screens.cast.clara)
    upload(vera, expect=403)
    assert vera.client.get(f"/api/v1/attachments/{file['id']}/content/").status_code == 200
    for path in (f"attachments/{file['id']}/", f"attachments/{file['id']}/content/"):
        clara.get(path, expect=404)
        clara.get(path, expect=404, workspace="acme")
    upload(clara, expect=404, query="?workspace=acme")
