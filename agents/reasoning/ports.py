"""What the primary agent asks an analyst, and what it gets back.

Nothing here knows Django, CrewAI or any model: every adapter (crew, offline, a test's own) speaks these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from agents.reasoning.cascade import Heard

VENDOR = "https://api.openai.com/v1"


class Intent(StrEnum):
    """What a message is about: docs/intents.md says where one ends and the next begins."""

    GREETING = "greeting"
    PRODUCT_INQUIRY = "product_inquiry"
    PRICING = "pricing"
    PURCHASE_INTENT = "purchase_intent"
    BOOKING = "booking"
    SUPPORT = "support"
    COMPLAINT = "complaint"
    CANCELLATION = "cancellation"
    REFUND = "refund"
    STOCK_ALERT = "stock_alert"
    CAMPAIGN_REPLY = "campaign_reply"
    REFERRAL = "referral"
    HUMAN_REQUEST = "human_request"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    SMALL_TALK = "small_talk"
    BOT_CHALLENGE = "bot_challenge"
    ABUSE = "abuse"
    SPAM = "spam"
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
    """Who read a message, the cheapest first; OFFLINE stands for the first three where only the reply matters."""

    EXACT = "exact"
    RULES = "rules"
    TRAINED = "trained"
    OFFLINE = "offline"
    CREW = "crew"


class Route(StrEnum):
    """Where a message goes: to a person, the primary agent, a fixed answer, the campaign or the stock alert it is
    about."""

    HUMAN = "human"
    AGENT = "agent"
    AUTOMATED = "automated"
    CAMPAIGN = "campaign"
    STOCK_ALERT = "stock_alert"


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
    OVER_BUDGET = "over_budget"
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
    """A piece of the workspace's own knowledge: an entry (`title` is its question, `text` its answer), a passage of a
    document, or a product.

    `ref` names its row in the trail; `excerpt` is what is quoted of a passage that is too long to be an answer.
    """

    id: int
    title: str
    text: str
    rank: float
    ref: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool that may be asked for; `schema` is the JSON schema of its inputs, as text."""

    name: str
    description: str
    schema: str


@dataclass(frozen=True, slots=True)
class ToolWish:
    """The tool that an analyst asks for; `flaw` says what is wrong with the inputs, if they cannot even be read."""

    name: str
    arguments: Mapping[str, Any]
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """All that an analyst may know. `text` joins every customer message not yet answered, one per line.

    `tools` may be asked for, `results` are what they answered so far, `flaws` why the reply before could not be sent;
    `reading` is what the intent analyst made of it already. `canary` marks our instructions: it must never be said.
    """

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
    missing: str = ""
    """A fact of the lead that may be asked for, if it helps; a key of agents.qualification.fields.FIELDS."""
    workspace_id: int = 0
    channel: str = ""
    tools: tuple[ToolOffer, ...] = ()
    results: tuple[ToolResult, ...] = ()
    flaws: tuple[str, ...] = ()
    reading: Reading | None = None
    canary: str = ""
    heard: Heard | None = None
    """What the cheap tiers made of `text`, where somebody has asked them already."""


_ROUTES = {
    Intent.HUMAN_REQUEST: Route.HUMAN,
    Intent.CAMPAIGN_REPLY: Route.CAMPAIGN,
    Intent.STOCK_ALERT: Route.STOCK_ALERT,
    Intent.OPT_OUT: Route.AUTOMATED,
    Intent.OPT_IN: Route.AUTOMATED,
    Intent.GREETING: Route.AUTOMATED,
    Intent.SMALL_TALK: Route.AUTOMATED,
    Intent.BOT_CHALLENGE: Route.AUTOMATED,
    Intent.SPAM: Route.AUTOMATED,
    Intent.ABUSE: Route.AUTOMATED,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The intent analyst's result. `sentiment` runs from -1 to 1, `confidence` from 0 to 1.

    `raw_intent` is what a model called it when that is no intent of ours.
    """

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
    raw_intent: str = ""

    @property
    def route(self) -> Route:
        return Route.HUMAN if self.wants_human else _ROUTES.get(self.intent, Route.AGENT)


@dataclass(frozen=True, slots=True)
class Strategy:
    """The strategy analyst's result. `reply` is None exactly when nothing is to be said, or a `tool` is asked first.

    `draft` is what the strategy analyst itself would have said, where the reply writer put it in other words;
    `next_step` is advice to the team, never said to the customer.
    """

    action: Action
    reply: str | None
    reason: str
    cited: tuple[int, ...] = ()
    escalate: bool = False
    confidence: float = 0.0
    draft: str = ""
    next_step: str = ""
    tool: ToolWish | None = None


ANSWERED = "answered"
CACHED = "cached"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model. `outcome` is ANSWERED, CACHED (nothing was asked) or the Failure.

    `cost` in US dollars; None while nobody knows a price for the model.
    """

    crew: str
    model: str
    endpoint: str
    outcome: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What an analysis cost, failed calls included. `prompts_version` is empty offline; `log` has every call."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    prompts_version: str = ""
    cached_tokens: int = 0
    cost: float = 0.0
    log: tuple[Call, ...] = ()

    def __add__(self, later: Usage) -> Usage:
        """Of one thought that was had in several steps."""
        return Usage(
            calls=self.calls + later.calls,
            prompt_tokens=self.prompt_tokens + later.prompt_tokens,
            completion_tokens=self.completion_tokens + later.completion_tokens,
            seconds=self.seconds + later.seconds,
            prompts_version=later.prompts_version or self.prompts_version,
            cached_tokens=self.cached_tokens + later.cached_tokens,
            cost=self.cost + later.cost,
            log=self.log + later.log,
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """`fallback_reason` says why the offline tier answered although a model was wanted, `economy` why less was asked
    of a model than usual.

    `sources` are all that the reply may rest on, what tools found included; `calls` the tools that were used.
    `breaches` are why drafts were not sent, the last of them being `withheld`; `trigger` is the handover's, where the
    guardrails ask for one.
    """

    reading: Reading
    strategy: Strategy
    tier: Tier
    usage: Usage
    fallback_reason: str | None = None
    economy: str = ""
    sources: tuple[Source, ...] = ()
    calls: tuple[str, ...] = ()
    breaches: tuple[str, ...] = ()
    withheld: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """An OpenAI-compatible endpoint. `base_url` empty means the vendor's own.

    `fallbacks` are asked in this order when it fails. `cheaper_model` serves when money is short.
    """

    api_key: str = field(repr=False)
    model: str
    base_url: str = ""
    cheaper_model: str = ""
    fallbacks: tuple[ModelSettings, ...] = ()
    is_frugal: bool = False

    @property
    def endpoints(self) -> tuple[ModelSettings, ...]:
        return (replace(self, fallbacks=()), *self.fallbacks)

    @property
    def address(self) -> str:
        """Where it is, without what may be secret: the host alone."""
        return urlsplit(self.base_url or VENDOR).netloc.rpartition("@")[2]

    def frugal(self) -> ModelSettings:
        """The cheaper models of the same endpoints, and no more calls than needed."""
        return replace(
            self,
            model=self.cheaper_model or self.model,
            fallbacks=tuple(endpoint.frugal() for endpoint in self.fallbacks),
            is_frugal=True,
        )


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
