"""Fetching what came along with a message on Meta's Cloud API: the id gives a short-lived address, that the file.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from messaging.media_fetch import Fetched, Item, MediaRefused, MediaUnavailable, Raw, get

from .transport import API_BASE, GRAPH_VERSION

HOSTS: Final = ("graph.facebook.com", "lookaside.fbsbx.com")
MAX_ANSWER: Final = 64 * 1024


def fetch(config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched:
    headers = {"Authorization": f"Bearer {secrets['access_token']}"}
    own = config.get("api_base", "")
    base = f"{config.get('api_base') or API_BASE}/{config.get('graph_version') or GRAPH_VERSION}"
    media_id = str(item.get("id", ""))
    if not media_id:
        raise MediaRefused("Meta named no file.")
    about = get(f"{base}/{quote(media_id, safe='')}", hosts=HOSTS, api_base=own, headers=headers, max_bytes=MAX_ANSWER)
    name = str(item.get("file_name", ""))
    return get(_url_in(about), hosts=HOSTS, api_base=own, headers=headers, file_name=name)


def _url_in(about: Fetched) -> str:
    try:
        return str(json.loads(about.content)["url"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise MediaUnavailable("Meta did not say where the file lies.") from None
