"""Finding addresses in a text, and what is added to them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

URL: Final = re.compile(r"https?://[^\s<>\"'“”‘’«»]+", re.IGNORECASE)
_TAIL: Final = ".,;:!?…)]}*_~"
_OPENS: Final = {")": "(", "]": "[", "}": "{"}
_SIGNED: Final = re.compile(r"sig(nature)?$|^x-amz-|^x-goog-|token$|^hmac$|^expires$", re.IGNORECASE)
NEVER: Final = ("calendly.com",)
"""Hosts whose links carry our own token already, or work only once."""


def replace_urls(text: str, replace: Callable[[str], str]) -> str:
    """Each address in the text replaced; the full stop that ends its sentence stays where it is."""
    return URL.sub(lambda found: _replaced(found[0], replace), text)


def _replaced(found: str, replace: Callable[[str], str]) -> str:
    url = found
    while url and url[-1] in _TAIL and not (url[-1] in _OPENS and url.count(_OPENS[url[-1]]) >= url.count(url[-1])):
        url = url[:-1]
    return replace(url) + found[len(url) :]


def may_be_tracked(url: str, *, untracked: Collection[str]) -> bool:
    """An ordinary address of somebody else's host, without a login in it."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not host or not has_port or parts.username is not None or len(url) > 2000:
        return False
    return not any(host == name or host.endswith(f".{name}") for name in (*NEVER, *untracked))


def with_utm(url: str, *, medium: str, campaign: str) -> str:
    """`utm_*` where there are none; an address that is signed would not survive it and stays as it is."""
    parts = urlsplit(url)
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if any(name.lower().startswith("utm_") or _SIGNED.search(name) for name in names):
        return url
    added = urlencode({"utm_source": "baton", "utm_medium": medium, "utm_campaign": campaign})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def hosts_in(text: str) -> list[str]:
    return [line.strip().lower().removeprefix("*.") for line in text.splitlines() if line.strip()]
