"""Fetching a page that somebody named: only from public addresses, a few redirects, bounded in time and size.

The address is resolved here and the connection goes to exactly what was checked: a name that answers differently a
moment later (DNS rebinding) reaches nothing. No cookie, no credential, no header of ours is ever sent along.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx
from django.conf import settings

MOST_BYTES = 8 * 1024 * 1024
SECONDS = 15.0
MOST_REDIRECTS = 4
PORTS = frozenset({80, 443, 8000, 8080, 8443})
AGENT = "Baton/1 (knowledge; reads the pages that its owner names)"


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


def public_address(url: str) -> str:
    """The IP address behind a URL that may be called. Raises FetchRefused."""
    parts = _split(url)
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port not in PORTS and not settings.ALLOW_PRIVATE_FETCHES:
        raise FetchRefused(f"port {port} is not one that pages are served on")
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchRefused(f"there is no such host: {parts.hostname}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.ALLOW_PRIVATE_FETCHES and not all(is_public(address) for address in addresses):
        raise FetchRefused(f"{parts.hostname} is not a public address")
    return addresses[0]


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or _nat64(ip)
        if embedded is not None:
            return is_public(str(embedded))
    return ip.is_global and not ip.is_multicast


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in ipaddress.ip_network("64:ff9b::/96") else None


def _split(url: str):  # type: ignore[no-untyped-def]
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise FetchRefused("it is not a web address that begins with http:// or https://")
    if parts.username or parts.password:
        raise FetchRefused("an address with a user name or password in it is not fetched")
    return parts


def _get(url: str, most_bytes: int, deadline: float) -> Fetched | str:
    """The page, or where it has moved to."""
    pinned, host = _pinned(url)
    seconds = max(deadline - time.monotonic(), 0.05)
    headers = {"Host": host, "User-Agent": AGENT, "Accept": "text/html, text/plain, application/pdf, text/csv"}
    extensions = {"sni_hostname": host.partition(":")[0]} if url.startswith("https") else {}
    try:
        with (
            httpx.Client(timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0)), trust_env=False) as client,
            client.stream("GET", pinned, headers=headers, extensions=extensions) as response,
        ):
            if response.is_redirect and response.headers.get("location"):
                return str(response.headers["location"])
            if not response.is_success:
                raise FetchRefused(f"the server answered {response.status_code}")
            body = _read(response, most_bytes, deadline)
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Fetched(url, kind, body, response.charset_encoding)
    except httpx.TimeoutException as error:
        raise FetchRefused("it did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FetchRefused(f"it could not be reached ({type(error).__name__})") from error


def _pinned(url: str) -> tuple[str, str]:
    """The URL with the checked IP address in the host's place, and the host as it is asked for."""
    address = public_address(url)
    parts = _split(url)
    literal = f"[{address}]" if ":" in address else address
    netloc = f"{literal}:{parts.port}" if parts.port else literal
    host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, "")), host


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
