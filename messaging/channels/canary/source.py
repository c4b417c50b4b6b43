"""The canary's door: the message of a run, and the report that its answer arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

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
from .payloads import Reported, Said
from .webhook import KIND


class CanaryDoor:
    max_body = 16 * 1024
    success_status = HTTPStatus.NO_CONTENT

    def load(self, token: str) -> SourceRow | None:
        return load_channel(KIND, token)

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        knock_of = KNOCKS.get(request.rest)
        if knock_of is None:
            raise NoSuchDoor(f"{KIND} has no door “{request.rest[:40]}”")
        target = request.url_under("")
        if not webhook.verify(headers=request.headers, target=target, body=request.body, secrets=row.secrets, now=now):
            raise BadSignature(f"{KIND} channel {row.source_id}")
        try:
            return knock_of(request.body)
        except ValidationError as error:
            raise UnreadableBody(f"{error.error_count()} values are wrong") from error


def _inbound(body: bytes) -> Knock:
    key = webhook.run_key(Said.model_validate_json(body).run)
    return Knock(kind="inbound", key=key, order_key=key)


def _status(body: bytes) -> Knock:
    report = Reported.model_validate_json(body)
    return Knock(kind="status", key=f"{report.message}:{report.status}", order_key=str(report.message))


KNOCKS: Final[Mapping[str, Callable[[bytes], Knock]]] = {"inbound": _inbound, "status": _status}

SOURCE: Final = Source(name=KIND, apply="messaging.channels.canary.apply.apply_event", door=CanaryDoor())
