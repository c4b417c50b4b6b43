"""Gathering the facts that the gate decides on, fresh, inside the transaction that acts on the verdict."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.models.consent import ConsentState, Purpose
from crm.services.holds import holds_in_force
from messaging import transports
from messaging.gate import Facts
from messaging.models import Conversation, Message
from project.kernel.prepared import prepared_cursor


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


CIRCUMSTANCES = """
    coalesce(floor.epoch, 0), coalesce(floor.holder, ''), coalesce(nullif(person.name, ''), person.email, ''),
    service_window.closes_at, coalesce(service_window.address, ''), answered.at,
    coalesce(consent.state, ''), consent.at
"""
"""The columns of Circumstances, in their order; they need `CIRCUMSTANCES_OF_MESSAGE` behind the row `message`."""

CIRCUMSTANCES_OF_MESSAGE = """
    LEFT JOIN messaging_floor AS floor ON floor.lead_id = message.lead_id
    LEFT JOIN crm_user AS person ON person.id = floor.user_id
    LEFT JOIN messaging_servicewindow AS service_window
      ON service_window.conversation_id = message.conversation_id AND service_window.channel_id = message.channel_id
    LEFT JOIN messaging_message AS answered ON answered.id = message.answers_id
    LEFT JOIN LATERAL (
         SELECT state, at FROM crm_consent
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
    with prepared_cursor() as cursor:
        cursor.execute(_OF_UNSAVED, values)
        return Circumstances(*cursor.fetchone())


def gather_facts(
    message: Message, conversation: Conversation, now: datetime, around: Circumstances | None = None
) -> Facts:
    """What the gate needs to know of `message`; the conversation is locked by the caller."""
    channel = message.channel
    around = around or circumstances_of(message)
    is_marketing = message.purpose == Purpose.MARKETING
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
        has_window=transports.capabilities_of(channel.kind).window_hours is not None,
        window_closes_at=around.window_closes_at,
        opted_out_at=around.consent_at if around.consent == ConsentState.WITHDRAWN else None,
        confirms_opt_out=bool(message.payload.get("confirms_opt_out")),
        marketing_consent=is_marketing and around.consent == ConsentState.GRANTED,
        holds=tuple(holds_in_force(message.lead_id, now)) if is_marketing else (),
        sender_paused=(channel.paused_reason or "by an operator") if channel.paused_at else "",
        sender_resumes_at=channel.resumes_at,
        rests_until=channel.rests_until,
        rest_code=channel.rest_code,
        rest_reason=channel.rest_reason,
    )
