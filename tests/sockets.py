"""A browser's side of a WebSocket, without a network. Channels' own cannot be imported without Daphne."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

PATIENCE = 3  # seconds


class Socket(ApplicationCommunicator):  # type: ignore[misc]
    def __init__(self, application: Any, path: str, **scope: Any) -> None:
        super().__init__(
            application,
            {"type": "websocket", "path": path, "query_string": b"", "headers": [], "subprotocols": [], **scope},
        )

    async def connect(self) -> int | None:
        """None when the socket opened, else the code with which it was closed."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(PATIENCE)
        return None if answer["type"] == "websocket.accept" else int(answer["code"])

    async def send_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def send_bytes(self, content: bytes) -> None:
        await self.send_input({"type": "websocket.receive", "bytes": content})

    async def send_json(self, frame: Any) -> None:
        await self.send_text(json.dumps(frame))

    async def receive_json(self) -> Any:
        frame = await self.receive_output(PATIENCE)
        assert frame["type"] == "websocket.send", frame
        return json.loads(frame["text"])

    async def closed_with(self) -> int:
        frame = await self.receive_output(PATIENCE)
        assert frame["type"] == "websocket.close", frame
        return int(frame["code"])

    async def disconnect(self, code: int = 1000) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": code})
        await self.wait(PATIENCE)
