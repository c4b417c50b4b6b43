"""Asking Telegram about a bot, and telling it where to call us.

https://core.telegram.org/bots/api#getme and #setwebhook
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from messaging.transports import ErrorKind, TransportError
from messaging.verification import Problem, Verified

from .client import BotApi
from .webhook import PARTS, webhook_secret

NO_TOKEN: Final = Problem(
    "Telegram does not accept the bot token.", "Copy it again from @BotFather, with /mybots.", "bot_token"
)
SILENT: Final = Problem(
    "Telegram did not answer, so that the bot token could not be checked.", "Check the channel again in a few minutes."
)


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    api = BotApi(config, secrets)
    try:
        bot = api.call("getMe")
        hook = api.call("getWebhookInfo") if doors else {}
    except TransportError as error:
        is_refused = error.kind == ErrorKind.SENDER_BLOCKED
        return Verified(problems=(NO_TOKEN,)) if is_refused else Verified(doubts=(SILENT,))
    name = f"@{bot.get('username', '')}"
    if name.lower() != config["sender"].lower():
        problem = Problem(f"The token is that of {name}.", "Give the token and the username of one bot.", "sender")
        return Verified(problems=(problem,))
    return Verified(found=f"Telegram knows the bot {name}.", doubts=tuple(_about_hook(hook, doors)))


def _about_hook(hook: Mapping[str, Any], doors: Mapping[str, str]) -> Iterator[Problem]:
    wanted, called = doors.get("inbound_url"), hook.get("url")
    if wanted and called != wanted:
        yield Problem(f"Telegram calls {called or 'nobody'} when a message comes in.", "Save the channel again.")
    elif hook.get("pending_update_count") and hook.get("last_error_message"):
        what = f"Telegram has {hook['pending_update_count']} updates for us and says: {hook['last_error_message']}."
        yield Problem(what, "Look whether the address can be reached from outside, by https.")


def register_doors(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> None:
    BotApi(config, secrets).call(
        "setWebhook",
        url=doors["inbound_url"],
        secret_token=webhook_secret(secrets["bot_token"]),
        allowed_updates=list(PARTS),
    )
