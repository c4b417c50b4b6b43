"""A double of clamd: it reads a stream in its pieces and says what it found."""

from __future__ import annotations

import socketserver
import struct
import threading
from typing import Self


class ClamdDouble(socketserver.ThreadingTCPServer):
    """`says` is the next answer; without one it finds EICAR, or nothing."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, says: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Scan)
        self.says = says
        self.seen: list[bytes] = []

    @property
    def address(self) -> str:
        return f"clamd://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Scan(socketserver.StreamRequestHandler):
    server: ClamdDouble

    def handle(self) -> None:
        if self.rfile.read(10) != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        content = bytearray()
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.server.seen.append(bytes(content))
        found = "stream: Eicar-Test-Signature FOUND" if b"EICAR" in content else "stream: OK"
        self.wfile.write((self.server.says or found).encode() + b"\0")
