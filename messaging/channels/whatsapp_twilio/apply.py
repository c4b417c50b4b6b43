"""Applying Twilio's events on WhatsApp."""

from __future__ import annotations

from datetime import datetime

from crm.models.people import IdentityKind
from crm.services.leads import Name
from messaging.channels.twilio.apply import apply_form
from messaging.channels.twilio.payloads import InboundMessage
from messaging.models import WebhookEvent
from messaging.models.webhooks import EventState


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    return apply_form(event, identities=_identities, now=now)


def _identities(said: InboundMessage) -> list[Name]:
    """Phone first where there is one; a sender who hides it is known by the business-scoped id, at last by address."""
    names: list[Name] = []
    if said.phone:
        names.append((IdentityKind.PHONE, said.phone))
    if said.bsuid:
        names.append((IdentityKind.WHATSAPP, said.bsuid))
    return names or [(IdentityKind.WHATSAPP, said.sender.removeprefix("whatsapp:")[:160])]
