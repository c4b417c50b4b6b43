"""The visitor's socket. It brings speed only: whatever it loses, the page fetches again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from messaging.live import visitor_group
from messaging.models import Channel
from project.kernel import clock

from .doors import find_chat
from .identity import ForgedVisitor, Visitor, read_visitor
from .pace import TooFast
from .payloads import MAX_BODY, Frame, Hello, Said, Seen, UnreadableRequest, read_object, read_request
from .transcript import Transcript, read_transcript, record_seen
from .webhook import keep_message

HELLO_SECONDS: Final = 10
NOT_FOUND, FORBIDDEN, SILENT, TOO_LARGE = 4404, 4403, 4408, 1009


class VisitorConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Frames in: hello (first), say, seen. Frames out: messages, taken, refused."""

    channel: Channel
    visitor: Visitor | None = None
    after = 0  # the seq up to which this tab has been served
    was_replying = False
    hello_due: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        try:
            self.channel = await database_sync_to_async(find_chat)(self.scope["url_route"]["kwargs"]["token"])
        except Channel.DoesNotExist:
            await self.close(NOT_FOUND)
            return
        await self.accept()
        loop = asyncio.get_running_loop()
        self.hello_due = loop.call_later(HELLO_SECONDS, lambda: loop.create_task(self.close(SILENT)))

    async def disconnect(self, code: int) -> None:
        self._stop_waiting()
        if self.visitor:
            await self.channel_layer.group_discard(_group(self.visitor), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        if text_data is None or len(text_data) > MAX_BODY:
            await self.close(TOO_LARGE)
            return
        try:
            await self._take(read_request(Frame, text_data))
        except UnreadableRequest as error:
            await self.send_json({"type": "refused", "reason": error.problem})
        except ForgedVisitor:
            await self.close(FORBIDDEN)

    async def conversation_changed(self, event: dict[str, Any]) -> None:
        """The channel layer's news: somebody spoke, or a status moved."""
        if self.visitor:
            await self._send_news(await database_sync_to_async(read_transcript)(self.visitor, after=self.after))

    async def _take(self, frame: Frame) -> None:
        if frame.type == "hello":
            await self._greet(read_object(Hello, frame.content))
        elif self.visitor is None:
            raise ForgedVisitor
        elif frame.type == "say":
            await self._say(self.visitor, frame)
        else:
            seen = read_object(Seen, frame.content)
            await database_sync_to_async(record_seen)(self.visitor, seen, now=clock.now())

    async def _greet(self, hello: Hello) -> None:
        visitor = read_visitor(self.channel, hello.visitor)
        self._stop_waiting()
        self.visitor, self.after = visitor, hello.after
        # Join first, read second: what happens in between arrives twice rather than never.
        await self.channel_layer.group_add(_group(visitor), self.channel_name)
        transcript = await database_sync_to_async(read_transcript)(visitor, after=self.after)
        await self._send_news(transcript, even_if_empty=True)

    async def _say(self, visitor: Visitor, frame: Frame) -> None:
        try:
            said = read_object(Said, frame.content)
            await database_sync_to_async(keep_message)(visitor, said, now=clock.now())
        except UnreadableRequest as error:
            await self.send_json({"type": "refused", "id": frame.content.get("id"), "reason": error.problem})
        except TooFast as error:
            refusal = {"type": "refused", "id": said.id, "reason": str(error), "retry_after": error.retry_after}
            await self.send_json(refusal)
        else:
            await self.send_json({"type": "taken", "id": said.id})

    async def _send_news(self, transcript: Transcript, *, even_if_empty: bool = False) -> None:
        if not (even_if_empty or transcript.lines or transcript.is_replying != self.was_replying):
            return
        self.was_replying = transcript.is_replying
        self.after = max([self.after, *(line.seq for line in transcript.lines)])
        await self.send_json({"type": "messages", **transcript.as_json()})

    def _stop_waiting(self) -> None:
        if self.hello_due:
            self.hello_due.cancel()


def _group(visitor: Visitor) -> str:
    return visitor_group(visitor.channel.workspace_id, visitor.id)
