"""The visitor's socket, over the real channel layer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.utils import timezone

from crm.models import Workspace
from messaging.channels.webchat import consumers
from messaging.channels.webchat.identity import Visitor, new_visitor, sign_visitor
from messaging.channels.webchat.payloads import MAX_BODY
from messaging.channels.webchat.routing import websocket_urlpatterns
from messaging.services.channels import create_channel
from messaging.services.inbox import apply_one_due_event
from project.kernel.scope import workspace_scope
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)
application = URLRouter(websocket_urlpatterns)


@pytest.fixture
def davi(db: None) -> Visitor:
    workspace = Workspace.objects.create(slug="prado", name="Prado & Co")
    with workspace_scope(workspace):
        chat = create_channel(workspace=workspace, kind="webchat", name="Site", values={}, now=timezone.now())
    return new_visitor(chat)


@asynccontextmanager
async def page(visitor: Visitor, *, says_hello: bool = True) -> AsyncIterator[Socket]:
    socket = Socket(application, f"/ws/chat/{visitor.channel.token}/")
    assert await socket.connect() is None
    if says_hello:
        await socket.send_json({"type": "hello", "visitor": sign_visitor(visitor)})
        assert (await socket.receive_json())["type"] == "messages"
    yield socket
    await socket.disconnect()


async def say(socket: Socket, text: str, id: str = "message-1") -> Any:
    await socket.send_json({"type": "say", "id": id, "text": text})
    return await socket.receive_json()


async def apply_everything() -> None:
    await sync_to_async(apply_one_due_event)(timezone.now())


async def test_a_message_is_taken_and_comes_back_as_part_of_the_conversation(davi: Visitor) -> None:
    async with page(davi) as socket:
        assert await say(socket, "Hello") == {"type": "taken", "id": "message-1"}
        await apply_everything()
        news = await socket.receive_json()
    assert [(line["voice"], line["text"]) for line in news["messages"]] == [("you", "Hello")]


async def test_every_tab_of_the_visitor_hears_the_news_and_no_stranger_does(davi: Visitor) -> None:
    stranger = new_visitor(davi.channel)
    async with page(davi) as first, page(davi) as second, page(stranger) as third:
        await say(first, "Hello")
        await apply_everything()
        assert (await second.receive_json())["messages"][0]["text"] == "Hello"
        assert await third.receive_nothing(timeout=0.3)


async def test_after_a_reload_the_history_is_there(davi: Visitor) -> None:
    async with page(davi) as socket:
        await say(socket, "Hello")
        await apply_everything()
    async with page(davi, says_hello=False) as socket:
        await socket.send_json({"type": "hello", "visitor": sign_visitor(davi), "after": 0})
        assert (await socket.receive_json())["messages"][0]["text"] == "Hello"


async def test_who_speaks_before_saying_hello_is_shut_out(davi: Visitor) -> None:
    async with page(davi, says_hello=False) as socket:
        await socket.send_json({"type": "say", "id": "message-1", "text": "Hello"})
        assert await socket.closed_with() == consumers.FORBIDDEN


async def test_a_forged_hello_is_shut_out(davi: Visitor) -> None:
    async with page(davi, says_hello=False) as socket:
        await socket.send_json({"type": "hello", "visitor": sign_visitor(davi)[:-1] + "x"})
        assert await socket.closed_with() == consumers.FORBIDDEN


async def test_who_says_nothing_is_shut_out(davi: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.05)
    async with page(davi, says_hello=False) as socket:
        assert await socket.closed_with() == consumers.SILENT


async def test_an_unknown_chat_does_not_open(davi: Visitor) -> None:
    assert await Socket(application, "/ws/chat/no-such-chat/").connect() == consumers.NOT_FOUND


@pytest.mark.parametrize("frame", ["", "{", "[]", "null", '{"type": "shout"}', '{"type": 7}', "[" * 5000])
async def test_a_frame_that_cannot_be_read_is_refused_and_the_socket_stays(davi: Visitor, frame: str) -> None:
    async with page(davi) as socket:
        await socket.send_text(frame)
        assert (await socket.receive_json())["type"] == "refused"
        assert (await say(socket, "still here"))["type"] == "taken"


async def test_a_message_that_is_too_long_is_refused_by_its_id(davi: Visitor) -> None:
    async with page(davi) as socket:
        refusal = await say(socket, "x" * 4001)
    assert refusal["type"] == "refused"
    assert refusal["id"] == "message-1"
    assert "4000" in refusal["reason"]


async def test_a_frame_too_large_ends_the_socket(davi: Visitor) -> None:
    async with page(davi) as socket:
        await socket.send_text("x" * (MAX_BODY + 1))
        assert await socket.closed_with() == consumers.TOO_LARGE


async def test_a_binary_frame_ends_the_socket(davi: Visitor) -> None:
    async with page(davi) as socket:
        await socket.send_bytes(b"\x00")
        assert await socket.closed_with() == consumers.TOO_LARGE


async def test_half_an_emoji_is_taken(davi: Visitor) -> None:
    async with page(davi) as socket:
        await socket.send_text(json.dumps({"type": "say", "id": "message-1", "text": "cut \ud83d"}))
        assert (await socket.receive_json())["type"] == "taken"
        await apply_everything()
        assert (await socket.receive_json())["messages"][0]["text"].startswith("cut ")
