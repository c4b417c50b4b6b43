"""Meta's door for Instagram: one callback for messages, reactions and what was read, several in one request."""

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

KIND: Final = "instagram"
ORDER: Final = "batches"


class InstagramDoor:
    max_body = 4 * 1024 * 1024
    success_status = HTTPStatus.OK

    def load(self, token: str) -> SourceRow | None:
        return load_channel(KIND, token)

    def confirm(self, request: HookRequest, row: SourceRow) -> bytes:
        self._check_path(request)
        challenge = webhook.challenge_of(request.query, row.secrets.get("verify_token", ""))
        if challenge is None:
            raise WrongVerifyToken(f"{KIND} channel {row.source_id}")
        return challenge

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        """An app with Instagram login signs with a secret of its own; which of the two it is Meta does not say."""
        self._check_path(request)
        secrets = [row.secrets.get(name, "") for name in ("app_secret", "instagram_app_secret")]
        signature = request.headers.get(webhook.SIGNATURE_HEADER, "")
        if not any(webhook.is_signed(request.body, signature, secret) for secret in secrets):
            raise BadSignature(f"{KIND} channel {row.source_id}")
        return Knock(kind="batch", key=webhook.batch_key(request.body, secrets[0] or secrets[1]), order_key=ORDER)

    def _check_path(self, request: HookRequest) -> None:
        if request.rest:
            raise NoSuchDoor(f"{KIND} has no door “{request.rest[:40]}”")


SOURCE: Final = Source(name=KIND, apply="messaging.channels.instagram.apply.apply_event", door=InstagramDoor())
