"""A company's web site: pages that move, drip, grow without end, or are not there."""

from __future__ import annotations

from tests.doubles.server import Answer, Hang, HttpDouble, Request, Response

TERMS = """<html><head><title>Terms of Acme</title></head><body><nav>Home</nav><main><h1>Returns</h1>
<p>Anything can be returned within 45 days, unopened or not.</p><h2>Warranty</h2><p>Kettles have a warranty of
three years.</p></main></body></html>"""


class WebSite(HttpDouble):
    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Answer] = {"/terms": Response.html(200, TERMS)}
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.pages.get(request.path, Response.html(404, "nothing here"))

    def moved(self, path: str, to: str) -> None:
        self.pages[path] = Response(302, b"", "text/html", {"Location": to})

    def silent(self, path: str) -> None:
        self.pages[path] = Hang(3.0)
