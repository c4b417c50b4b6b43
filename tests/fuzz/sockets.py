"""Requests that no HTTP client would make: broken lengths, broken chunks, broken lines."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx

from tests.fuzz.knockers import Knocker

PATIENCE_SECONDS = 3.0


def knock_raw(client: httpx.Client, request: bytes) -> bytes:
    """Send these very bytes, then nothing more; the first answer, or nothing when the server hangs up."""
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as caller:
        try:
            caller.sendall(request)
            caller.shutdown(socket.SHUT_WR)
            return caller.recv(65_536)
        except (TimeoutError, ConnectionError):
            return b""


def _request(knocker: Knocker, *lines: str, body: bytes = b"", method: str = "POST", version: str = "1.1") -> bytes:
    signed = [f"{name}: {value}" for name, value in knocker.headers(knocker.honest(1)).items()]
    head = [f"{method} {knocker.path} HTTP/{version}", "Host: testserver", *signed, *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def _chunked(knocker: Knocker, body: bytes) -> bytes:
    return _request(knocker, "Transfer-Encoding: chunked", body=body)


def _of_length(knocker: Knocker, length: str) -> bytes:
    return _request(knocker, f"Content-Length: {length}", body=knocker.honest(1))


BROKEN: dict[str, Callable[[Knocker], bytes]] = {
    "a chunk that is no number": lambda at: _chunked(at, b"zz\r\nabc\r\n0\r\n\r\n"),
    "a negative chunk": lambda at: _chunked(at, b"-5\r\nabc\r\n0\r\n\r\n"),
    "a chunk longer than announced": lambda at: _chunked(at, b"2\r\nabcdef\r\n0\r\n\r\n"),
    "a chunk cut short": lambda at: _chunked(at, b"ffff\r\nMessageSid=SM1"),
    "no last chunk": lambda at: _chunked(at, b"5\r\nabcde\r\n"),
    "a chunk of more bytes than there are": lambda at: _chunked(at, b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n"),
    "more announced than sent": lambda at: _of_length(at, "100000"),
    "less announced than sent": lambda at: _of_length(at, "5"),
    "a negative length": lambda at: _of_length(at, "-1"),
    "a length that is no number": lambda at: _of_length(at, "many"),
    "an endless length": lambda at: _of_length(at, "9" * 400),
    "two lengths": lambda at: _request(at, "Content-Length: 3", "Content-Length: 4", body=b"abcd"),
    "a length and chunks": lambda at: _request(
        at, "Content-Length: 3", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"
    ),
    "an unknown encoding": lambda at: _request(at, "Transfer-Encoding: gzip, carrier-pigeon", body=b"abc"),
    "a compressed body": lambda at: _request(at, "Content-Encoding: gzip", "Content-Length: 3", body=b"\x1f\x8b\x00"),
    "a body nobody announced": lambda at: _request(at, body=at.honest(1)),
    "a NUL in a header": lambda at: _request(at, "X-Null: a\x00b", "Content-Length: 0"),
    "a header without a name": lambda at: _request(at, ": nameless", "Content-Length: 0"),
    "a header as long as a book": lambda at: _request(at, f"X-Long: {'x' * 300_000}", "Content-Length: 0"),
    "ten thousand headers": lambda at: _request(at, *(f"X-{n}: {n}" for n in range(10_000)), "Content-Length: 0"),
    "no host": lambda at: f"POST {at.path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode(),
    "another version": lambda at: _request(at, "Content-Length: 0", version="9.9"),
    "an upgrade": lambda at: _request(at, "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"),
    "an expectation": lambda at: _request(at, "Expect: 100-continue", "Content-Length: 500"),
    "a path of bytes": lambda at: _request(at).replace(at.path.encode(), at.path.encode() + b"\xff\xfe%00%ff", 1),
    "bare newlines": lambda at: _request(at, "Content-Length: 0").replace(b"\r\n", b"\n"),
    "another protocol": lambda at: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "nothing": lambda at: b"\r\n\r\n",
}
