"""The door for transcripts of calls. Words that nobody agreed to are dropped here, before anything is stored."""

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

KIND: Final = "voice_transcript"
ORDER: Final = "calls"


class TranscriptDoor:
    max_body = 2 * 1024 * 1024  # the words of a day
    success_status = HTTPStatus.ACCEPTED

    def load(self, token: str) -> SourceRow | None:
        return load_channel(KIND, token)

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        if request.rest != "calls":
            raise NoSuchDoor(f"{KIND} has no door “{request.rest[:40]}”")
        header, key = request.headers.get(webhook.SIGNATURE_HEADER, ""), row.secrets.get("signing_key", "")
        if not webhook.is_signed(header=header, body=request.body, signing_key=key, now=now):
            raise BadSignature(f"{KIND} channel {row.source_id}")
        try:
            call = webhook.read_call(request.body)
        except webhook.NotACall as error:
            raise UnreadableBody(str(error)) from error
        known = webhook.key_of(call, request.body)
        return Knock(kind="inbound", key=known, order_key=ORDER, kept=webhook.kept_of(call))


SOURCE: Final = Source(name=KIND, apply="messaging.channels.voice_transcript.apply.apply_event", door=TranscriptDoor())
