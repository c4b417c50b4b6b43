"""Gathering the facts that the gate decides on, fresh, inside the transaction that acts on the verdict."""

from datetime import datetime

from crm.models import Consent
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import consent_state
from crm.services.holds import holds_in_force
from messaging import transports
from messaging.floor import current_floor
from messaging.gate import Facts
from messaging.models import Conversation, Message, ServiceWindow


def gather_facts(message: Message, conversation: Conversation, now: datetime) -> Facts:
    """What the gate needs to know of `message`; the conversation is locked by the caller."""
    channel = message.channel
    floor = current_floor(message.lead_id)
    window = ServiceWindow.objects.filter(conversation=conversation, channel=channel).first()
    is_marketing = message.purpose == Purpose.MARKETING
    return Facts(
        now=now,
        voice=message.voice,
        purpose=message.purpose,
        epoch=message.epoch or 0,
        floor_epoch=floor.epoch if floor else 0,
        floor_holder=floor.holder if floor else "",
        floor_person=str(floor.user) if floor and floor.user else "",
        answers_at=message.answers.at if message.answers else None,
        stands=bool(message.payload.get("stands")),
        newest_inbound_at=conversation.last_inbound_at,
        has_window=transports.capabilities_of(channel.kind).window_hours is not None,
        window_closes_at=window.closes_at if window else None,
        opted_out_at=_opted_out_at(message.lead_id, channel.kind, message.purpose),
        confirms_opt_out=bool(message.payload.get("confirms_opt_out")),
        marketing_consent=is_marketing
        and consent_state(message.lead_id, channel.kind, Purpose.MARKETING) == ConsentState.GRANTED,
        holds=tuple(holds_in_force(message.lead_id, now)) if is_marketing else (),
        sender_paused=(channel.paused_reason or "by an operator") if channel.paused_at else "",
    )


def _opted_out_at(lead_id: int, channel_kind: str, purpose: str) -> datetime | None:
    newest = (
        Consent.objects.filter(lead_id=lead_id, channel_kind=channel_kind, purpose=purpose)
        .order_by("-at", "-id")
        .first()
    )
    return newest.at if newest and newest.state == ConsentState.WITHDRAWN else None
