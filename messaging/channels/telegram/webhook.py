"""Telegram's requests to us: is it Telegram, and which update is it? Pure functions.

https://core.telegram.org/bots/api#setwebhook
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from messaging.incoming import UnreadablePayload

HEADER: Final = "x-telegram-bot-api-secret-token"
PARTS: Final = ("message", "edited_message", "my_chat_member", "callback_query")


class NotAnUpdate(UnreadablePayload):
    """The body is no JSON object."""


def webhook_secret(bot_token: str) -> str:
    """What Telegram is told to send us. Made of the token, so that there is nothing more to store or to rotate."""
    return hmac.new(bot_token.encode(), b"baton webhook", hashlib.sha256).hexdigest()


def verify(*, headers: Mapping[str, str], secrets: Mapping[str, str]) -> bool:
    token, given = secrets.get("bot_token", ""), headers.get(HEADER, "")
    return bool(token) and hmac.compare_digest(webhook_secret(token).encode(), given.encode("utf-8", "replace"))


def read_update(body: bytes) -> dict[str, Any]:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnUpdate("the body is not JSON") from None
    if not isinstance(update, dict):
        raise NotAnUpdate("the body is not a JSON object")
    return update


def update_key(update: Mapping[str, Any], body: bytes) -> str:
    """An update without a number is kept as well: the hash of its body then tells a repetition."""
    number = update.get("update_id")
    if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**63:
        return str(number)
    return f"body:{hashlib.sha256(body).hexdigest()}"


def order_key(update: Mapping[str, Any]) -> str:
    """The chat: its updates are applied one after another."""
    for part in PARTS:
        content = update.get(part)
        if isinstance(content, dict):
            return _chat_of(content)
    return ""


def _chat_of(content: Mapping[str, Any]) -> str:
    """A pressed button belongs to the chat of the message under which it stood."""
    message = content.get("message")
    chat = content.get("chat") or (message.get("chat") if isinstance(message, dict) else None)
    number = chat.get("id") if isinstance(chat, dict) else None
    return str(number)[:40] if isinstance(number, int) else ""
