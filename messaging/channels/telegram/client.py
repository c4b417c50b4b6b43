"""Calling Telegram's Bot API, with every way in which a call may end told apart.

The token stands in the address of every call: no address is ever logged or put into an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from messaging.transports import ErrorKind, TransportError

from .errors import code_of, reaction_for

API_BASE: Final = "https://api.telegram.org"
TIMEOUT: Final = httpx.Timeout(7.0, connect=3.0)
"""Connecting and waiting together stay within the ten seconds that a send may take."""

FIRST_WAIT: Final = 5.0
"""When Telegram asks for patience and does not say how much."""

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NEVER_BUILT: Final = (httpx.InvalidURL, httpx.UnsupportedProtocol)


class BotApi:
    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._base = f"{config.get('api_base') or API_BASE}/bot{secrets['bot_token']}"
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=False)

    def call(self, method: str, **parameters: Any) -> Any:
        """The call's result; raises TransportError."""
        return self._call(method, json=parameters)

    def upload(self, method: str, files: Mapping[str, tuple[str, bytes, str]], **parameters: Any) -> Any:
        """The same, with the content of files (name, content, type)."""
        return self._call(method, data=parameters, files=files)

    def _call(self, method: str, **request: Any) -> Any:
        try:
            answer = self._http.post(f"{self._base}/{method}", **request)
        except _NEVER_BUILT as error:
            raise TransportError(ErrorKind.MISCONFIGURED, detail=type(error).__name__) from None
        except _NEVER_LEFT as error:
            raise TransportError(ErrorKind.UNREACHABLE, detail=type(error).__name__) from None
        except httpx.HTTPError as error:
            raise TransportError(ErrorKind.UNKNOWN, detail=type(error).__name__) from None
        return _result(answer)


def _result(answer: httpx.Response) -> Any:
    body = _body(answer)
    if answer.status_code >= 500:
        raise TransportError(ErrorKind.UNKNOWN, detail=f"HTTP {answer.status_code}")
    if body.get("ok") is True and "result" in body:
        return body["result"]
    if answer.is_success:
        raise TransportError(ErrorKind.UNKNOWN, detail="success was announced in an answer that nobody can read")
    raise _refusal(answer.status_code, body)


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(status: int, body: Mapping[str, Any]) -> TransportError:
    description = str(body.get("description") or "")
    code = code_of(status, description)
    reaction = reaction_for(code)
    wait = _retry_after(body) if reaction.kind == ErrorKind.RATE_LIMITED else None
    detail = f"HTTP {status}: {description}"[:500]
    if wait is not None:
        return TransportError(reaction.kind, code=code, detail=detail, retry_after=wait)
    return TransportError(reaction.kind, code=code, detail=detail, reaction=reaction)


def _retry_after(body: Mapping[str, Any]) -> float:
    parameters = body.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(wait) if isinstance(wait, int) and not isinstance(wait, bool) and wait > 0 else FIRST_WAIT
