"""Another system that is told what happens: it keeps what it got, and answers as it is told to.

with ReceiverDouble() as crm:
    crm.then(Response(500), Response(200))
    crm.got[0].json()
"""

from __future__ import annotations

from collections import deque

from tests.doubles.server import Answer, HttpDouble, Request, Response


class ReceiverDouble(HttpDouble):
    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self.got: list[Request] = []
        self.usual: Answer = Response(204)
        self._next: deque[Answer] = deque()

    def then(self, *answers: Answer) -> None:
        """The next calls are answered so, in this order; after them as usual."""
        self._next.extend(answers)

    def answer(self, request: Request) -> Answer:
        self.got.append(request)
        return self._next.popleft() if self._next else self.usual

    def events(self) -> list[str]:
        return [request.json()["event"] for request in self.got]
