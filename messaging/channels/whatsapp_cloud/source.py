"""Meta's door. One callback serves messages, statuses and news of the account, up to a thousand in one request."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Final

from messaging.channels.meta import webhook
from messaging.doors.channels import load_channel
from messaging.doors.sources import (
    BadSignature,
    HookRequest,
    Knock,
    NoSuchDoor,
    Source,
    SourceRow,
    WrongVerifyToken,
)

KIND: Final = "whatsapp_cloud"
ORDER: Final = "batches"
"""Batches of a channel are taken apart in the order in which they came, so that the messages in them keep theirs."""


class CloudDoor:
    max_body = 4 * 1024 * 1024  # Meta promises to stay within three
    success_status = HTTPStatus.OK  # anything else, 204 too, is delivered again for seven days

    def load(self, token: str) -> SourceRow | None:
        return load_channel(KIND, token)

    def confirm(self, request: HookRequest, row: SourceRow) -> bytes:
        self._check_path(request)
        challenge = webhook.challenge_of(request.query, row.secrets.get("verify_token", ""))
        if challenge is None:
            raise WrongVerifyToken(f"{KIND} channel {row.source_id}")
        return challenge

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        """Only the bytes are looked at: three megabytes of JSON would hold up every other webhook."""
        self._check_path(request)
        secret = row.secrets.get("app_secret", "")
        if not webhook.is_signed(request.body, request.headers.get(webhook.SIGNATURE_HEADER, ""), secret):
            raise BadSignature(f"{KIND} channel {row.source_id}")
        return Knock(kind="batch", key=webhook.batch_key(request.body, secret), order_key=ORDER)

    def _check_path(self, request: HookRequest) -> None:
        if request.rest:
            raise NoSuchDoor(f"{KIND} has no door “{request.rest[:40]}”")


SOURCE: Final = Source(name=KIND, apply="messaging.channels.whatsapp_cloud.apply.apply_event", door=CloudDoor())
