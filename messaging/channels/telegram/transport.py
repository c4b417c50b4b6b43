"""Sending by a bot. Telegram reports nothing after its answer, and shows no list of what it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from mimetypes import guess_type
from typing import Any, Final
from urllib.parse import urlsplit

from messaging.media_rules import rule_for
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
        sent = self._upload(outgoing) if outgoing.files else self._say(outgoing)
        message_id = sent.get("message_id") if isinstance(sent, dict) else None
        if not isinstance(message_id, int):
            raise TransportError(ErrorKind.UNKNOWN, detail="Telegram announced success without a message id")
        return Receipt(provider_id=message_key(outgoing.to, message_id), status="accepted")

    def _say(self, outgoing: Outgoing) -> Any:
        method, parameters = _request(outgoing)
        return self._api.call(method, chat_id=_chat(outgoing.to), **parameters)

    def _upload(self, outgoing: Outgoing) -> Any:
        """The content itself: Telegram fetches few kinds of files by their address, and none from a private one."""
        chat, file = _chat(outgoing.to), outgoing.files[0]
        rule = rule_for(CAPABILITIES, file)
        kind = _METHODS.get(rule.sent_as if rule else "", "Document")
        caption = {"caption": outgoing.body} if outgoing.body else {}
        content = {kind.lower(): (file.file_name, file.read(), file.content_type)}
        return self._api.upload(f"send{kind}", content, chat_id=chat, **caption)

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
