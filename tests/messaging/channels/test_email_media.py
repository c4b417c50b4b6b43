"""A file that came with a mail is cut out of the stored event, whatever the event's shape."""

from typing import Any

import pytest

from messaging.channels.email.letters import read_letter
from messaging.channels.email.reading import media_of
from tests.doubles.mail_service import Post, mime
from tests.messaging.channels.test_email_letters import SHAPES

media_fetch: Any = pytest.importorskip("messaging.media_fetch")

RAW = mime("Here", files=(("a.pdf", "application/pdf", b"%PDF-1"), ("b.png", "image/png", b"\x89PNG\r\n")))


def fetch(post: Post, item: dict[str, Any]) -> Any:
    from messaging.channels.email.media import fetch as cut

    return cut({}, {}, item, raw=lambda: post.body)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_file_is_found_again(shape: str) -> None:
    post = SHAPES[shape](RAW)
    items = media_of(read_letter(post.body, post.content_type), post.content_type)
    found = [fetch(post, item) for item in items]
    assert [(one.content, one.file_name) for one in found] == [(b"%PDF-1", "a.pdf"), (b"\x89PNG\r\n", "b.png")]


@pytest.mark.parametrize(
    "item", [{}, {"file_id": "part:2"}, {"file_id": "part:-1"}, {"file_id": "part:0", "shape": "x"}]
)
def test_what_is_not_there_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(media_fetch.MediaRefused):
        fetch(SHAPES["imap"](RAW), {"shape": "message/rfc822", **item})
