"""Where a provider's files lie: a host of its own that serves them, and misbehaves by path.

with FilesDouble() as cdn:
    url = cdn.put("photo.jpg", PNG, "image/jpeg")
    cdn.redirect("old", url)
    cdn.answers["/slow"] = Drip()
"""

from __future__ import annotations

import base64
from typing import Final

from tests.doubles.server import Answer, HttpDouble, Request, Response

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAGCAIAAAB1kpiRAAAAFUlEQVR42mPUiFrAgBswMeAFAykNANUOAS4qKTNnAAAAAElFTkSuQmCC"
)
PDF: Final = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OGG: Final = b"OggS\x00\x02" + b"\x00" * 20 + b"\x01\x13OpusHead\x01\x01" + b"\x00" * 200
HTML: Final = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
METADATA: Final = "http://169.254.169.254/latest/meta-data/"


class FilesDouble(HttpDouble):
    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self.answers: dict[str, Answer] = {}
        self.requests: list[Request] = []

    @property
    def elsewhere(self) -> str:
        """The same server under another name, as another host."""
        return f"http://localhost:{self.port}"

    def put(self, name: str, content: bytes, content_type: str) -> str:
        self.answers[f"/{name}"] = Response(200, content, content_type)
        return f"{self.url}/{name}"

    def redirect(self, name: str, url: str) -> str:
        self.answers[f"/{name}"] = Response(302, headers={"Location": url})
        return f"{self.url}/{name}"

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers.get(request.path, Response(404))

    def logins(self) -> list[str | None]:
        """The credentials that came with each request, in order."""
        return [request.headers.get("Authorization") for request in self.requests]
