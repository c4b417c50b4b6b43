"""Calendly's door: calls that were booked, canceled, moved or missed."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Final

from handover.models import CalendlyConnection
from messaging.doors.sources import (
    BadSignature,
    HookRequest,
    Knock,
    NoSuchDoor,
    Source,
    SourceRow,
    UnreadableBody,
)
from project.kernel.scope import across_workspaces

from . import webhook


class CalendlyDoor:
    max_body = 1024 * 1024
    success_status = HTTPStatus.OK

    def load(self, token: str) -> SourceRow | None:
        with across_workspaces():
            connection = CalendlyConnection.objects.filter(door_token=token).first()
        if connection is None:
            return None
        return SourceRow(connection.workspace_id, connection.pk, connection.secrets, settings={})

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        if request.rest:
            raise NoSuchDoor(f"calendly has no door “{request.rest[:40]}”")
        if not webhook.verify(headers=request.headers, body=request.body, secrets=row.secrets, now=now):
            raise BadSignature(f"calendly connection {row.source_id}")
        try:
            envelope = webhook.parse_event(request.body)
        except webhook.NotAnEvent as error:
            raise UnreadableBody("not a JSON object") from error
        key = webhook.event_key(envelope)
        return Knock(str(envelope.get("event", "")), key, webhook.order_key(envelope) or key)


SOURCE: Final = Source(name="calendly", apply="handover.services.bookings.apply_event", door=CalendlyDoor())
