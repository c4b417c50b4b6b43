"""Applying mails and reports: pure database work in the transaction that marks the event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from crm.models import Identity, Lead
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services.consent import consent_state, record_provider_opt_out
from crm.services.leads import Name, find_lead
from messaging.incoming import new_event
from messaging.models import Channel, Message, ServiceWindow, WebhookEvent
from messaging.models.messages import Direction
from messaging.models.webhooks import EventState
from messaging.services.amendments import quote_of
from messaging.services.fetching import fetch_soon
from messaging.services.inbox import store_events
from messaging.services.receiving import receive_message
from messaging.services.statuses import UnknownMessage, record_status

from .automatic import WITHIN, is_loop, why_automatic
from .letters import MIME, Letter, UnreadableLetter, read_letter, read_mime
from .reading import Mail, media_of, read_mail, thread_in
from .reports import COMPLAINED, DELIVERED, FAILED, OPENED, UNSUBSCRIBED, Report, failure_in, items_of, read_report
from .webhook import digest_of, read_json

ARRIVED_AT_SERVICE: Final = "email.received"
"""Resend tells that a mail came, and keeps what it says for whoever asks."""


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one mail or report; raises UnreadablePayload for what makes no sense."""
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    return APPLIERS.get(event.kind, _refuse)(channel, event, now)


def _refuse(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    raise UnreadableLetter(f"no event of this kind: {event.kind[:40]}")


# -- mails ---------------------------------------------------------------------------------------------------------


def _apply_mail(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    body, content_type = bytes(event.body), str(event.headers.get("content-type", ""))
    if content_type.lower().startswith("application/json") and _is_notice(read_json(body)):
        fetch_soon(channel, now=now)
        return EventState.APPLIED
    return _receive(channel, read_letter(body, content_type), content_type, event, now)


def _is_notice(content: Any) -> bool:
    return isinstance(content, dict) and content.get("type") == ARRIVED_AT_SERVICE


def _apply_mime(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    return _receive(channel, read_mime(bytes(event.body)), MIME, event, now)


def _receive(channel: Channel, letter: Letter, shape: str, event: WebhookEvent, now: datetime) -> EventState:
    """A machine's mail stands in the thread that it belongs to, and makes nobody a customer."""
    mail = read_mail(letter, received_at=event.received_at)
    answered = _answered(channel, mail)
    if answered and (failure := failure_in(letter)):
        return _record(channel, Report(FAILED, answered.provider_id, str(answered.pk), *failure), now)
    writer = find_lead(workspace=channel.workspace, identities=[_named(mail)])
    lead = writer or (answered.lead if answered else None)
    why = why_automatic(letter, mail.address, _own_addresses(channel)) or _why_loop(channel, writer, now)
    if why and lead is None:
        return EventState.IGNORED
    received = receive_message(
        channel=channel,
        identities=_names_of(lead) if lead and not writer else [_named(mail)],
        address=_address(channel, mail, lead if not writer else None),
        provider_id=mail.provider_id,
        body=mail.body,
        media=media_of(letter, shape),
        payload=_payload(channel, mail, why, is_foreign=lead is not None and writer is None),
        at=mail.at,
        now=now,
        profile_name=mail.name if writer or lead is None else "",
        is_history=bool(why),
    )
    return EventState.APPLIED if received else EventState.IGNORED


def _named(mail: Mail) -> Name:
    return (IdentityKind.EMAIL, mail.address)


def _names_of(lead: Lead) -> list[Name]:
    known = Identity.objects.filter(lead=lead).order_by("pk").values_list("kind", "value")
    return [(IdentityKind(kind), value) for kind, value in known]


def _answered(channel: Channel, mail: Mail) -> Message | None:
    """The message of ours that it names first. The ids are random: whoever knows one was sent it."""
    if not mail.answered:
        return None
    sent = Message.objects.filter(channel=channel, direction=Direction.OUT).select_related("lead")
    found = {message.pk: message for message in sent.filter(pk__in=mail.answered[:50])}
    return next((found[known] for known in mail.answered if known in found), None)


def _own_addresses(channel: Channel) -> set[str]:
    return {channel.sender, channel.settings.get("reply_address", "")} - {""}


def _why_loop(channel: Channel, writer: Lead | None, now: datetime) -> str:
    if writer is None:
        return ""
    theirs = Message.objects.filter(channel=channel, lead=writer, direction=Direction.IN, at__gt=now - WITHIN)
    count = theirs.count()
    minutes = int(WITHIN.total_seconds() // 60)
    return f"it is one of more than {count} within {minutes} minutes" if is_loop(count) else ""


def _address(channel: Channel, mail: Mail, answered_by_another: Lead | None) -> str:
    """Who answers from an address that nobody knows may have been forwarded the mail: answers stay with the lead."""
    if answered_by_another is None:
        return mail.address
    window = ServiceWindow.objects.filter(channel=channel, conversation__lead=answered_by_another).first()
    return window.address if window else mail.address


def _payload(channel: Channel, mail: Mail, why: str, *, is_foreign: bool) -> dict[str, Any]:
    shown: Mapping[str, Any] = {
        "subject": mail.subject,
        "written_from": mail.address if is_foreign else "",
        "automatic": why,
        "full_text": mail.text if mail.text.strip() != mail.body else "",
        "html": mail.html,
        "thread": {} if why else thread_in(mail),
        "quoted": next((quote for known in mail.answered[:5] if (quote := _quote(channel, str(known)))), ""),
    }
    return {"message_type": "email", **{name: value for name, value in shown.items() if value}}


def _quote(channel: Channel, our_id: str) -> str:
    answered = Message.objects.filter(channel=channel, pk=our_id).values_list("provider_id", flat=True).first()
    return quote_of(channel=channel, provider_id=answered) if answered else ""


# -- reports -------------------------------------------------------------------------------------------------------


def _apply_reports(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    """One for each of many, in the transaction that marks the whole; a single one is applied at once."""
    content = read_json(bytes(event.body))
    if _is_notice(content):
        fetch_soon(channel, now=now)
        return EventState.APPLIED
    if not isinstance(content, list):
        return _record(channel, read_report(content), now)
    told = [
        new_event(
            workspace_id=channel.workspace_id,
            source=channel.kind,
            source_id=channel.pk,
            kind="status",
            key=f"status:{digest_of(item)}",
            order_key="reports",
            body=json.dumps(item).encode(),
            now=event.received_at,
        )
        for item in items_of(content)
    ]
    return EventState.APPLIED if store_events(told) else EventState.IGNORED


def _record(channel: Channel, report: Report, now: datetime) -> EventState:
    status = STATUSES.get(report.what)
    if report.what in (COMPLAINED, UNSUBSCRIBED):
        return _withdraw(channel, report, now)
    if status is None or (report.what == OPENED and channel.settings.get("count_opens") != "yes"):
        return EventState.IGNORED
    try:
        moved = record_status(
            channel=channel,
            provider_id=report.provider_id[:160],
            message_id=report.our_id or None,
            status=status,
            error_code=report.code,
            detail=report.detail,
            now=now,
        )
    except UnknownMessage:  # sent by another system with the same account
        return EventState.IGNORED
    return EventState.APPLIED if moved else EventState.IGNORED


STATUSES: Final = {DELIVERED: "delivered", FAILED: "failed", OPENED: "read"}


def _withdraw(channel: Channel, report: Report, now: datetime) -> EventState:
    """Answers to what they write remain allowed: they wrote, and want one."""
    sent = Message.objects.filter(channel=channel, direction=Direction.OUT).select_related("lead")
    ours = sent.filter(pk=report.our_id) if _is_uuid(report.our_id) else sent.filter(provider_id=report.provider_id)
    message = ours.first() if report.our_id or report.provider_id else None
    if message is None:
        return EventState.IGNORED
    if consent_state(message.lead_id, channel.kind, Purpose.MARKETING) == ConsentState.WITHDRAWN:
        return EventState.IGNORED
    proof = "called it spam" if report.what == COMPLAINED else "unsubscribed at the mail service"
    record_provider_opt_out(
        lead=message.lead, channel_kind=channel.kind, purposes=(Purpose.MARKETING,), proof=proof, now=now
    )
    return EventState.APPLIED


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


APPLIERS: Final[dict[str, Callable[[Channel, WebhookEvent, datetime], EventState]]] = {
    "mail": _apply_mail,
    "mime": _apply_mime,
    "status": _apply_reports,
}
