"""Fetching what came along with a Telegram message. https://core.telegram.org/bots/api#getfile

The bot's token stands in the file's address: no address is ever logged or put into an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from messaging.media_fetch import (
    Fetched,
    Item,
    MediaRefused,
    MediaUnavailable,
    Raw,
    TooLarge,
    get,
    host_of,
)
from messaging.transports import ErrorKind, TransportError

from .client import API_BASE, BotApi

MAX_BYTES: Final = 20 * 1024 * 1024
"""What a bot may download."""


def fetch(config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched:
    path = _path_of(config, secrets, str(item.get("file_id", "")))
    base = config.get("api_base") or API_BASE
    return get(
        f"{base}/file/bot{secrets['bot_token']}/{quote(path)}",
        hosts=(host_of(API_BASE),),
        api_base=config.get("api_base", ""),
        file_name=str(item.get("file_name", "")) or path.rpartition("/")[2],
    )


def _path_of(config: Mapping[str, str], secrets: Mapping[str, str], file_id: str) -> str:
    if not file_id:
        raise MediaRefused("Telegram named no file.")
    try:
        found = BotApi(config, secrets).call("getFile", file_id=file_id)
    except TransportError as error:
        raise _as_media_error(error) from None
    path = found.get("file_path") if isinstance(found, dict) else None
    if not isinstance(path, str) or not path or ".." in path:
        raise MediaUnavailable("Telegram did not say where the file lies.")
    return path


def _as_media_error(error: TransportError) -> MediaRefused | MediaUnavailable:
    if "file is too big" in error.detail.lower():
        return TooLarge(MAX_BYTES)
    if error.kind in (ErrorKind.UNREACHABLE, ErrorKind.UNKNOWN, ErrorKind.RATE_LIMITED):
        return MediaUnavailable("Telegram did not answer.")
    return MediaRefused("Telegram does not give the file away.")
