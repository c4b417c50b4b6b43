"""What became of a mail of ours, as its service tells it, or a mail server by a mail. Pure.

Opens are of no interest unless the channel asks for them, and clicks never: links are counted by ourselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from messaging.incoming import UnreadablePayload, storable

from .letters import Letter

Json = Mapping[str, Any]

DELIVERED, FAILED, COMPLAINED, UNSUBSCRIBED, OPENED = "delivered", "failed", "complained", "unsubscribed", "opened"
OUR_ID: Final = "baton_message"
"""The name under which our message's id travels with the mail and comes back."""


class UnreadableReport(UnreadablePayload):
    """No report of a service that is known."""


@dataclass(frozen=True, slots=True)
class Report:
    """`what` is one of the five words above, or "" for what concerns nobody."""

    what: str
    provider_id: str
    our_id: str
    code: str = ""
    detail: str = ""


def read_report(content: Any) -> Report:
    """One service's report, told by its shape; raises UnreadableReport."""
    if not isinstance(content, dict):
        raise UnreadableReport("no object")
    for mark, read in _READERS.items():
        if mark in content:
            return read(content)
    raise UnreadableReport("no service's report: none of " + ", ".join(_READERS))


# -- by service ----------------------------------------------------------------------------------------------------

_MAILGUN: Final = {
    "delivered": DELIVERED,
    "failed": FAILED,
    "rejected": FAILED,
    "complained": COMPLAINED,
    "unsubscribed": UNSUBSCRIBED,
    "opened": OPENED,
}


def _mailgun(content: Json) -> Report:
    told = _object(content, "event-data")
    what = _MAILGUN.get(_word(told, "event"), "")
    if what == FAILED and _word(told, "severity") == "temporary":
        what = ""
    status = _object(told, "delivery-status")
    code = "suppressed" if _word(told, "reason").startswith("suppress-") else _code(status, "bounced")
    message_id = _word(_object(_object(told, "message"), "headers"), "message-id").strip("<>")
    return Report(
        what,
        provider_id=f"<{message_id}>" if message_id else "",
        our_id=_word(_object(told, "user-variables"), OUR_ID),
        code=code if what == FAILED else "",
        detail=_word(status, "message") or _word(status, "description") or _word(told, "reason"),
    )


def _code(status: Json, otherwise: str) -> str:
    """The mail server's own code says more than ours."""
    enhanced = _word(status, "enhanced-code")
    return enhanced if re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", enhanced) else otherwise


_POSTMARK: Final = {
    "Delivery": DELIVERED,
    "Bounce": FAILED,
    "SpamComplaint": COMPLAINED,
    "SubscriptionChange": UNSUBSCRIBED,
    "Open": OPENED,
}
_POSTMARK_BOUNCES: Final = {
    "HardBounce": "bounced",
    "BadEmailAddress": "invalid",
    "Blocked": "blocked",
    "SpamNotification": "spam",
    "DMARCPolicy": "blocked",
    "ManuallyDeactivated": "suppressed",
    "SMTPApiError": "failed",
}
_POSTMARK_PASSING: Final = frozenset(
    {"Transient", "SoftBounce", "DnsError", "AutoResponder", "AddressChange", "Unknown"}
)


def _postmark(content: Json) -> Report:
    what, kind = _POSTMARK.get(_word(content, "RecordType"), ""), _word(content, "Type")
    if what == FAILED and kind in _POSTMARK_PASSING:
        what = ""
    if what == UNSUBSCRIBED and not (
        content.get("SuppressSending") is True and _word(content, "SuppressionReason") == "ManualSuppression"
    ):
        what = ""  # it only repeats a bounce or a complaint, or takes the suppression back
    return Report(
        what,
        provider_id=_word(content, "MessageID"),
        our_id=_word(_object(content, "Metadata"), OUR_ID),
        code=_POSTMARK_BOUNCES.get(kind, "bounced") if what == FAILED else "",
        detail=_word(content, "Description") or _word(content, "Details"),
    )


_SENDGRID: Final = {
    "delivered": DELIVERED,
    "bounce": FAILED,
    "dropped": FAILED,
    "spamreport": COMPLAINED,
    "unsubscribe": UNSUBSCRIBED,
    "group_unsubscribe": UNSUBSCRIBED,
    "open": OPENED,
}
_SENDGRID_DROPS: Final = {
    "bounced address": "suppressed",
    "invalid": "invalid",
    "unsubscribed address": "unsubscribed",
    "spam reporting address": "complained",
    "blocked": "blocked",
    "expired": "timed_out",
}


def _sendgrid(content: Json) -> Report:
    what = _SENDGRID.get(_word(content, "event"), "")
    reason = _word(content, "reason")
    kind = _SENDGRID_DROPS.get(_word(content, "type").lower()) or _SENDGRID_DROPS.get(reason.lower())
    status = _word(content, "status")
    by_server = status if re.fullmatch(r"[45]\.\d{1,3}\.\d{1,3}", status) else "bounced"
    return Report(
        what,
        provider_id=_word(content, "anymail_id"),
        our_id=_word(content, OUR_ID),
        code=(kind or by_server) if what == FAILED else "",
        detail=reason or _word(content, "response"),
    )


_RESEND: Final = {
    "email.delivered": DELIVERED,
    "email.bounced": FAILED,
    "email.failed": FAILED,
    "email.suppressed": FAILED,
    "email.complained": COMPLAINED,
    "email.opened": OPENED,
}


def _resend(content: Json) -> Report:
    """Its bounces come without a code; the words tell whether it even tried."""
    what, told = _RESEND.get(_word(content, "type"), ""), _object(content, "data")
    bounce = _object(told, "bounce")
    detail = _word(bounce, "message") or _word(_object(told, "failed"), "reason")
    was_suppressed = _word(content, "type") == "email.suppressed" or "suppressed" in detail.lower()
    otherwise = "failed" if _word(content, "type") == "email.failed" else "bounced"
    return Report(
        what,
        provider_id=_word(told, "email_id"),
        our_id=_our_id_in(told.get("headers")),
        code=("suppressed" if was_suppressed else otherwise) if what == FAILED else "",
        detail=detail,
    )


def _our_id_in(headers: Any) -> str:
    """It comes back in a header of the mail, as JSON."""
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and _word(header, "name").lower() == "x-metadata":
            try:
                known = json.loads(_word(header, "value"))
            except (ValueError, RecursionError):
                return ""
            return _word(known, OUR_ID) if isinstance(known, dict) else ""
    return ""


_READERS: Final[Mapping[str, Callable[[Json], Report]]] = {
    "event-data": _mailgun,
    "RecordType": _postmark,
    "event": _sendgrid,
    "type": _resend,
}

# -- by mail -------------------------------------------------------------------------------------------------------

_ACTION: Final = re.compile(r"^action:\s*(\w+)", re.IGNORECASE | re.MULTILINE)
_STATUS: Final = re.compile(r"^status:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_DIAGNOSIS: Final = re.compile(r"^diagnostic-code:\s*(?:smtp;)?\s*(.{1,400})", re.IGNORECASE | re.MULTILINE)


def failure_in(letter: Letter) -> tuple[str, str] | None:
    """The code and the words of a report that a mail could not be delivered at all; None for any other mail."""
    action, status = _ACTION.search(letter.report), _STATUS.search(letter.report)
    if action is None or action[1].lower() != "failed":
        return None
    diagnosis = _DIAGNOSIS.search(letter.report)
    return status[1] if status else "bounced", storable(diagnosis[1].strip()) if diagnosis else ""


# -- reading -------------------------------------------------------------------------------------------------------


def items_of(content: Any) -> Iterator[Any]:
    """SendGrid tells of many at once."""
    yield from content if isinstance(content, list) else [content]


def _object(content: Json, name: str) -> Json:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _word(content: Json, name: str) -> str:
    found = content.get(name)
    return storable(str(found))[:500] if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
