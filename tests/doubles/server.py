"""A small threaded HTTP server that the doubles of outer services are built on.

Inside tests: `with TwilioDouble() as twilio: ... twilio.url ...`. Alone: `run_alone(TwilioDouble(port=9001))`.
A subclass answers requests in `answer(request) -> Response`; it may be called from many threads at once.
"""

from __future__ import annotations

import json
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

HANG_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]  # case-insensitive, as http.client reads them
    body: bytes
    arrived_at: float  # time.time() when the last of it came to the socket, however late it was read
    client_port: int = 0  # tells which process calls

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    promised_length: int | None = None  # more than the body has: the client waits, then sees it cut

    @classmethod
    def json(cls, status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
        return cls(status, json.dumps(content).encode(), headers=headers or {})

    @classmethod
    def html(cls, status: int, text: str) -> Response:
        return cls(status, text.encode(), "text/html")


@dataclass(frozen=True, slots=True)
class Hang:
    """Answer nothing; hold the connection open, then drop it."""

    seconds: float = HANG_SECONDS


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection after the request has been read (the client sees ECONNRESET)."""


@dataclass(frozen=True, slots=True)
class Drip:
    """An answer of whose body only a byte comes now and then, each within every time-out."""

    length: int = 1000
    pause: float = 0.05


Answer = Response | Hang | Reset | Drip


class HttpDouble:
    """Starts on construction of the context, or by `start()`; port 0 takes a free port."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = _Server((host, port), self)
        self.host, self.port = self._server.server_address[:2]
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def connections_made(self) -> int:
        return self._server.connections_made

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def finish(self, request: Request) -> None:
        """The answer has left, or its caller has."""

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.drop_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], double: HttpDouble) -> None:
        self.double = double
        self._connections: set[socket.socket] = set()
        self.connections_made = 0
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    @contextmanager
    def connection(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self._connections.add(connection)
            self.connections_made += 1
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def drop_connections(self) -> None:
        # A kept-alive client would otherwise still be served by a double that has stopped.
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _ignore_closed(connection.shutdown, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that time out and leave are what many tests are about


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        with self.server.connection(self.connection):
            super().handle()

    def answer_any(self) -> None:
        request = self._read_request()
        try:
            self._give(self.server.double.answer(request))
        finally:
            self.server.double.finish(request)

    def _give(self, answer: Answer) -> None:
        if isinstance(answer, Response):
            self._write(answer)
        elif isinstance(answer, Hang):
            self._hold_open(answer.seconds)
            self.close_connection = True
        elif isinstance(answer, Drip):
            self._drip(answer)
        else:
            self._break_connection()

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = answer_any

    def _read_request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        arrived_at = time.time() - _seconds_since_data(self.connection)
        return Request(self.command, parts.path, parts.query, self.headers, body, arrived_at, self.client_address[1])

    def _hold_open(self, seconds: float) -> None:
        """Until the time is over, the double stops, or the caller has gone."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.server.double.stopping.wait(0.05):
            if self._caller_has_gone():
                return

    def _drip(self, drip: Drip) -> None:
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {drip.length}\r\n\r\n".encode())
        for _ in range(drip.length):
            if self.server.double.stopping.wait(drip.pause) or self._caller_has_gone():
                break
            self.wfile.write(b".")
        self.close_connection = True

    def _caller_has_gone(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _write(self, response: Response) -> None:
        # One write for head and body: two small packets meet delayed ACKs and cost 40 ms each.
        self.send_response_only(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(response.promised_length or len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        head = b"".join(self._headers_buffer) + b"\r\n"  # type: ignore[attr-defined]
        self._headers_buffer = []
        self.wfile.write(head + response.body)
        self.close_connection = self.close_connection or response.promised_length is not None

    def _break_connection(self) -> None:
        self.close_connection = True
        linger_zero = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        # A plain close() is undone by rfile/wfile still holding the descriptor.
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        self.rfile = self.wfile = _Closed()  # type: ignore[assignment]

    def log_message(self, format: str, *args: Any) -> None:
        pass


_TCP_INFO_SIZE = 56
_LAST_DATA_RECEIVED = 52  # tcpi_last_data_recv in struct tcp_info of linux/tcp.h, milliseconds


def _seconds_since_data(connection: socket.socket) -> float:
    """What the kernel knows: on a busy machine a thread may read seconds later what has long been delivered."""
    if not hasattr(socket, "TCP_INFO"):
        return 0.0
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    milliseconds: int = struct.unpack_from("I", told, _LAST_DATA_RECEIVED)[0]
    return milliseconds / 1000


class _Closed:
    """Stands in for the files of a broken connection, which the base class flushes and closes again."""

    closed = True

    def flush(self) -> None: ...

    def close(self) -> None: ...


def _ignore_closed(action: Any, *args: Any) -> None:
    with suppress(OSError):
        action(*args)


def run_alone(double: HttpDouble, *, name: str) -> None:
    """Serve until SIGINT or SIGTERM."""
    double.start()
    print(f"{name} double on {double.url}", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: double.stopping.set())
    double.stopping.wait()
    double.stop()
