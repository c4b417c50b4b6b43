"""What the primary agent knows when it takes a turn: read once, then only looked at."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from agents.corrections import taught_by
from agents.knowledge.meaning import meaning_of
from agents.knowledge.search import search_knowledge
from agents.models import Turn
from agents.models.framework import Agent, State
from agents.models.turns import TurnState
from agents.reasoning.answers import LONGEST_REPLY
from agents.reasoning.cascade import hear
from agents.reasoning.explicit import Explicit
from agents.reasoning.guardrails import is_in_distress
from agents.reasoning.guardrails_privacy import canary_of, redact_secrets
from agents.reasoning.ports import Line, Question, Source
from agents.states import states_of
from crm.models import Lead
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import consent_state, is_opted_out
from crm.services.policies import is_opt_in_keyword
from messaging.floor import current_floor
from messaging.models import Conversation, Message
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import Direction, MessageStatus, Voice
from messaging.services.receiving import preview_of
from messaging.transports import capabilities_of

HISTORY_LINES = 20
SOURCES = 4
UTC = ZoneInfo("UTC")
UNHEARD = (MessageStatus.SUPPRESSED, MessageStatus.FAILED)

VOICES = {Voice.CUSTOMER: "customer", Voice.HUMAN: "human", Voice.AI: "agent"}


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything policy decides on, except what the analysts say.

    `past_sentiments` are those of the latest earlier turns, newest first.
    """

    is_resolved: bool
    text: str
    explicit: Explicit
    person_in_charge: str
    primary_state: str
    is_vip: bool
    is_opted_out: bool
    past_sentiments: tuple[float, ...]
    question: Question
    agrees_by_keyword: bool = False
    is_in_distress: bool = False
    past_intents: tuple[str, ...] = ()
    known_people: tuple[str, ...] = ()
    zone: ZoneInfo = UTC
    longest_reply: int = LONGEST_REPLY
    max_discount_percent: float = 0.0


def read_situation(*, conversation: Conversation, turn: Turn, now: datetime) -> Situation:
    """A handful of queries, whatever the length of the conversation."""
    recent = _recent(conversation)
    past = _past_turns(conversation, turn)
    text = _unanswered(recent, _settled_position(past))
    lead = conversation.lead
    workspace = conversation.workspace
    floor = current_floor(lead.pk)
    history = tuple(_line(message) for message in recent)
    heard = hear(text, history=history, taught=taught_by(workspace.pk, text))
    person = str(floor.user) if floor and floor.holder == "human" and floor.expires_at is None else ""
    return Situation(
        is_resolved=conversation.status == ConversationStatus.RESOLVED,
        text=text,
        explicit=heard.explicit,
        person_in_charge=person,
        primary_state=states_of(lead)[Agent.PRIMARY],
        is_vip=lead.is_vip,
        is_opted_out=is_opted_out(lead.pk, conversation.channel.kind, Purpose.SERVICE),
        past_sentiments=tuple(float(earlier.analysis.get("sentiment", 0.0)) for earlier in past[:2]),
        is_in_distress=is_in_distress(text),
        past_intents=tuple(str(earlier.analysis.get("intent", "")) for earlier in past),
        known_people=_addresses(lead),
        zone=_zone(conversation),
        longest_reply=min(LONGEST_REPLY, capabilities_of(conversation.channel.kind).max_text),
        max_discount_percent=workspace.max_discount_percent,
        question=Question(
            text=redact_secrets(text),
            history=history,
            heard=heard,
            lead_name=lead.name,
            company=lead.company,
            language=lead.language or None,
            workspace_name=workspace.name,
            business=workspace.business,
            sources=() if _is_explicit(heard.explicit) else _sources(workspace.pk, text, lead.language or None),
            is_vip=lead.is_vip,
            workspace_id=workspace.pk,
            channel=conversation.channel.kind,
            now=now,
            canary=canary_of(settings.SECRET_KEY),
        ),
        agrees_by_keyword=_agrees(conversation, text),
    )


def _agrees(conversation: Conversation, text: str) -> bool:
    """They wrote the workspace's own word for agreeing to marketing, and had not agreed yet."""
    *_, last = text.strip().splitlines() or [""]
    if not is_opt_in_keyword(conversation.workspace_id, last):
        return False
    state = consent_state(conversation.lead_id, conversation.channel.kind, Purpose.MARKETING)
    return state != ConsentState.GRANTED


def _is_explicit(explicit: Explicit) -> bool:
    """Then nothing is looked up: the answer is a rule's."""
    return explicit.opt_out or explicit.wants_human


def _sources(workspace_id: int, text: str, language: str | None) -> tuple[Source, ...]:
    return search_knowledge(
        workspace_id=workspace_id, text=text, language=language, limit=SOURCES, vector=meaning_of(text)
    )


def _addresses(lead: Lead) -> tuple[str, ...]:
    """What may be said back to its owner."""
    return (lead.email, *lead.identities.values_list("value", flat=True))


def _zone(conversation: Conversation) -> ZoneInfo:
    return ZoneInfo(conversation.lead.timezone) if conversation.lead.timezone else conversation.workspace.zone


def is_silenced(situation: Situation) -> str:
    """Why the primary agent may not answer whatever is said; empty when it may."""
    if situation.is_resolved:
        return "The conversation was resolved meanwhile."
    if situation.person_in_charge:
        return f"{situation.person_in_charge} is answering this conversation."
    if situation.primary_state in (State.HANDOVER, State.DISABLED):
        return "A person was asked for; the customer is waiting for them."
    return ""


def _recent(conversation: Conversation) -> list[Message]:
    heard = conversation.messages.exclude(status__in=UNHEARD).order_by("-position")
    return list(reversed(heard[:HISTORY_LINES]))


SETTLING = ("opt_out", "opt_in", "hand_over")
"""Decisions that do what was asked, with or without words: the wish is not read a second time."""


def _past_turns(conversation: Conversation, turn: Turn) -> list[Turn]:
    """The latest turns that ended, newest first: as many as the history has lines."""
    ended = conversation.turns.filter(state=TurnState.DONE).exclude(pk=turn.pk)
    return list(ended.select_related("newest").order_by("-id")[:HISTORY_LINES])


def _settled_position(past: list[Turn]) -> int:
    return next((turn.newest.position for turn in past if turn.decision in SETTLING), 0)


def _unanswered(recent: list[Message], settled: int) -> str:
    """What the customer wrote since anybody last spoke to them or did as they wished, one message a line."""
    said: list[str] = []
    for message in reversed(recent):
        if message.position <= settled:
            break
        if message.direction == Direction.OUT and message.voice in (Voice.AI, Voice.HUMAN):
            break
        if message.direction == Direction.IN:
            said.append(preview_of(message) if not message.body else message.body)
    return "\n".join(reversed(said))


def _line(message: Message) -> Line:
    voice = VOICES.get(Voice(message.voice), "system")
    return Line(voice=voice, body=redact_secrets(preview_of(message)), at=message.at)
