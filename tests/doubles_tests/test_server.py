"""What every double can rely on."""

import socket
import time

from tests.doubles.server import Answer, HttpDouble, Request, Response

KNOCK = b"POST /knock HTTP/1.1\r\nHost: double\r\nContent-Length: 5\r\n\r\nhello"


class Diary(HttpDouble):
    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return Response.json(200, {})


def test_a_request_has_arrived_when_it_came_to_the_socket_however_late_it_is_read() -> None:
    diary = Diary()
    with socket.create_connection((diary.host, diary.port)) as caller:
        caller.sendall(KNOCK)
        sent_at = time.time()
        time.sleep(0.5)
        with diary:
            assert caller.recv(100).startswith(b"HTTP/1.1 200")
    assert abs(diary.requests[0].arrived_at - sent_at) < 0.2
