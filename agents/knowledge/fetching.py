"""Fetching a page that somebody named: only from public addresses, a few redirects, bounded in time and size.

No cookie, no credential, no header of ours is ever sent along.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from messaging.public_http import is_private_refusal, public_client

MOST_BYTES = 8 * 1024 * 1024
SECONDS = 15.0
MOST_REDIRECTS = 4
HEADERS = {
    "User-Agent": "Baton/1 (knowledge; reads the pages that its owner names)",
    "Accept": "text/html, text/plain, application/pdf, text/csv",
}


class FetchRefused(Exception):
    """The page was not fetched, with the reason for whoever named it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    url: str
    content_type: str
    body: bytes
    encoding: str | None


def fetch(url: str, *, most_bytes: int = MOST_BYTES, seconds: float = SECONDS) -> Fetched:
    """GET it. Raises FetchRefused."""
    deadline = time.monotonic() + seconds
    for _ in range(MOST_REDIRECTS + 1):
        answer = _get(url, most_bytes, deadline)
        if isinstance(answer, Fetched):
            return answer
        url = urljoin(url, answer)
    raise FetchRefused(f"it redirects more than {MOST_REDIRECTS} times")


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise FetchRefused("it is not a web address that begins with http:// or https://")
    if parts.username or parts.password:
        raise FetchRefused("an address with a user name or password in it is not fetched")


def _get(url: str, most_bytes: int, deadline: float) -> Fetched | str:
    """The page, or where it has moved to."""
    _check(url)
    try:
        seconds = max(deadline - time.monotonic(), 0.05)
        with public_client(read_seconds=seconds) as client, client.stream("GET", url, headers=HEADERS) as response:
            if response.is_redirect and response.headers.get("location"):
                return str(response.headers["location"])
            if not response.is_success:
                raise FetchRefused(f"the server answered {response.status_code}")
            body = _read(response, most_bytes, deadline)
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Fetched(url, kind, body, response.charset_encoding)
    except httpx.TimeoutException as error:
        raise FetchRefused("it did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        if is_private_refusal(error):
            raise FetchRefused(f"{urlsplit(url).hostname} is not a public address") from error
        raise FetchRefused(f"it could not be reached ({type(error).__name__})") from error


def _read(response: httpx.Response, most_bytes: int, deadline: float) -> bytes:
    """A server that drips is cut by the deadline, one that floods by the size."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > most_bytes:
            raise FetchRefused(f"it is larger than {most_bytes // 1024 // 1024} MB")
        if time.monotonic() > deadline:
            raise FetchRefused("it did not answer in time")
    return bytes(body)
