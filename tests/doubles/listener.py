"""The other end of a webhook: remembers what it was sent."""

from __future__ import annotations

from tests.doubles.server import Answer, HttpDouble, Request, Response


class Listener(HttpDouble):
    def __init__(self, *, status: int = 204) -> None:
        super().__init__()
        self.status = status
        self.heard: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.heard.append(request)
        return Response(self.status)
