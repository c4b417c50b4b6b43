"""Sending by a bot. Telegram reports nothing after its answer, and shows no list of what it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from mimetypes import guess_type
from typing import Any, Final
from urllib.parse import urlsplit

from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from .checks import CAPABILITIES
from .client import BotApi
from .payloads import message_key

_METHODS: Final = {"image": "Photo", "audio": "Audio", "video": "Video"}


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> TelegramTransport:
    return TelegramTransport(BotApi(config, secrets))


class TelegramTransport:
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, api: BotApi) -> None:
        self._api = api

    def send(self, outgoing: Outgoing) -> Receipt:
        method, parameters = _request(outgoing)
        sent = self._api.call(method, chat_id=_chat(outgoing.to), **parameters)
        message_id = sent.get("message_id") if isinstance(sent, dict) else None
        if not isinstance(message_id, int):
            raise TransportError(ErrorKind.UNKNOWN, detail="Telegram announced success without a message id")
        return Receipt(provider_id=message_key(outgoing.to, message_id), status="accepted")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        raise TransportError(ErrorKind.REJECTED, detail="Telegram shows no list of messages")


def _chat(address: str) -> int:
    try:
        return int(address)
    except ValueError:
        raise TransportError(ErrorKind.INVALID_RECIPIENT, detail=f"{address[:40]!r} is no chat id") from None


def _request(outgoing: Outgoing) -> tuple[str, dict[str, Any]]:
    """Plain text: what a customer or a model wrote is never read as markup."""
    if not outgoing.media:
        return "sendMessage", {"text": outgoing.body}
    url = outgoing.media[0]
    family = (guess_type(urlsplit(url).path)[0] or "").partition("/")[0]
    kind = _METHODS.get(family, "Document")
    caption = {"caption": outgoing.body} if outgoing.body else {}
    return f"send{kind}", {kind.lower(): url, **caption}
