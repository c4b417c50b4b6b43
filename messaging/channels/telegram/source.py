"""Telegram's door: whatever happens between a person and the bot."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Final

from messaging.doors.channels import load_channel
from messaging.doors.sources import (
    BadSignature,
    HookRequest,
    Knock,
    NoSuchDoor,
    Source,
    SourceRow,
    UnreadableBody,
)

from . import webhook

KIND: Final = "telegram"


class TelegramDoor:
    max_body = 1024 * 1024
    success_status = HTTPStatus.OK

    def load(self, token: str) -> SourceRow | None:
        return load_channel(KIND, token)

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        if request.rest != "inbound":
            raise NoSuchDoor(f"{KIND} has no door “{request.rest[:40]}”")
        if not webhook.verify(headers=request.headers, secrets=row.secrets):
            raise BadSignature(f"{KIND} channel {row.source_id}")
        try:
            update = webhook.read_update(request.body)
        except webhook.NotAnUpdate as error:
            raise UnreadableBody(str(error)) from error
        key = webhook.update_key(update, request.body)
        return Knock(kind="update", key=key, order_key=webhook.order_key(update) or key)


SOURCE: Final = Source(name=KIND, apply="messaging.channels.telegram.apply.apply_event", door=TelegramDoor())
