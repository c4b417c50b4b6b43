"""What holds for marketing alone: consent, holds, quiet hours, the frequency cap, and whom a provider spares."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from django.db import connection

from crm.models.consent import ConsentState, Purpose
from crm.services.consent import consent_state
from crm.services.holds import holds_in_force
from messaging.models import Message, SendingPolicy
from messaging.quiet import quiet_until


@dataclass(frozen=True, slots=True)
class Promotion:
    has_consent: bool
    holds: tuple[str, ...]
    quiet_until: datetime | None
    cap_frees_at: datetime | None


NOT_PROMOTION = Promotion(has_consent=False, holds=(), quiet_until=None, cap_frees_at=None)

# Whatever may have reached the customer counts, on every channel; of the newest so many the oldest frees the place.
_CAP = """
    SELECT coalesce(sent_at, at) FROM messaging_message
     WHERE lead_id = %(lead)s AND purpose = 'marketing' AND at > %(since)s - interval '7 days'
       AND status IN ('sending', 'unknown', 'in_doubt', 'accepted', 'sent', 'delivered', 'read')
       AND id <> %(message)s AND coalesce(sent_at, at) > %(since)s
     ORDER BY coalesce(sent_at, at) DESC OFFSET %(place)s LIMIT 1
"""


def look_at_promotion(message: Message, now: datetime) -> Promotion:
    """Only asked for marketing, and for templates that are marketing to the provider: a few statements more."""
    policy = sending_policy(message.workspace_id)
    state = consent_state(message.lead_id, message.channel.kind, Purpose.MARKETING)
    return Promotion(
        has_consent=state == ConsentState.GRANTED,
        holds=tuple(holds_in_force(message.lead_id, now)),
        quiet_until=quiet_until(now, zone=_zone_of(message), begins=policy.quiet_from, ends=policy.quiet_to),
        cap_frees_at=_cap_frees_at(message, policy, now),
    )


def sending_policy(workspace_id: int) -> SendingPolicy:
    """The workspace's, or the usual one, which is stored once somebody changes it."""
    found = SendingPolicy.objects.filter(workspace_id=workspace_id).first()
    return found or SendingPolicy(workspace_id=workspace_id)


def is_us_number(address: str) -> bool:
    """+1 with an area code of the United States; Canada and the Caribbean share +1."""
    number = address.removeprefix("whatsapp:")
    if not number.startswith("+1"):
        return False
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) == "US"
    except phonenumbers.NumberParseException:
        return False


def _zone_of(message: Message) -> tzinfo:
    """The customer's own zone where it is known, else the workspace's."""
    try:
        return ZoneInfo(message.lead.timezone or message.lead.workspace.timezone)
    except (KeyError, ValueError, OSError):
        return message.lead.workspace.zone


def _cap_frees_at(message: Message, policy: SendingPolicy, now: datetime) -> datetime | None:
    """When the next one fits; None while one fits now."""
    if policy.marketing_cap is None:
        return None
    span = timedelta(days=policy.cap_days)
    values: dict[str, Any] = {
        "lead": message.lead_id,
        "message": message.pk,
        "since": now - span,
        "place": policy.marketing_cap - 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CAP, values)
        row = cursor.fetchone()
    return row[0] + span if row else None
