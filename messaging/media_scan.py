"""Looking for malware before a file is kept, by whatever the operator has: clamd, or a function of their own.

`MEDIA_SCANNER` is empty, `clamd://host:3310`, `clamd:///run/clamav/clamd.sock`, or the dotted name of a function
`scan(content: bytes, file_name: str) -> str`, whose answer is what was found, or nothing. A scanner that fails means
that the file waits: nothing is kept unseen.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Final, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from .media_fetch import MediaUnavailable

SECONDS: Final = 30.0
PIECE: Final = 64 * 1024

Scan = Callable[[bytes, str], str]


def scan(content: bytes, file_name: str) -> str:
    """What the scanner found, or nothing; raises MediaUnavailable when it cannot say."""
    scanner = settings.MEDIA_SCANNER
    if not scanner:
        return ""
    try:
        if scanner.startswith("clamd://"):
            return ask_clamd(scanner, content)
        return cast(Scan, import_string(scanner))(content, file_name) or ""
    except Exception as error:
        raise MediaUnavailable(f"The file could not be scanned ({type(error).__name__}).") from error


class ClamdError(Exception):
    """clamd answered, and not with a verdict."""


def ask_clamd(address: str, content: bytes) -> str:
    """INSTREAM: pieces with their lengths before them, an empty one at the end; clamd's own words for a finding."""
    with _connected(address) as connection:
        connection.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            connection.sendall(struct.pack("!I", len(piece)) + piece)
        connection.sendall(struct.pack("!I", 0))
        answer = _read_to_end(connection)
    if answer == "stream: OK":
        return ""
    if answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    raise ClamdError(answer[:200])


def _connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.hostname:
        return socket.create_connection((parts.hostname, parts.port or 3310), timeout=SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS)
    try:
        connection.connect(parts.path)
    except OSError:
        connection.close()
        raise
    return connection


def _read_to_end(connection: socket.socket) -> str:
    answer = bytearray()
    while b"\0" not in answer and len(answer) < 4096:
        piece = connection.recv(4096)
        if not piece:
            break
        answer += piece
    return answer.decode("utf-8", "replace").strip("\0\r\n ")
