"""What holds for marketing alone: consent, holds, quiet hours, the frequency cap, and whom a provider spares."""

from collections.abc import Mapping
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
from project.kernel.errors import WrongValues


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


POLICY_FIELDS = ("quiet_from", "quiet_to", "marketing_cap", "cap_days")


def set_sending_policy(*, workspace_id: int, changes: Mapping[str, Any]) -> SendingPolicy:
    """Change what is named. Raises ValidationError for a value out of range."""
    policy = sending_policy(workspace_id)
    for name in POLICY_FIELDS:
        if name in changes:
            setattr(policy, name, changes[name])
    policy.clean_fields(exclude=["workspace"])
    check_policy(policy)
    values = {name: getattr(policy, name) for name in POLICY_FIELDS}
    stored, _ = SendingPolicy.objects.update_or_create(workspace_id=workspace_id, defaults=values)
    return stored


def check_policy(policy: SendingPolicy) -> None:
    """Raises WrongValues by field, with the bounds that the database holds."""
    problems = {}
    if policy.marketing_cap is not None and not 1 <= policy.marketing_cap <= 100:
        problems["marketing_cap"] = f"{policy.marketing_cap} is not between 1 and 100; leave it empty for no cap"
    if not 1 <= policy.cap_days <= 90:
        problems["cap_days"] = f"{policy.cap_days} is not between 1 and 90"
    if problems:
        raise WrongValues(problems)


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
