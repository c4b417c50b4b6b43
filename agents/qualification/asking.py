"""Asking for what is missing: one thing at a time, behind an answer, and only when it helps the customer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from agents.models import LeadFact
from agents.primary.policy import Decision, Step
from agents.primary.situation import Situation
from agents.reasoning.phrasebook import read_words
from agents.reasoning.ports import Action, Analysis, Level, Tier
from crm.models import Lead
from messaging.models import Conversation

HELPS: Mapping[str, tuple[str, ...]] = {
    "purchase_intent": ("company_size", "budget", "email"),
    "pricing": ("company_size", "budget"),
    "booking": ("full_name", "company", "email"),
    "product_inquiry": ("industry", "company_size"),
    "referral": ("full_name", "company"),
}
"""What is worth knowing when the customer wants this, the most useful first. For all other intents nothing is asked."""

OF_COMPANIES = frozenset({"company", "company_size", "industry", "budget"})
"""Asked only where companies are the customers: nobody is asked for their staff when they buy shoes."""

MOST_QUESTIONS = 3
PAUSE_TURNS = 2
"""Turns between two such questions."""

DISPLEASED = -0.2
LONGEST_ANSWER = 700
"""Characters: behind a longer answer a question is lost."""

_TO_COMPANIES = re.compile(
    r"\b(?:b2b|compan(?:y|ies)|business(?:es)?|teams|clinics|agencies|enterprises|firms|empresas?|equipes|equipos"
    r"|clínicas|negócios|negocios|entreprises|équipes|unternehmen|firmen|aziende|imprese|perusahaan|bisnis)\b"
    r"|شركات|कंपनियों",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the choice of a question rests on. `asked` are earlier questions of the conversation, newest first, with ""
    for a turn that asked for nothing."""

    intent: str
    sentiment: float
    known: frozenset[str]
    asked: Sequence[str]
    to_companies: bool


def choose_question(ground: Ground) -> str:
    """The field to ask for; empty when it is better not to ask. Pure."""
    if ground.sentiment < DISPLEASED:
        return ""
    asked = [field for field in ground.asked if field]
    if len(asked) >= MOST_QUESTIONS or any(ground.asked[:PAUSE_TURNS]):
        return ""
    left = (field for field in HELPS.get(ground.intent, ()) if field not in ground.known and field not in asked)
    return next((field for field in left if ground.to_companies or field not in OF_COMPANIES), "")


def may_ask(decision: Decision, situation: Situation, analysis: Analysis) -> bool:
    """Whether the answer leaves room for a question at all. Pure; most turns end here."""
    reading = analysis.reading
    return (
        decision.step == Step.REPLY
        and analysis.strategy.action == Action.REPLY
        and str(reading.intent) in HELPS
        and reading.urgency != Level.HIGH
        and len(decision.text) <= LONGEST_ANSWER
        and not any(sign in decision.text for sign in "?？؟")
        and not any(value < DISPLEASED for value in situation.past_sentiments)
    )


def add_question(
    decision: Decision, *, situation: Situation, analysis: Analysis, conversation: Conversation
) -> Decision:
    """The decision with a question behind its words, where one helps."""
    if not may_ask(decision, situation, analysis):
        return decision
    ground = read_ground(conversation, str(analysis.reading.intent), analysis.reading.sentiment)
    field = choose_question(ground)
    if not field:
        return decision
    words = question_for(field, analysis.reading.language)
    return replace(decision, text=f"{decision.text.rstrip()}\n\n{words}", asks_for=field)


def missing_for(conversation: Conversation) -> str:
    """What a model may ask for in its own words: the most useful of what is missing, whatever the customer wants."""
    ground = read_ground(conversation, "purchase_intent", 0.0)
    return choose_question(ground)


def asked_by_model(decision: Decision, analysis: Analysis, offered: str) -> Decision:
    """A model that was offered a question and asks one counts as having asked it: it is not offered again."""
    if offered and analysis.tier == Tier.CREW and decision.step == Step.REPLY and "?" in decision.text:
        return replace(decision, asks_for=offered)
    return decision


def read_ground(conversation: Conversation, intent: str, sentiment: float) -> Ground:
    lead = conversation.lead
    facts = dict(LeadFact.objects.filter(lead=lead, superseded_at=None).values_list("field", "value"))
    asked = conversation.turns.filter(state="done").order_by("-id").values_list("analysis__asked_for", flat=True)[:60]
    return Ground(
        intent=intent,
        sentiment=sentiment,
        known=frozenset(facts) | _columns(lead),
        asked=[field or "" for field in asked],
        to_companies=bool({"company", "industry"} & set(facts) or lead.company)
        or sells_to_companies(conversation.workspace.business),
    )


def sells_to_companies(business: str) -> bool:
    return _TO_COMPANIES.search(business) is not None


def question_for(field: str, language: str) -> str:
    texts = _texts()
    return texts.get(language[:2].lower(), texts["en"])[field]


def _columns(lead: Lead) -> frozenset[str]:
    held = {"full_name": lead.name, "company": lead.company, "email": lead.email}
    return frozenset(field for field, value in held.items() if value)


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return read_words(Path(__file__).parent / "questions.yaml")
