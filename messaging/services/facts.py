"""Gathering the facts that the gate decides on, fresh, inside the transaction that acts on the verdict."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from crm.models.consent import ConsentState, Purpose
from messaging import transports
from messaging.gate import Facts
from messaging.models import Conversation, Message
from messaging.transports import Capabilities

from .promotion import NOT_PROMOTION, Promotion, is_us_number, look_at_promotion

INVALID_FOR = timedelta(days=30)
"""How long an address that the provider does not know is left alone, unless the customer writes from it."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What stands in other rows than the message, its conversation and its channel."""

    floor_epoch: int
    floor_holder: str
    floor_person: str
    window_closes_at: datetime | None
    address: str
    answers_at: datetime | None
    consent: str
    consent_at: datetime | None
    consent_id: int | None
    window_opened_at: datetime | None
    ad_clicked_at: datetime | None
    free_until: datetime | None
    invalid_at: datetime | None
    invalid_reason: str

    @property
    def granted_consent_id(self) -> int | None:
        """The line of the ledger that allows this message's purpose here."""
        return self.consent_id if self.consent == ConsentState.GRANTED else None


CIRCUMSTANCES = """
    coalesce(floor.epoch, 0), coalesce(floor.holder, ''), coalesce(nullif(person.name, ''), person.email, ''),
    service_window.closes_at, coalesce(service_window.address, ''), answered.at,
    coalesce(consent.state, ''), consent.at, consent.id,
    service_window.opened_at, service_window.ad_clicked_at, service_window.free_until,
    service_window.invalid_at, coalesce(service_window.invalid_reason, '')
"""
"""The columns of Circumstances, in their order; they need `CIRCUMSTANCES_OF_MESSAGE` behind the row `message`."""

CIRCUMSTANCES_OF_MESSAGE = """
    LEFT JOIN messaging_floor AS floor ON floor.lead_id = message.lead_id
    LEFT JOIN crm_user AS person ON person.id = floor.user_id
    LEFT JOIN messaging_servicewindow AS service_window
      ON service_window.conversation_id = message.conversation_id AND service_window.channel_id = message.channel_id
    LEFT JOIN messaging_message AS answered ON answered.id = message.answers_id
    LEFT JOIN LATERAL (
         SELECT id, state, at FROM crm_consent
          WHERE lead_id = message.lead_id AND channel_kind = channel.kind AND purpose = message.purpose
          ORDER BY at DESC, id DESC LIMIT 1
    ) AS consent ON true
"""
_OF_UNSAVED = f"""
    SELECT {CIRCUMSTANCES}
      FROM (VALUES (%(lead)s::bigint, %(conversation)s::bigint, %(channel)s::bigint, %(purpose)s, %(answers)s::uuid))
           AS message (lead_id, conversation_id, channel_id, purpose, answers_id)
      JOIN messaging_channel AS channel ON channel.id = message.channel_id
      {CIRCUMSTANCES_OF_MESSAGE}
"""


def circumstances_of(message: Message) -> Circumstances:
    """One statement: it runs for every message that is queued."""
    values: dict[str, Any] = {
        "lead": message.lead_id,
        "conversation": message.conversation_id,
        "channel": message.channel_id,
        "purpose": message.purpose,
        "answers": message.answers_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_UNSAVED, values)
        return Circumstances(*cursor.fetchone())


def gather_facts(
    message: Message, conversation: Conversation, now: datetime, around: Circumstances | None = None
) -> Facts:
    """What the gate needs to know of `message`; the conversation is locked by the caller."""
    channel, can = message.channel, transports.capabilities_of(message.channel.kind)
    around = around or circumstances_of(message)
    promotion = _promotion(message, now)
    return Facts(
        now=now,
        voice=message.voice,
        purpose=message.purpose,
        epoch=message.epoch or 0,
        floor_epoch=around.floor_epoch,
        floor_holder=around.floor_holder,
        floor_person=around.floor_person,
        answers_at=around.answers_at,
        stands=bool(message.payload.get("stands")),
        newest_inbound_at=conversation.last_inbound_at,
        has_window=can.window_hours is not None,
        window_closes_at=around.window_closes_at,
        human_window_closes_at=_human_window(can, around),
        opted_out_at=around.consent_at if around.consent == ConsentState.WITHDRAWN else None,
        confirms_opt_out=bool(message.payload.get("confirms_opt_out")),
        marketing_consent=promotion.has_consent,
        holds=promotion.holds,
        quiet_until=promotion.quiet_until,
        cap_frees_at=promotion.cap_frees_at,
        is_spared_number=promotion is not NOT_PROMOTION and can.spares_us_numbers and is_us_number(around.address),
        receives_only=can.receives_only,
        has_address=bool(around.address),
        address_invalid=_invalid(around, now),
        text_size=len(message.body.encode()) if can.counts_bytes else len(message.body),
        max_text=can.max_text,
        sender_paused=(channel.paused_reason or "by an operator") if channel.paused_at else "",
        sender_resumes_at=channel.resumes_at,
        rests_until=channel.rests_until,
        rest_code=channel.rest_code,
        rest_reason=channel.rest_reason,
        **_template(message),
    )


def _promotion(message: Message, now: datetime) -> Promotion:
    is_promotional = message.purpose == Purpose.MARKETING or _category(message) == Purpose.MARKETING
    return look_at_promotion(message, now) if is_promotional else NOT_PROMOTION


def _category(message: Message) -> str:
    return message.template.category if message.template_id and message.template else ""


def _template(message: Message) -> dict[str, Any]:
    """What is known of the template that the message may leave as."""
    template = message.template if message.template_id else None
    if template is None:
        return {}
    return {
        "template": template.status,
        "template_name": template.name,
        "template_category": template.category,
        "template_problem": template.unsupported or message.template_form.get("problem", ""),
        "template_resumes_at": template.paused_until,
        "template_always": bool(message.template_form.get("always")),
    }


def _human_window(can: Capabilities, around: Circumstances) -> datetime | None:
    if can.human_window_hours is None or around.window_opened_at is None:
        return None
    return around.window_opened_at + timedelta(hours=can.human_window_hours)


def _invalid(around: Circumstances, now: datetime) -> str:
    """Why the address is not tried; after a while it is again, because people come back to a channel."""
    if around.invalid_at is None or around.invalid_at <= now - INVALID_FOR:
        return ""
    return around.invalid_reason or "the provider reaches nobody there"
