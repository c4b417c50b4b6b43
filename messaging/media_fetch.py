"""Fetching what a customer sent along, with the provider's credentials and without trusting anything it says.

Pure of models. A kind of channel whose media must be fetched has `channels/<kind>/media.py` with

    fetch(config, secrets, item, *, raw) -> Fetched

where `item` is one entry of the message's `media` as the kind's own applier wrote it, and `raw()` gives the stored
body of the webhook that brought the message (for media that travel inside of it). It raises MediaRefused for what can
never be had and MediaUnavailable for what may be had later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings

from .public_http import is_private_refusal, public_client

MOST_REDIRECTS: Final = 3
WHOLE_SECONDS: Final = 60.0
"""For all of it: a server that sends a byte a second would keep within every single time-out."""

_PLAIN: Final = {"Accept-Encoding": "identity"}
"""A few compressed bytes may unfold to very many; files are compressed already."""

_PORTS: Final = {"http": 80, "https": 443}

Item = Mapping[str, Any]
Raw = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content, and what its provider claims of it: the type is looked at again, the name is only shown."""

    content: bytes
    content_type: str = ""
    file_name: str = ""


class MediaError(Exception):
    """`reason` is a sentence for whoever reads the thread."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MediaRefused(MediaError):
    """It is not to be had, or not to be kept; trying again would not help."""


class MediaUnavailable(MediaError):
    """The provider did not give it this time."""


class TooLarge(MediaRefused):
    def __init__(self, limit: int) -> None:
        super().__init__(f"The file is larger than {megabytes(limit)}.")


class Fetch(Protocol):
    def __call__(self, config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched: ...


def megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.3g} MB"


def host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: another port is another server, whatever its name."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def get(
    url: str,
    *,
    hosts: Collection[str],
    api_base: str = "",
    headers: Mapping[str, str] | None = None,
    file_name: str = "",
    max_bytes: int | None = None,
    whole_seconds: float = WHOLE_SECONDS,
) -> Fetched:
    """GET a provider's file. `headers` with its credentials go to `hosts` (and hosts below them) and nowhere else.

    `api_base` is the provider's address as the operator typed it in: it may lie in their own network, and counts as
    the provider's. Where the file itself lies is the provider's business: a redirect may lead to any public host.
    """
    limit = settings.MEDIA_MAX_BYTES if max_bytes is None else max_bytes
    journey = _Journey(tuple(hosts), _origin_of(api_base), limit, time.monotonic() + whole_seconds)
    if not journey.is_providers(url):
        raise MediaRefused(f"The provider named a file on {host_of(url) or 'no host'}, which is not one of its own.")
    for _ in range(MOST_REDIRECTS + 1):
        answer = journey.step(url, headers if journey.is_providers(url) else None)
        if isinstance(answer, Fetched):
            return Fetched(answer.content, answer.content_type, file_name)
        url = answer
    raise MediaRefused("The provider sends us from one address to the next without end.")


@dataclass(frozen=True, slots=True)
class _Journey:
    hosts: tuple[str, ...]
    base: tuple[str, str, int | None]
    max_bytes: int
    deadline: float

    def is_providers(self, url: str) -> bool:
        """Whether the address may know the credentials."""
        scheme, host, port = _origin_of(url)
        is_known = any(host == name or host.endswith(f".{name}") for name in self.hosts)
        return (is_known and scheme == "https" and port == _PORTS["https"]) or self._is_base(url)

    def _is_base(self, url: str) -> bool:
        return bool(self.base[1]) and _origin_of(url) == self.base

    def step(self, url: str, headers: Mapping[str, str] | None) -> Fetched | str:
        """The file, or where it is to be looked for next."""
        self._check_scheme(url)
        try:
            with (
                public_client(trusted_hosts=(host_of(url),) if self._is_base(url) else ()) as client,
                client.stream("GET", url, headers={**_PLAIN, **(headers or {})}) as answer,
            ):
                return self._read(url, answer)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            raise MediaRefused("The provider named an address that cannot be called.") from None
        except httpx.HTTPError as error:
            if is_private_refusal(error):
                raise MediaRefused("The provider named an address inside a private network.") from None
            raise MediaUnavailable(f"The provider did not send the file ({type(error).__name__}).") from None

    def _check_scheme(self, url: str) -> None:
        is_https = url.lower().startswith("https://")
        if not is_https and not (url.lower().startswith("http://") and self._may_be_plain(url)):
            raise MediaRefused("The provider named an address that is not https.")

    def _may_be_plain(self, url: str) -> bool:
        """In the operator's own network there may be no certificates."""
        return self._is_base(url) or bool(settings.REACHABLE_NETWORKS)

    def _read(self, url: str, answer: httpx.Response) -> Fetched | str:
        if answer.is_redirect:
            return urljoin(url, str(answer.headers.get("location", "")))
        if answer.status_code in (404, 410):
            raise MediaRefused("The provider does not have the file any more.")
        if not answer.is_success:
            raise MediaUnavailable(f"The provider did not send the file (HTTP {answer.status_code}).")
        return Fetched(self._content(answer), answer.headers.get("content-type", ""))

    def _content(self, answer: httpx.Response) -> bytes:
        """Counted while it arrives: what a server promises about the length is not believed."""
        content = bytearray()
        for piece in answer.iter_bytes():  # as it comes: a chunk size would wait until it is full
            content += piece
            if len(content) > self.max_bytes:
                raise TooLarge(self.max_bytes)
            if time.monotonic() > self.deadline:
                raise MediaUnavailable("The provider sent the file too slowly.")
        return bytes(content)
