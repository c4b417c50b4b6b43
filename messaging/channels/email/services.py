"""Handing a mail to a service through Anymail, whose senders are made of a channel's own settings for each mail.

None of the installation's settings for its own mails (EMAIL_…, ANYMAIL) is looked at.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import requests
from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailNotSupportedWarning,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from messaging.transports import ErrorKind, TransportError

from .errors import reaction_for

TIMEOUT: Final = (3.0, 6.0)
"""Connecting and waiting: together below the ten seconds that a send may take."""

WORST_WAIT: Final = 600.0
FIRST_WAIT: Final = 5.0

API_BASES: Final = {
    "mailgun": "https://api.mailgun.net/v3",
    "postmark": "https://api.postmarkapp.com",
    "sendgrid": "https://api.sendgrid.com/v3",
    "resend": "https://api.resend.com",
}
_BACKENDS: Final[Mapping[str, str]] = {
    "mailgun": "anymail.backends.mailgun.EmailBackend",
    "postmark": "anymail.backends.postmark.EmailBackend",
    "sendgrid": "anymail.backends.sendgrid.EmailBackend",
    "resend": "anymail.backends.resend.EmailBackend",
}

Options = dict[str, Any]


def api_base(config: Mapping[str, str]) -> str:
    return config.get("api_base") or API_BASES[config["provider"]]


def mailgun_domain(config: Mapping[str, str]) -> str:
    return config.get("mailgun_domain") or config["sender"].partition("@")[2]


def _options(config: Mapping[str, str], secrets: Mapping[str, str]) -> Options:
    key = secrets["api_key"]
    own: Mapping[str, Callable[[], Options]] = {
        "mailgun": lambda: {"api_key": key, "sender_domain": mailgun_domain(config)},
        "postmark": lambda: {"server_token": key},
        "sendgrid": lambda: {"api_key": key, "username": None, "password": None},
        "resend": lambda: {"api_key": key},
    }
    return own[config["provider"]]() | {"api_url": api_base(config), "timeout": TIMEOUT, "fail_silently": False}


def send(mail: EmailMessage, config: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    """The service's id of the mail, "" where it gave none; raises TransportError."""
    _adapt(mail, config)
    try:
        _hand_over(_backend(config, secrets), mail)
    except AnymailRecipientsRefused as error:
        raise _by_code("invalid", _words(error)) from None
    except AnymailRequestsAPIError as error:
        raise _failure(error) from None
    except AnymailInvalidAddress as error:
        raise TransportError(ErrorKind.INVALID_RECIPIENT, code="invalid", detail=_words(error)) from None
    except (AnymailError, ValueError) as error:
        raise TransportError(ErrorKind.MISCONFIGURED, detail=_words(error)) from None
    return _id_in(getattr(mail, "anymail_status"))  # noqa: B009  # it is Anymail's addition


def _hand_over(backend: Any, mail: EmailMessage) -> None:
    """Past whatever proxy the environment names, as all our calls."""
    backend.open()
    backend.session.trust_env = False
    try:
        backend.send_messages([mail])
    finally:
        backend.close()


def _id_in(status: Any) -> str:
    """Raises TransportError where Anymail took a refusal that it could not read for an answer."""
    response = status.esp_response
    if response is not None and response.status_code >= 300:
        inactive = '"ErrorCode":406' in response.text.replace(" ", "")
        raise _by_code("suppressed" if inactive else "invalid", f"HTTP {response.status_code}: {response.text[:300]}")
    return str(status.message_id or "")[:160]


def _backend(config: Mapping[str, str], secrets: Mapping[str, str]) -> Any:
    """Anymail warns that it does not try SendGrid's any more; the tests here do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnymailNotSupportedWarning)
        return import_string(_BACKENDS[config["provider"]])(**_options(config, secrets))


def _adapt(mail: EmailMessage, config: Mapping[str, str]) -> None:
    """Nothing is rewritten: links are tracked by ourselves, and opens only where the channel wants them."""
    if config["provider"] == "postmark":
        mail.extra_headers["X-PM-KeepID"] = "true"
    if config["provider"] != "resend":  # there both are settings of the domain
        mail.track_opens = config.get("count_opens") == "yes"  # type: ignore[attr-defined]
        mail.track_clicks = False  # type: ignore[attr-defined]


def _failure(error: AnymailRequestsAPIError) -> TransportError:
    if error.response is None:
        return _broken_call(error.__cause__)
    status, detail = error.response.status_code, f"HTTP {error.response.status_code}: {error.response.text[:300]}"
    if status >= 500 or status == 408 or status < 300:
        return TransportError(ErrorKind.UNKNOWN, code=str(status), detail=detail)
    if status == 429:
        return TransportError(
            ErrorKind.RATE_LIMITED, code="429", detail=detail, retry_after=_wait(error.response.headers)
        )
    return _by_code(str(status), detail)


def _broken_call(cause: BaseException | None) -> TransportError:
    """A connection that was never made carried nothing; of any other nobody can tell."""
    name = type(cause).__name__
    if isinstance(cause, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return TransportError(ErrorKind.MISCONFIGURED, detail=name)
    return TransportError(ErrorKind.UNREACHABLE if _never_left(cause) else ErrorKind.UNKNOWN, detail=name)


def _never_left(cause: BaseException | None) -> bool:
    """Requests has one name for a connection that was never made and one that broke; what it wraps tells them apart."""
    reasons = [getattr(wrapped, "reason", None) for wrapped in getattr(cause, "args", ())]
    is_refused = any(isinstance(reason, (NewConnectionError, ConnectTimeoutError)) for reason in reasons)
    return is_refused or isinstance(cause, (requests.ConnectTimeout, requests.exceptions.SSLError))


def _by_code(code: str, detail: str) -> TransportError:
    reaction = reaction_for(code)
    return TransportError(reaction.kind, code=code, detail=detail[:500], reaction=reaction)


def _wait(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    return min(float(text), WORST_WAIT) if text.isascii() and text.isdigit() and int(text[:9]) else FIRST_WAIT


def _words(error: Exception) -> str:
    """The first line: the rest describes the request."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
