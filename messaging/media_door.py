"""Giving a stored file out: as what it is, and never as a page of ours."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, Final

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from messaging.media_types import INLINE
from messaging.models import Attachment
from messaging.services.media_links import LinkExpired, attachment_behind
from messaging.thumbnails import CONTENT_TYPE

Answer = HttpResponse | StreamingHttpResponse

SANDBOX: Final = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


def give_file(request: HttpRequest, attachment: Attachment) -> Answer:
    """Pictures, sounds and films may be shown where they stand; everything else is saved, whatever it claims."""
    size = attachment.size or 0
    part = _wanted_part(request.headers.get("Range", ""), size)
    if part:
        response = _part_of(attachment, *part, size)
    else:
        response = FileResponse(attachment.file.open("rb"))
        response.headers["Content-Length"] = str(size)
    response.headers["Content-Type"] = attachment.content_type
    response.headers["Accept-Ranges"] = "bytes"
    shown = attachment.content_type in INLINE or attachment.family in ("audio", "video")
    response.headers["Content-Disposition"] = content_disposition_header(not shown, attachment.file_name) or ""
    return _guarded(response)


def give_thumbnail(attachment: Attachment) -> Answer:
    response = FileResponse(attachment.thumbnail.open("rb"), content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = "inline"
    return _guarded(response)


@require_safe
def public_file(request: HttpRequest, token: str, name: str) -> Answer:
    """For whoever holds a signed address: the provider that is to send the file, the customer who was sent it."""
    try:
        return give_file(request, attachment_behind(token))
    except LinkExpired:
        return HttpResponse("This link has expired.", status=HTTPStatus.GONE, content_type="text/plain; charset=utf-8")


def _guarded(response: Answer) -> Answer:
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _wanted_part(asked: str, size: int) -> tuple[int, int] | None:
    """The first and last byte; whoever asks for what makes no sense is given the whole."""
    found = _RANGE.fullmatch(asked)
    if found is None:
        return None
    first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (first, last) if first <= last else None


def _part_of(attachment: Attachment, first: int, last: int, size: int) -> StreamingHttpResponse:
    """Players ask for pieces; some play nothing when they are given the whole."""
    stored = attachment.file.open("rb")
    stored.seek(first)
    response = StreamingHttpResponse(_pieces(stored, last - first + 1), status=HTTPStatus.PARTIAL_CONTENT)
    response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response.headers["Content-Length"] = str(last - first + 1)
    return response


def _pieces(stored: IO[bytes], left: int) -> Iterator[bytes]:
    with stored:
        while left > 0 and (piece := stored.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
