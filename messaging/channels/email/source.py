"""The doors of an e-mail channel: mails, and what became of ours."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Final

from messaging.doors.channels import load_channel
from messaging.doors.sources import BadSignature, HookRequest, Knock, NoSuchDoor, Source, SourceRow

from . import webhook

KIND: Final = "email"
KINDS: Final = {"inbound": "mail", "status": "status"}
ORDER: Final = {"inbound": "mails", "status": "reports"}
"""A channel's mails are applied in the order in which they came, and nobody waits for reports."""


class EmailDoor:
    max_body = 36 * 1024 * 1024  # Postmark passes 35 on
    success_status = HTTPStatus.OK

    def load(self, token: str) -> SourceRow | None:
        return load_channel(KIND, token)

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        """Only the bytes are looked at: thirty megabytes of JSON would hold up every other webhook."""
        if request.rest not in KINDS:
            raise NoSuchDoor(f"{KIND} has no door “{request.rest[:40]}”")
        provider, headers, body = str(row.settings.get("provider", "")), request.headers, request.body
        if not webhook.is_genuine(provider, headers=headers, body=body, secrets=row.secrets, now=now):
            raise BadSignature(f"{KIND} channel {row.source_id}")
        key = webhook.key_of(provider, headers=headers, body=body)
        return Knock(kind=KINDS[request.rest], key=key, order_key=ORDER[request.rest])


SOURCE: Final = Source(name=KIND, apply="messaging.channels.email.apply.apply_event", door=EmailDoor())
