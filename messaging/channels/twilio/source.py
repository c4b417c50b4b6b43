"""Twilio's door: messages that came in, and what became of those that went out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from django.conf import settings

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


class TwilioDoor:
    """One for each kind of channel on Twilio."""

    max_body = 1024 * 1024
    success_status = HTTPStatus.NO_CONTENT  # a 200 with text in it would be read as TwiML

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def load(self, token: str) -> SourceRow | None:
        return load_channel(self._kind, token)

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        """What is no form cannot have been signed as one, so that is said before the signature is looked at."""
        knock_of = KNOCKS.get(request.rest)
        if knock_of is None:
            raise NoSuchDoor(f"{self._kind} has no door “{request.rest[:40]}”")
        try:
            form = webhook.parse_form(request.body, request.headers.get("content-type", ""))
        except webhook.NotAForm as error:
            raise UnreadableBody(str(error)) from error
        if not webhook.verify(
            url=request.url_under(row.settings.get("public_base_url") or settings.PUBLIC_BASE_URL),
            headers=request.headers,
            body=request.body,
            secrets=row.secrets,
        ):
            raise BadSignature(f"{self._kind} channel {row.source_id}")
        return knock_of(form)


def _inbound(form: webhook.Form) -> Knock:
    key = webhook.inbound_key(form)
    return Knock(kind="inbound", key=key, order_key=webhook.order_key(form) or key)


def _status(form: webhook.Form) -> Knock:
    """Statuses of one message wait for each other, never for what customers write."""
    key = webhook.status_key(form)
    return Knock(kind="status", key=key, order_key=dict(form).get("MessageSid") or key)


KNOCKS: Final[Mapping[str, Callable[[webhook.Form], Knock]]] = {"inbound": _inbound, "status": _status}


def source_of(kind: str) -> Source:
    return Source(name=kind, apply=f"messaging.channels.{kind}.apply.apply_event", door=TwilioDoor(kind))
