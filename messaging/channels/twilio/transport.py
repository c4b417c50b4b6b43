"""Sending through Twilio's own client, with every way in which a call may end told apart.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from ssl import SSLCertVerificationError
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from .errors import reaction_for

API_BASE: Final = "https://api.twilio.com"
BASES: Final = (API_BASE, "https://messaging.twilio.com", "https://content.twilio.com")
# Together the ten seconds that a send may take: the sender's own deadline is reckoned with it.
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0
LIST_PAGE: Final = 1000
NEWEST: Final = 50

_quiet = logging.getLogger("messaging.twilio_http")
_quiet.setLevel(logging.WARNING)  # the client logs whole requests, and with them what customers wrote


def client_of(config: Mapping[str, str], secrets: Mapping[str, str]) -> Client:
    http = _HttpClient(config.get("api_base") or API_BASE)
    return Client(config["account_sid"], secrets["auth_token"], http_client=http)


class TwilioTransport:
    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str], capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._client = client_of(config, secrets)
        self._sender = config["sender"]

    def send(self, outgoing: Outgoing) -> Receipt:
        parameters = _parameters(outgoing, self._sender)
        with errors_named(to=outgoing.to):
            created = self._client.messages.create(**parameters)
        if not created.sid:
            raise TransportError(ErrorKind.UNKNOWN, detail="Twilio answered 201 without a message SID")
        return Receipt(provider_id=created.sid, status=created.status or "queued")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        since = since.astimezone(UTC).replace(microsecond=0)  # Twilio's times have whole seconds
        addresses = {name: value for name, value in (("to", to), ("from_", sender)) if value}
        with errors_named():
            listed = self._client.messages.list(
                page_size=LIST_PAGE, date_sent_after=since.date().isoformat(), **addresses
            )
            if to and sender == self._sender:
                # What is still queued has no DateSent to be found by, and must not be taken for missing.
                listed += self._client.messages.list(limit=NEWEST, page_size=NEWEST, **addresses)
            seen = {message.sid: _seen(message) for message in reversed(listed)}
        # The list has the newest first; the sort is stable, so that ties within a second keep their order.
        return sorted((message for message in seen.values() if _time_of(message) >= since), key=_time_of)


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's client with time-outs, connections for a pool of threads, and a base address of our choice."""

    def __init__(self, api_base: str) -> None:
        super().__init__(logger=_quiet)
        self.timeout = (CONNECT_SECONDS, READ_SECONDS)
        self.api_base = api_base
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=32, max_retries=0))
        # Proxies and certificates as the environment says, read once: looking there is a third of a call's work.
        found = self.session.merge_environment_settings(api_base, {}, None, None, None)
        self.session.proxies, self.session.verify = found["proxies"], found["verify"]
        self.session.trust_env = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(method, self._moved(url), *args, **kwargs)

    def _moved(self, url: str) -> str:
        """At another address than Twilio's own, all of its hosts are there."""
        if self.api_base == API_BASE:
            return url
        base = next((base for base in BASES if url.startswith(base)), "")
        return self.api_base + url.removeprefix(base) if base else url


def _parameters(outgoing: Outgoing, sender: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {"to": outgoing.to, "from_": sender}
    if outgoing.content_sid:
        parameters["content_sid"] = outgoing.content_sid
        parameters["content_variables"] = json.dumps(outgoing.content_variables or {}, ensure_ascii=False)
    else:
        parameters["body"] = outgoing.body or None
        parameters["media_url"] = list(outgoing.media) or None
    parameters["status_callback"] = outgoing.status_url
    return {name: value for name, value in parameters.items() if value is not None}


def _seen(message: Any) -> Seen:
    return Seen(
        provider_id=message.sid,
        to=message.to or "",
        sender=message.from_ or "",
        body=message.body or "",
        status=message.status or "",
        error_code=str(message.error_code or ""),
        direction="inbound" if message.direction == "inbound" else "outbound",
        created_at=message.date_created,
        sent_at=message.date_sent,
        media_count=int(message.num_media or 0),
        price=str(message.price or ""),
        price_unit=str(message.price_unit or ""),
    )


def _time_of(message: Seen) -> datetime:
    return message.created_at or message.sent_at or datetime.max.replace(tzinfo=UTC)


# -- how a call ended --------------------------------------------------------------------------------------


@contextmanager
def errors_named(*, to: str = "") -> Iterator[None]:
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as error:
        raise _refusal(error, to) from error
    except requests.RequestException as error:
        raise _broken_call(error) from error
    except UnicodeEncodeError as error:
        raise TransportError(ErrorKind.REJECTED, detail="the text cannot be encoded") from error
    except (TwilioException, ValueError, TypeError, AttributeError, KeyError) as error:
        # Success was announced in an answer that nobody can read.
        raise TransportError(ErrorKind.UNKNOWN, detail=f"unreadable answer: {type(error).__name__}") from error


def _refusal(error: Any, to: str) -> TransportError:
    # Without a readable body the client puts the HTTP status where Twilio's code belongs.
    code = "" if error.code == error.status else str(error.code)
    if error.status >= 500 or error.status in _MAYBE_CARRIED_OUT:
        return TransportError(ErrorKind.UNKNOWN, code=code, detail=_detail(error))
    if error.status == 429:
        return _too_many(code or "429", _detail(error))
    if not code:
        kind = _BARE_STATUS.get(error.status, ErrorKind.REJECTED)
        return TransportError(kind, code=str(error.status), detail=_detail(error))
    reaction = reaction_for(code, to=to)
    return TransportError(
        reaction.kind, code=code, detail=_detail(error), retry_after=reaction.retry_after, reaction=reaction
    )


def _too_many(code: str, detail: str) -> TransportError:
    """Never carried out, whatever the code; the table may know how long to wait."""
    known = reaction_for(code)
    reaction = known if known.kind == ErrorKind.RATE_LIMITED else None
    wait = known.retry_after if reaction else 1.0
    return TransportError(ErrorKind.RATE_LIMITED, code=code, detail=detail, retry_after=wait, reaction=reaction)


_MAYBE_CARRIED_OUT: Final = frozenset({408})
_BARE_STATUS: Final = {
    401: ErrorKind.SENDER_BLOCKED,
    403: ErrorKind.SENDER_BLOCKED,
    301: ErrorKind.MISCONFIGURED,
    302: ErrorKind.MISCONFIGURED,
    307: ErrorKind.MISCONFIGURED,
    308: ErrorKind.MISCONFIGURED,
    404: ErrorKind.MISCONFIGURED,
}


def _detail(error: Any) -> str:
    text = error.msg if isinstance(error, TwilioRestException) else error.detail or error.title
    return f"HTTP {error.status}: {text}"[:500]


def _broken_call(error: requests.RequestException) -> TransportError:
    if isinstance(error, _NEVER_BUILT):
        return TransportError(ErrorKind.MISCONFIGURED, detail=_name_of(error))
    if any(isinstance(cause, _NEVER_LEFT) for cause in _causes(error)):
        return TransportError(ErrorKind.UNREACHABLE, detail=_name_of(error))
    return TransportError(ErrorKind.UNKNOWN, detail=_name_of(error))


_NEVER_BUILT: Final = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)
_NEVER_LEFT: Final = (
    requests.ConnectTimeout,
    ConnectTimeoutError,
    NewConnectionError,  # refused, no route, and (its subclass) no such name
    SSLCertVerificationError,
)


def _causes(error: BaseException | None) -> Iterator[object]:
    """The error and what it wraps; `requests` and urllib3 hide the cause in `args` and in `reason`."""
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        yield cause
        if isinstance(cause, BaseException):
            waiting.extend([*cause.args, getattr(cause, "reason", None)])


def _name_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
