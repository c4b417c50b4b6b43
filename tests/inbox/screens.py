"""What the tests of the screens share: the cast behind signed-in browsers, and ways to read a page."""

from dataclasses import dataclass
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client

from crm.models import User
from project.kernel import clock
from tests.cast import Cast, gather_cast

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True, slots=True)
class Screens:
    cast: Cast
    bruno: Client
    vera: Client
    clara: Client

    def url(self, place: str) -> str:
        return f"/w/acme/{place}"

    @property
    def thread(self) -> str:
        return self.url(f"conversations/{self.cast.conversation.pk}/")


def open_screens() -> Screens:
    """The cast at the real now: screens ask the clock."""
    cast = gather_cast(clock.now())
    return Screens(cast, browser_of(cast.bruno), browser_of(cast.vera), browser_of(cast.clara))


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def text_of(response: HttpResponse) -> str:
    """The words on the page, with single spaces."""
    parser = _Text()
    parser.feed(response.content.decode())
    return " ".join(" ".join(parser.pieces).split())
