"""A message as Twilio keeps it: what a creation must satisfy, and how it looks as JSON."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tests.doubles.server import Request, Response

MAX_BODY: Final = 1600
_ADDRESS: Final = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}|whatsapp:[A-Z]{2}\.[A-Za-z0-9.]{1,150}")
_SERVICE: Final = re.compile(r"MG[0-9a-f]{32}")
_STOP: Final = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
_START: Final = {"START", "YES", "UNSTOP"}
_CONTENT: Final = re.compile(r"HX[0-9a-fA-F]{32}")


@dataclass(slots=True)
class BookedMessage:
    sid: str
    account_sid: str
    to: str
    sender: str
    body: str
    status: str
    direction: str
    arrived_at: float
    created_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None
    media: list[str] = field(default_factory=list)
    content_sid: str = ""
    content_variables: str = ""
    messaging_service_sid: str = ""
    status_callback: str = ""
    send_at: str = ""


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def refusal_answer(refusal: Refusal) -> Response:
    content = {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    return Response.json(refusal.status, content)


def note_keyword(blocked: set[tuple[str, str]], form: dict[str, str]) -> None:
    """What Twilio does by itself on SMS, before anybody else reads the message."""
    pair, word = (form["From"], form["To"]), form.get("Body", "").strip().upper()
    if form["From"].startswith("whatsapp:"):
        return
    if word in _STOP:
        blocked.add(pair)
    elif word in _START:
        blocked.discard(pair)


def checked_message(request: Request, account_sid: str, *, now: datetime) -> BookedMessage:
    form = request.form()
    given = dict(form)
    _check_addresses(given)
    _check_content(given, media=[value for name, value in form if name == "MediaUrl"])
    _check_callback(given.get("StatusCallback", ""))
    return BookedMessage(
        sid=f"{'MM' if given.get('MediaUrl') else 'SM'}{uuid.uuid4().hex}",
        account_sid=account_sid,
        to=given["To"],
        sender=given.get("From", ""),
        body=given.get("Body", ""),
        status=_first_status(given),
        direction="outbound-api",
        arrived_at=request.arrived_at,
        created_at=now,
        media=[value for name, value in form if name == "MediaUrl"],
        content_sid=given.get("ContentSid", ""),
        content_variables=given.get("ContentVariables", ""),
        messaging_service_sid=given.get("MessagingServiceSid", ""),
        status_callback=given.get("StatusCallback", ""),
        send_at=given.get("SendAt", ""),
    )


def _check_addresses(given: dict[str, str]) -> None:
    to, sender, service = (given.get(name, "") for name in ("To", "From", "MessagingServiceSid"))
    if not to:
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    if not _ADDRESS.fullmatch(to):
        raise Refusal(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not sender and not service:
        raise Refusal(400, 21603, "A 'From' phone number is required.")
    if service and not _SERVICE.fullmatch(service):
        raise Refusal(400, 21701, f"The Messaging Service {service} is not valid")
    if sender and (not _ADDRESS.fullmatch(sender) or sender.startswith("whatsapp:") != to.startswith("whatsapp:")):
        raise Refusal(400, 63007, f"Twilio could not find a Channel with the specified From address {sender}")


def _check_content(given: dict[str, str], *, media: list[str]) -> None:
    body, content, variables = (given.get(name, "") for name in ("Body", "ContentSid", "ContentVariables"))
    if len(body) > MAX_BODY:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if variables and not content:
        raise Refusal(400, 21654, "ContentSid is required when ContentVariables is given")
    if content and not _CONTENT.fullmatch(content):
        raise Refusal(400, 21655, "The ContentSid is invalid")
    if variables and not _is_json_object(variables):
        raise Refusal(400, 21656, "The ContentVariables parameter is invalid.")
    if len(media) > 10 or any(urlsplit(url).scheme not in ("http", "https") for url in media):
        raise Refusal(400, 21620, "Invalid media URL")
    if not (body or content or media):
        raise Refusal(400, 21619, "A text message body or media urls must be specified.")


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _check_callback(url: str) -> None:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname):
        raise Refusal(400, 21609, f"The StatusCallback URL {url} is not a valid URL.")


def _first_status(given: dict[str, str]) -> str:
    if given.get("ScheduleType") == "fixed":
        _check_schedule(given)
        return "scheduled"
    return "accepted" if given.get("MessagingServiceSid") else "queued"


def _check_schedule(given: dict[str, str]) -> None:
    if not given.get("MessagingServiceSid"):
        raise Refusal(400, 35118, "MessagingServiceSid is required to schedule a message")
    try:
        ahead = datetime.fromisoformat(given.get("SendAt", "").replace("Z", "+00:00")) - datetime.now(UTC)
    except (ValueError, TypeError):
        raise Refusal(400, 35114, "SendAt must be a UTC date and time") from None
    if not timedelta(seconds=300) < ahead <= timedelta(days=35):
        raise Refusal(400, 35114, "SendAt must be more than 300 seconds and at most 35 days ahead")


def resource(message: BookedMessage) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "account_sid": message.account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": format_datetime(message.created_at),
        "date_sent": message.sent_at and format_datetime(message.sent_at),
        "date_updated": format_datetime(message.sent_at or message.created_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender or None,
        "messaging_service_sid": message.messaging_service_sid or None,
        "num_media": str(len(message.media)),
        "num_segments": "0" if message.messaging_service_sid else "1",
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def update(message: BookedMessage, given: dict[str, str]) -> None:
    """Cancel a scheduled message, or redact one by an empty body."""
    if given.get("Status") == "canceled":
        if message.status != "scheduled":
            raise Refusal(400, 30409, "Message is not in a cancelable state")
        message.status = "canceled"
    if given.get("Body") == "":
        message.body = ""


def matches(message: BookedMessage, query: dict[str, str]) -> bool:
    """Twilio filters by To, From and the day (GMT) of DateSent, and by nothing finer.

    What has not been sent has no DateSent: the double takes that at its word, which is the harder case.
    """
    addresses = (("To", message.to), ("From", message.sender))
    return all(query.get(name) in (None, value) for name, value in addresses) and _is_sent_when(message, query)


def _is_sent_when(message: BookedMessage, query: dict[str, str]) -> bool:
    wanted = {name: _day(query[name]) for name in ("DateSent", "DateSent>", "DateSent<") if name in query}
    if not wanted or message.sent_at is None:
        return not wanted
    day = message.sent_at.date()
    return (
        wanted.get("DateSent", day) == day
        and wanted.get("DateSent>", day) <= day
        and wanted.get("DateSent<", day) >= day
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Refusal(400, 20001, f"DateSent {text} is not a date") from None


def listing(request: Request, shown: list[BookedMessage], *, page: int, size: int, has_more: bool) -> dict[str, Any]:
    filters = {name: value for name, value in request.query.items() if name not in ("Page", "PageToken")}

    def uri(number: int) -> str:
        return f"{request.path}?{urlencode({**filters, 'PageSize': size, 'Page': number})}"

    return {
        "messages": [resource(message) for message in shown],
        "start": page * size,
        "end": page * size + len(shown) - 1,
        "page": page,
        "page_size": size,
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": f"{uri(page + 1)}&PageToken=PA{shown[-1].sid}" if has_more else None,
    }
