"""What Meta tells of people rather than of messages: a new number or id, and what they want to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crm.models import Lead
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import newest_consent_at, record_consent
from crm.services.leads import find_lead, find_or_create_lead, learn_identities
from crm.services.trail import record_decision
from messaging.models import Channel, ServiceWindow
from messaging.models.webhooks import EventState

from .payloads import MARKETING, Json, MessageUpdate, Person, PreferenceUpdate, System, person_of, read

CHANGES: Final = frozenset({"user_changed_number", "user_changed_user_id", "customer_changed_number"})
CHOICES: Final = {"stop": ConsentState.WITHDRAWN, "resume": ConsentState.GRANTED}


def apply_system(channel: Channel, content: Json, now: datetime) -> EventState:
    """A person whom nobody here knows may change what they like."""
    update = read(MessageUpdate, content)
    system = read(System, update.message.content)
    lead = find_lead(workspace=channel.workspace, identities=update.person.identities)
    if lead is None:
        return EventState.IGNORED
    if system.type not in CHANGES:
        words = system.body or f"WhatsApp told of “{system.type}”."
        record_decision(lead=lead, actor="customer", kind="lead.system_message", reason=words, now=now)
        return EventState.APPLIED
    return _apply_change(channel, lead, update.person, system, now)


def _apply_change(channel: Channel, lead: Lead, before: Person, system: System, now: datetime) -> EventState:
    """The old names stay theirs: what they wrote under them is theirs too. Answers go to the new address."""
    after = person_of(wa_id=system.wa_id, user_id=system.user_id, contact=None)
    reason = system.body.rstrip(".") + "." if system.body else "The customer has a new number or id on WhatsApp."
    is_news = learn_identities(lead=lead, identities=after.identities, reason=reason, now=now)
    if after.phone or not before.phone:  # a new id alone does not change the number that answers go to
        windows = ServiceWindow.objects.filter(channel=channel, conversation__lead=lead)
        windows.exclude(address=after.address).update(address=after.address)
    return EventState.APPLIED if is_news else EventState.IGNORED


def apply_preference(channel: Channel, content: Json, now: datetime) -> EventState:
    """Of two choices the later one counts, in whatever order they arrive. A stranger's choice is kept as well."""
    update = read(PreferenceUpdate, content)
    chosen = update.preference
    state = CHOICES.get(chosen.value)
    if chosen.category != MARKETING or state is None:
        return EventState.IGNORED
    person, at = update.person, min(chosen.at, now)
    lead = find_or_create_lead(workspace=channel.workspace, identities=person.identities, name=person.name, now=now)
    known_since = newest_consent_at(lead.pk, channel.kind, Purpose.MARKETING)
    if known_since is not None and known_since > at:
        return EventState.IGNORED
    record_consent(
        lead=lead,
        channel_kind=channel.kind,
        purposes=(Purpose.MARKETING,),
        state=state,
        source="provider",
        proof=chosen.detail or f"user_preferences: {chosen.value}",
        now=at,
    )
    return EventState.APPLIED
