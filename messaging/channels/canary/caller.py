"""Calling our own door over HTTP, signed: as a provider would, through whatever stands before the web process."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel

from project.kernel import clock

from .webhook import SIGNATURE_HEADER, sign

TIMEOUT: Final = httpx.Timeout(4.0, connect=2.0)
"""Connecting, sending and waiting together stay below the ten seconds that a send may take."""


class CallFailed(Exception):
    """The door did not take it in. The text says why."""


def call_door(url: str, *, signing_key: str, content: BaseModel) -> None:
    """Raises CallFailed unless the door has stored what it was told."""
    body = content.model_dump_json().encode()
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    signature = sign(signing_key=signing_key, target=target, body=body, at=clock.now())
    headers = {"content-type": "application/json", SIGNATURE_HEADER: signature}
    try:
        answer = _http().post(url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CallFailed(f"{parts.scheme}://{parts.netloc}: {type(error).__name__} {error}"[:500]) from error
    if answer.status_code != httpx.codes.NO_CONTENT:
        raise CallFailed(f"{parts.scheme}://{parts.netloc} answered {answer.status_code}")


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    """A new connection for each call: one that is kept would not notice that nobody listens any more."""
    return httpx.Client(timeout=TIMEOUT, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
