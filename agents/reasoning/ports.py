"""What the primary agent asks an analyst, and what it gets back.

Nothing here knows Django, CrewAI or any model: every adapter (crew, offline, a test's own) speaks these words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Intent(StrEnum):
    GREETING = "greeting"
    PRODUCT_INQUIRY = "product_inquiry"
    PRICING = "pricing"
    PURCHASE_INTENT = "purchase_intent"
    BOOKING = "booking"
    SUPPORT = "support"
    COMPLAINT = "complaint"
    CANCELLATION = "cancellation"
    REFUND = "refund"
    HUMAN_REQUEST = "human_request"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    SMALL_TALK = "small_talk"
    BOT_CHALLENGE = "bot_challenge"
    ABUSE = "abuse"
    OUT_OF_SCOPE = "out_of_scope"
    UNCLEAR = "unclear"


class Level(StrEnum):
    """Used for priority and for urgency."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Action(StrEnum):
    REPLY = "reply"
    HAND_OVER = "hand_over"
    ASK = "ask"
    STAY_SILENT = "stay_silent"


class Tier(StrEnum):
    OFFLINE = "offline"
    CREW = "crew"


class Voice(StrEnum):
    """Who spoke a line of the history."""

    CUSTOMER = "customer"
    AGENT = "agent"
    HUMAN = "human"
    SYSTEM = "system"


class Failure(StrEnum):
    """Why a model gave no usable analysis."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    CUT_OFF = "cut_off"
    INVALID = "invalid"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    UNAUTHORIZED = "unauthorized"
    UNREACHABLE = "unreachable"
    BREAKER_OPEN = "breaker_open"
    NOT_CONFIGURED = "not_configured"
    NOT_INSTALLED = "reasoning not installed"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the conversation so far."""

    voice: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of the workspace's own knowledge: `title` is its question, `text` its answer."""

    id: int
    title: str
    text: str
    rank: float


@dataclass(frozen=True, slots=True)
class Question:
    """All that an analyst may know. `text` joins every customer message not yet answered, one per line."""

    text: str
    now: datetime
    history: tuple[Line, ...] = ()
    lead_name: str = ""
    company: str = ""
    language: str | None = None
    workspace_name: str = ""
    business: str = ""
    sources: tuple[Source, ...] = ()
    is_vip: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The intent analyst's result. `sentiment` runs from -1 to 1, `confidence` from 0 to 1."""

    intent: Intent
    wants_human: bool
    opt_out: bool
    opt_in: bool
    priority: Level
    sentiment: float
    urgency: Level
    language: str
    confidence: float
    summary: str
    tier: Tier


@dataclass(frozen=True, slots=True)
class Strategy:
    """The strategy analyst's result. `reply` is None exactly when nothing is to be said."""

    action: Action
    reply: str | None
    reason: str
    cited: tuple[int, ...] = ()
    escalate: bool = False
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What an analysis cost, failed calls included. `prompts_version` is empty offline."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    prompts_version: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """`fallback_reason` says why the offline tier answered although a model was wanted."""

    reading: Reading
    strategy: Strategy
    tier: Tier
    usage: Usage
    fallback_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """An OpenAI-compatible endpoint. `base_url` empty means the vendor's own."""

    api_key: str
    model: str
    base_url: str = ""


class Analyst(Protocol):
    def analyse(self, question: Question, *, budget_seconds: float) -> Analysis: ...


class AnalystUnavailable(Exception):
    """No usable analysis came within the budget; `usage` is what the attempt cost all the same."""

    def __init__(
        self, reason: Failure, detail: str = "", *, usage: Usage | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
        self.usage = usage or Usage()
        self.retry_after = retry_after
