"""Calling Meta's Graph API for an Instagram account, with every way in which a call may end told apart."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import httpx

from messaging.transports import ErrorKind, TransportError

from .errors import MAYBE_CARRIED_OUT, REACTIONS, reaction_for

INSTAGRAM: Final = "https://graph.instagram.com"
FACEBOOK: Final = "https://graph.facebook.com"
GRAPH_VERSION: Final = "v25.0"
# Together the ten seconds that a send may take.
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every address that it calls

_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MAYBE_CARRIED_OUT: Final = frozenset({408, *range(201, 300)})
_BARE_STATUS: Final = {401: ErrorKind.SENDER_BLOCKED, 403: ErrorKind.SENDER_BLOCKED, 404: ErrorKind.MISCONFIGURED}


class Graph:
    """`node` is what messages are sent through: the account, or the page that it belongs to."""

    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        usual = FACEBOOK if config.get("page_id") else INSTAGRAM
        self.node = config.get("page_id") or config["account_id"]
        self._base = f"{config.get('api_base') or usual}/{config.get('graph_version') or GRAPH_VERSION}"
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {secrets['access_token']}"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Raises TransportError."""
        try:
            answer = self._client.request(method, self._base + path, **options)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            raise TransportError(ErrorKind.MISCONFIGURED, detail=type(error).__name__) from None
        except _NEVER_LEFT as error:
            raise TransportError(ErrorKind.UNREACHABLE, detail=type(error).__name__) from None
        except httpx.HTTPError as error:
            raise TransportError(ErrorKind.UNKNOWN, detail=type(error).__name__) from None
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer)
        return _content(answer)


def _content(answer: httpx.Response) -> dict[str, Any]:
    """Success was announced; where nobody can read it, the message may be on its way all the same."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise TransportError(ErrorKind.UNKNOWN, detail="success was announced in an answer that nobody can read")
    return content


def _refusal(answer: httpx.Response) -> TransportError:
    code, text = _error_in(answer)
    detail = f"HTTP {answer.status_code}: {text}"[:500]
    is_open = answer.status_code >= 500 or answer.status_code in _MAYBE_CARRIED_OUT
    if is_open or code.partition(":")[0] in MAYBE_CARRIED_OUT:
        return TransportError(ErrorKind.UNKNOWN, code=code, detail=detail)
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return TransportError(ErrorKind.RATE_LIMITED, code="429", detail=detail, reaction=REACTIONS["613"])
    if not code:
        kind = _BARE_STATUS.get(answer.status_code, ErrorKind.REJECTED)
        return TransportError(kind, code=str(answer.status_code), detail=detail)
    reaction = reaction_for(code)
    return TransportError(reaction.kind, code=code, detail=detail, retry_after=reaction.retry_after, reaction=reaction)


def _error_in(answer: httpx.Response) -> tuple[str, str]:
    """Meta's code with its subcode, and its words; neither when the answer is not Meta's."""
    try:
        error = answer.json()["error"]
        code, subcode = int(error["code"]), error.get("error_subcode")
        return f"{code}:{int(subcode)}" if subcode else str(code), str(error.get("message") or "")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return "", answer.text[:200]
