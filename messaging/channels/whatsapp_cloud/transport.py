"""Sending through Meta's Graph API, with every way in which a call may end told apart.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from messaging.media_rules import OutgoingFile, rule_for
from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from .checks import CAPABILITIES
from .errors import MAYBE_CARRIED_OUT, reaction_for

API_BASE: Final = "https://graph.facebook.com"
GRAPH_VERSION: Final = "v25.0"
# Together the ten seconds that a send may take: the sender's own deadline is reckoned with it.
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 7.0

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every address that it calls


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> CloudTransport:
    return CloudTransport(
        phone_number_id=config["phone_number_id"],
        access_token=secrets["access_token"],
        base=f"{config.get('api_base') or API_BASE}/{config.get('graph_version') or GRAPH_VERSION}",
    )


class CloudTransport:
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, *, phone_number_id: str, access_token: str, base: str) -> None:
        self._base = base
        self._messages = f"/{phone_number_id}/messages"
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            trust_env=False,
        )

    def send(self, outgoing: Outgoing) -> Receipt:
        answer = self._call("POST", self._messages, to=outgoing.to, json=_message(outgoing))
        try:
            [sent] = answer["messages"]
            return Receipt(provider_id=_id(sent["id"]), status=str(sent.get("message_status") or "accepted"))
        except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            raise _unreadable(error) from error

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        raise TransportError(ErrorKind.MISCONFIGURED, detail="Meta keeps no list of messages")

    def read(self, path: str, **parameters: str) -> dict[str, Any]:
        """Look at something of the account, for a check of the settings; raises TransportError."""
        return self._call("GET", path, params=parameters)

    def write(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        """Create something of the account; raises TransportError."""
        return self._call("POST", path, json=content)

    def _call(self, method: str, path: str, *, to: str = "", **options: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, self._base + path, **options)
        except httpx.TransportError as error:
            raise _broken_call(error) from error
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise TransportError(ErrorKind.REJECTED, detail=_name_of(error)) from error
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer, to)
        return _content(answer)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 160:
        raise ValueError("no message id")
    return value


def _content(answer: httpx.Response) -> dict[str, Any]:
    """Success was announced; where nobody can read it, the message may be on its way all the same."""
    try:
        content = answer.json()
    except (ValueError, RecursionError) as error:
        raise _unreadable(error) from error
    if not isinstance(content, dict):
        raise TransportError(ErrorKind.UNKNOWN, detail="unreadable answer: not an object")
    return content


def _unreadable(error: Exception) -> TransportError:
    return TransportError(ErrorKind.UNKNOWN, detail=f"unreadable answer: {type(error).__name__}")


# -- the message -------------------------------------------------------------------------------------------


def _message(outgoing: Outgoing) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(outgoing.to),
        **_words(outgoing),
        "biz_opaque_callback_data": outgoing.message_id,  # comes back with every status: a lost answer is no lost id
    }


def _recipient(address: str) -> dict[str, str]:
    """A phone number, or the business-scoped id of somebody who hides it."""
    return {"to": address} if address.startswith("+") else {"recipient": address}


def _words(outgoing: Outgoing) -> dict[str, Any]:
    if outgoing.content_sid:
        return _template(outgoing.content_sid, outgoing.content_variables or {})
    if outgoing.files:
        return _file(outgoing.files[0], outgoing.body)
    if outgoing.media:
        return _media(outgoing.media[0], outgoing.body)
    return {"type": "text", "text": {"body": outgoing.body, "preview_url": "://" in outgoing.body}}


def _template(title: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """`title` is name and language, `order_update/pt_BR`; variables are numbered or named, as the template has them."""
    name, _, language = title.partition("/")
    parameters = [_parameter(key, variables[key]) for key in sorted(variables, key=lambda key: (len(key), key))]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    template = {"name": name, "language": {"code": language or "en_US"}, "components": components}
    return {"type": "template", "template": template}


def _parameter(key: str, text: str) -> dict[str, str]:
    return {"type": "text", "text": text, **({} if key.isdigit() else {"parameter_name": key})}


def _file(file: OutgoingFile, caption: str) -> dict[str, Any]:
    """Meta fetches it from our address; its name is shown beside a document."""
    rule = rule_for(CAPABILITIES, file)
    kind = rule.sent_as if rule else "document"
    about = {"caption": caption if kind != "audio" else "", "filename": file.file_name if kind == "document" else ""}
    return {"type": kind, kind: {"link": file.url, **{key: value for key, value in about.items() if value}}}


def _media(url: str, caption: str) -> dict[str, Any]:
    name = urlsplit(url).path.rpartition("/")[2]
    family = (mimetypes.guess_type(name)[0] or "").partition("/")[0]
    kind = family if family in ("image", "audio", "video") else "document"
    about = {"caption": caption if kind != "audio" else "", "filename": name if kind == "document" else ""}
    return {"type": kind, kind: {"link": url, **{key: value for key, value in about.items() if value}}}


# -- how a call ended --------------------------------------------------------------------------------------


def _refusal(answer: httpx.Response, to: str) -> TransportError:
    code, text = _error_in(answer)
    detail = f"HTTP {answer.status_code}: {text}"[:500]
    if answer.status_code >= 500 or answer.status_code in _MAYBE_CARRIED_OUT or code in MAYBE_CARRIED_OUT:
        return TransportError(ErrorKind.UNKNOWN, code=code, detail=detail)
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return _too_many(code or "429", detail)
    if not code:
        kind = _BARE_STATUS.get(answer.status_code, ErrorKind.REJECTED)
        return TransportError(kind, code=str(answer.status_code), detail=detail)
    reaction = reaction_for(code, to=to)
    return TransportError(reaction.kind, code=code, detail=detail, retry_after=reaction.retry_after, reaction=reaction)


_MAYBE_CARRIED_OUT: Final = frozenset({408, *range(201, 300)})
_BARE_STATUS: Final = {
    301: ErrorKind.MISCONFIGURED,
    302: ErrorKind.MISCONFIGURED,
    307: ErrorKind.MISCONFIGURED,
    308: ErrorKind.MISCONFIGURED,
    401: ErrorKind.SENDER_BLOCKED,
    403: ErrorKind.SENDER_BLOCKED,
    404: ErrorKind.MISCONFIGURED,
}


def _too_many(code: str, detail: str) -> TransportError:
    """Never carried out, whatever the code; the table may know how long to wait."""
    known = reaction_for(code)
    reaction = known if known.kind == ErrorKind.RATE_LIMITED else None
    wait = known.retry_after if reaction else 1.0
    return TransportError(ErrorKind.RATE_LIMITED, code=code, detail=detail, retry_after=wait, reaction=reaction)


def _error_in(answer: httpx.Response) -> tuple[str, str]:
    """Meta's code and words; neither when the answer is not Meta's."""
    try:
        error = answer.json()["error"]
        details = (error.get("error_data") or {}).get("details")
        return str(int(error["code"])), str(details or error.get("message") or "")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return "", answer.text[:200]


def _broken_call(error: httpx.TransportError) -> TransportError:
    if isinstance(error, httpx.UnsupportedProtocol):
        return TransportError(ErrorKind.MISCONFIGURED, detail=_name_of(error))
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return TransportError(ErrorKind.UNREACHABLE, detail=_name_of(error))
    return TransportError(ErrorKind.UNKNOWN, detail=_name_of(error))


def _name_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
