"""Telegram's refusals as data. It numbers them by HTTP status only: what one means stands in its description.

https://core.telegram.org/bots/api#making-requests. The descriptions are no contract: the raw one is always kept.
"""

from __future__ import annotations

from typing import Final

from messaging.transports import MAX_RETRIES, ErrorKind, Reaction


def _ours(meaning: str) -> Reaction:
    return Reaction(ErrorKind.MISCONFIGURED, meaning, tell_operator=True)


REACTIONS: Final[dict[str, Reaction]] = {
    "401": Reaction(ErrorKind.SENDER_BLOCKED, "Telegram does not accept the bot's token", tell_operator=True),
    "404": Reaction(ErrorKind.SENDER_BLOCKED, "Telegram does not know the bot's token", tell_operator=True),
    "429": Reaction(
        ErrorKind.RATE_LIMITED, "The bot sends faster than Telegram allows", max_retries=MAX_RETRIES, slows_sender=True
    ),
    "blocked": Reaction(ErrorKind.OPTED_OUT, "The recipient blocked the bot"),
    "deactivated": Reaction(ErrorKind.INVALID_RECIPIENT, "The recipient's account is gone"),
    "not_started": Reaction(ErrorKind.INVALID_RECIPIENT, "The recipient has not started the bot"),
    "chat_not_found": Reaction(ErrorKind.INVALID_RECIPIENT, "Telegram does not know this chat"),
    "too_long": _ours("The text is longer than Telegram allows"),
    "empty": _ours("There is no text to send"),
    "media": Reaction(ErrorKind.REJECTED, "Telegram could not fetch the media"),
}

_SAID: Final = (
    ("bot was blocked by the user", "blocked"),
    ("user is deactivated", "deactivated"),
    ("bot can't initiate conversation", "not_started"),
    ("bot can't send messages to bots", "chat_not_found"),
    ("chat not found", "chat_not_found"),
    ("peer_id_invalid", "chat_not_found"),
    ("too long", "too_long"),
    ("text is empty", "empty"),
    ("failed to get http url content", "media"),
    ("wrong file identifier", "media"),
    ("wrong type of the web page content", "media"),
)


def code_of(status: int, description: str) -> str:
    said = description.lower()
    return next((code for words, code in _SAID if words in said), str(status))


def reaction_for(code: str, *, to: str = "") -> Reaction:
    return REACTIONS.get(code) or Reaction(ErrorKind.REJECTED, f"Telegram refused it with {code or 'no code'}")
