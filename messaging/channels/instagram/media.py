"""Fetching what came along on Instagram. The addresses are Meta's own, open to whoever has them, and end after days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from messaging.media_fetch import Fetched, Item, Raw, get

HOSTS: Final = ("fbcdn.net", "fbsbx.com", "cdninstagram.com", "instagram.com")


def fetch(config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched:
    """No token is sent along: none is asked for."""
    url = str(item.get("url", ""))
    return get(url, hosts=HOSTS, api_base=config.get("api_base", ""), file_name=str(item.get("file_name", "")))
