"""Applying Twilio's events of SMS."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crm.models.people import IdentityKind
from crm.services.leads import Name
from messaging.channels.twilio.apply import apply_form
from messaging.channels.twilio.payloads import InboundMessage
from messaging.models import WebhookEvent
from messaging.models.webhooks import EventState

STOP_WORDS: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
"""Alone in a message, each makes Twilio answer for us and refuse everything after.

https://www.twilio.com/docs/messaging/features/advanced-opt-out
"""


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    return apply_form(event, identities=_identities, stopped_by=stopped_by, now=now)


def _identities(said: InboundMessage) -> list[Name]:
    """A short code or a name in letters is no number, and is kept as it came."""
    return [(IdentityKind.PHONE, said.phone or said.sender[:160])]


def stopped_by(said: InboundMessage) -> str:
    """The word by which Twilio has closed this number to us already; empty when it has not."""
    word = said.body.strip()
    return word if said.opt_out_type == "STOP" or word.upper() in STOP_WORDS else ""
