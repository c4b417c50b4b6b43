"""The staff's socket: it says what changed, never what it changed to; the page fetches that itself."""

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from crm.access import NotAllowed, NotFound, access_workspace
from messaging.live import workspace_group

NOT_YOURS = 4403


class InboxConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One for each open page: members of the workspace hear of its conversations, strangers are turned away."""

    group: str | None = None

    async def connect(self) -> None:
        workspace_id = await self._workspace_id()
        if workspace_id is None:
            await self.close(code=NOT_YOURS)
            return
        self.group = workspace_group(workspace_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """The page has nothing to say; what it sends is dropped unread."""

    async def conversation_changed(self, news: dict[str, Any]) -> None:
        await self.send_json(news)

    async def handover_alert(self, news: dict[str, Any]) -> None:
        await self.send_json(news)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _workspace_id(self) -> int | None:
        user = self.scope["user"]
        if not user.is_authenticated:
            return None
        try:
            return access_workspace(user, self.scope["url_route"]["kwargs"]["slug"]).pk
        except (NotFound, NotAllowed):
            return None
