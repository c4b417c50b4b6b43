"""Fetching what came along with a Twilio message. https://www.twilio.com/docs/messaging/api/media-resource"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from messaging.media_fetch import Fetched, Item, Raw, get

HOSTS: Final = ("api.twilio.com",)


def fetch(config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched:
    """Twilio answers with a redirect to where the file lies; that host never sees the token."""
    login = base64.b64encode(f"{config['account_sid']}:{secrets['auth_token']}".encode()).decode()
    return get(
        str(item.get("url", "")),
        hosts=HOSTS,
        api_base=config.get("api_base", ""),
        headers={"Authorization": f"Basic {login}"},
        file_name=str(item.get("file_name", "")),
    )
