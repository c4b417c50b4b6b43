"""A visitor of the web chat: answered, seen, stopped, and back again."""

import json
from typing import Any

import pytest
from django.test import Client

from messaging.channels.webchat.identity import new_visitor, sign_visitor
from messaging.services.channels import create_channel
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.journeys.world import World

CONFIRMED = "You will get no more messages from us here."


class Page:
    """The visitor's page, as far as HTTP sees it, on the world's own company."""

    def __init__(self, world: World) -> None:
        self.world = world
        with workspace_scope(world.acme):
            channel = create_channel(workspace=world.acme, kind="webchat", name="Site", values={}, now=world.now)
        self.base = f"/chat/{channel.token}/"
        self.headers = {"Authorization": f"Visitor {sign_visitor(new_visitor(channel))}"}
        self.client = Client(enforce_csrf_checks=True)
        self.said = 0

    def says(self, text: str) -> None:
        self.said += 1
        self._post("messages/", {"id": f"message-{self.said}", "text": text})
        self.world.now = clock.now()
        self.world.settle()

    def shows(self, *messages: dict[str, Any]) -> None:
        self._post("seen/", {"read": [message["id"] for message in messages]})

    def answers(self) -> list[dict[str, Any]]:
        lines = self.client.get(f"{self.base}messages/", headers=self.headers).json()["messages"]
        return [line for line in lines if line["voice"] != "you"]

    def _post(self, door: str, body: dict[str, Any]) -> None:
        answer = self.client.post(self.base + door, json.dumps(body), "application/json", headers=self.headers)
        assert answer.status_code < 300, answer.content


@pytest.fixture
def page(world: World) -> Page:
    return Page(world)


def test_a_visitor_is_answered_seen_stopped_and_comes_back(page: Page) -> None:
    page.says("Hello, what does it cost?")
    [reply] = page.answers()
    page.shows(reply)
    assert page.answers()[0]["receipt"] == "read"

    page.says("Please stop writing to me")
    assert page.answers()[-1]["text"].startswith(CONFIRMED)
    heard = len(page.answers())
    page.says("STOP")
    assert len(page.answers()) == heard == 2

    page.says("START")
    page.says("Hello, what does it cost?")
    assert len(page.answers()) > heard
