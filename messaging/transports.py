"""What every channel can be asked to do, and the one vocabulary in which it may fail.

Pure: no models. A channel kind is a folder `messaging/channels/<kind>/`; it is listed once in `CHANNELS`
and imported on first use, so that a process that never sends never loads a provider's client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from messaging.channel_settings import Setting, settings_in
from messaging.media_fetch import Fetch
from messaging.media_rules import MediaRule, OutgoingFile
from messaging.verification import Verified

CHANNELS: dict[str, str] = {
    "whatsapp_cloud": "messaging.channels.whatsapp_cloud",
    "whatsapp_twilio": "messaging.channels.whatsapp_twilio",
    "sms_twilio": "messaging.channels.sms_twilio",
    "telegram": "messaging.channels.telegram",
    "email": "messaging.channels.email",
    "instagram": "messaging.channels.instagram",
    "voice_transcript": "messaging.channels.voice_transcript",
    "webchat": "messaging.channels.webchat",
    "canary": "messaging.channels.canary",
}


class ErrorKind(StrEnum):
    REJECTED = "rejected"  # the provider said no, for good
    RATE_LIMITED = "rate_limited"  # never carried out: safe to repeat, later
    UNREACHABLE = "unreachable"  # the request never left: safe to repeat
    NOT_BEGUN = "not_begun"  # we did not even try, for a reason of our own: safe to repeat
    UNKNOWN = "unknown"  # the provider may have accepted it: ask before anything else
    OPTED_OUT = "opted_out"
    WINDOW_CLOSED = "window_closed"
    INVALID_RECIPIENT = "invalid_recipient"
    SENDER_BLOCKED = "sender_blocked"  # nothing from this sender will pass: pause it, tell the operator
    MISCONFIGURED = "misconfigured"  # this message or channel is set up wrongly: tell the operator


class Instead(StrEnum):
    """What may reach the customer where this message cannot."""

    TEMPLATE = "template"
    OTHER_CHANNEL = "other_channel"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an error code asks of us, whether it came with the answer or in a later status."""

    kind: ErrorKind
    meaning: str
    retry_after: float | None = None  # seconds
    max_retries: int = 0
    tell_operator: bool = False
    slows_sender: bool = False  # it is about the sender's or the account's speed: everybody's words wait
    instead: Instead | None = None
    is_only_marketing: bool = False  # an opt-out that leaves answers and other service messages allowed
    is_about_template: bool = False  # what is known of the templates is old: the provider's list is read soon


MAX_RETRIES = 4
"""Of what was never carried out, where the table of a channel's errors says nothing else."""


class TransportError(Exception):
    def __init__(
        self,
        kind: ErrorKind,
        *,
        code: str = "",
        detail: str = "",
        retry_after: float | None = None,
        reaction: Reaction | None = None,
    ) -> None:
        super().__init__(f"{kind}: {code} {detail}".strip())
        self.kind = kind
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.reaction = reaction or self._usual_reaction()

    def _usual_reaction(self) -> Reaction:
        repeatable = self.kind in (ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE, ErrorKind.NOT_BEGUN)
        return Reaction(
            self.kind,
            self.detail or self.code or str(self.kind),
            retry_after=self.retry_after,
            max_retries=MAX_RETRIES if repeatable else 0,
            tell_operator=self.kind in (ErrorKind.SENDER_BLOCKED, ErrorKind.MISCONFIGURED),
            slows_sender=self.kind == ErrorKind.RATE_LIMITED,
        )


@dataclass(frozen=True, slots=True)
class About:
    """What people call a channel of this kind; several kinds may share a label, and then differ in their provider."""

    label: str
    provider: str = ""

    @property
    def title(self) -> str:
        return f"{self.label} ({self.provider})" if self.provider else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What is not said cannot be done."""

    window_hours: int | None  # None: a customer may be written to at any time
    max_text: int
    status_callbacks: bool
    lists_sent: bool  # the provider can be asked which messages it has
    bulk_rate_per_second: float  # of one sender; 0: no limit
    templates: bool = False
    media_kinds: tuple[str, ...] = ()
    max_media: int = 0
    media_rules: tuple[MediaRule, ...] = ()  # which files the team can send
    read_receipts: bool = False
    typing: bool = False
    pair_seconds: float = 0.0  # least time between two messages to one person, beyond the burst; 0: none
    has_live_page: bool = False  # the customer looks at a page of ours, which is told of every change
    lists_received: bool = False  # the provider can be asked what customers wrote, should a webhook have been lost
    is_internal: bool = False  # the installation's own: never offered to people
    registers_doors: bool = False  # we tell the provider where to call us: an operator has nothing to copy
    bulk_burst: int | None = None  # messages that a rested sender may send at once; None: a second's worth
    pair_burst: int = 1
    account_field: str = ""  # the setting that names the account whose senders share a rate
    account_rate_per_second: float = 0.0
    template_account_field: str = ""  # the setting that names the account which owns the templates
    has_standing: bool = False  # the provider can be asked for the sender's quality and limit
    spares_us_numbers: bool = False  # marketing is not delivered to numbers of the United States
    counts_bytes: bool = False  # `max_text` is in bytes of UTF-8
    human_window_hours: int | None = None  # how long a person, and nobody else, may still answer
    receives_only: bool = False  # nothing ever leaves there: answers go by another channel of the lead
    has_threads: bool = False  # an answer names what it answers, so that the customer's program shows both together
    fetches: bool = False  # a channel of this kind may have a mailbox that we look into, because nobody calls us


@dataclass(frozen=True, slots=True)
class Thread:
    """What the newest message of the customer's carries on to its answer."""

    subject: str = ""
    replied_to: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`author` is the person who wrote it, if one did."""

    message_id: str
    to: str
    body: str
    media: tuple[str, ...] = ()
    files: tuple[OutgoingFile, ...] = ()  # those of `media` that we hold ourselves
    content_sid: str | None = None
    content_variables: dict[str, str] | None = None
    in_human_window: bool = False  # a person's words, outside the window and inside the longer one for people
    status_url: str | None = None
    author: str = ""
    subject: str = ""
    thread: Thread | None = None
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    provider_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as the provider's own list shows it, in either direction."""

    provider_id: str
    to: str
    sender: str
    body: str
    status: str
    error_code: str
    direction: str  # "inbound" | "outbound"
    created_at: datetime | None
    sent_at: datetime | None
    media_count: int = 0
    price: str = ""
    price_unit: str = ""


class Transport(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one message to the provider, once; raises TransportError."""

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        """What the provider has since then, oldest first; raises TransportError."""


class UnknownChannelKind(LookupError):
    def __init__(self, kind: str) -> None:
        super().__init__(f"channel kind {kind!r} is not one of: {', '.join(offered_kinds())}")


class InvalidSettings(ValueError):
    """`problems` names each wrong setting and why; a secret's value is never repeated."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


def transport_for(kind: str, config: Mapping[str, str], secrets: Mapping[str, str]) -> Transport:
    return _shared_transport(kind, tuple(sorted(config.items())), tuple(sorted(secrets.items())))


@lru_cache(maxsize=256)
def _shared_transport(
    kind: str, config: tuple[tuple[str, str], ...], secrets: tuple[tuple[str, str], ...]
) -> Transport:
    # One per channel and process: a new client for each message would pay a TLS handshake every time.
    build = cast(Callable[..., Transport], _part(kind, "transport", "build"))
    return build(dict(config), dict(secrets))


def capabilities_of(kind: str) -> Capabilities:
    return cast(Capabilities, _part(kind, "checks", "CAPABILITIES"))


def about(kind: str) -> About:
    return cast(About, _part(kind, "checks", "ABOUT"))


def settings_of(kind: str) -> list[Setting]:
    """The settings that an operator gives, in the order of the kind's form: what is needed comes first."""
    model, secret_fields = _settings_model(kind)
    return sorted(settings_in(model, secret_fields), key=lambda setting: not setting.is_required)


def offered_kinds() -> list[str]:
    """The kinds of channel that a company may connect, by name."""
    return [kind for kind in sorted(CHANNELS) if not capabilities_of(kind).is_internal]


@dataclass(frozen=True, slots=True)
class Found:
    """A message of the provider's list, as the event that its webhook would have been."""

    kind: str
    key: str
    order_key: str
    body: bytes


def found_event(kind: str, seen: Seen) -> Found:
    as_event = cast(Callable[[Seen], Found], _part(kind, "found", "as_event"))
    return as_event(seen)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was new in a mailbox, as events, and from where to look next time."""

    events: tuple[Found, ...] = ()
    cursor: Mapping[str, Any] = field(default_factory=dict)
    has_more: bool = False


def has_mailbox(kind: str, config: Mapping[str, str]) -> bool:
    """Whether this channel has somewhere to look for what came in."""
    return capabilities_of(kind).fetches and bool(_part(kind, "fetch", "is_wanted")(config))  # type: ignore[operator]


def fetch_new(kind: str, config: Mapping[str, str], secrets: Mapping[str, str], cursor: Mapping[str, Any]) -> Fetched:
    """Look into the mailbox, over the network; raises TransportError."""
    look = cast(Callable[..., Fetched], _part(kind, "fetch", "fetch_new"))
    return look(config, secrets, cursor)


def reaction_for(kind: str, code: str, *, to: str = "") -> Reaction:
    look_up = cast(Callable[..., Reaction], _part(kind, "errors", "reaction_for"))
    return look_up(code, to=to)


def media_fetch_of(kind: str) -> Fetch | None:
    """How this kind's media are fetched; None where customers cannot send any, or it comes with the message."""
    if kind not in CHANNELS or find_spec(f"{CHANNELS[kind]}.media") is None:
        return None
    return cast(Fetch, _part(kind, "media", "fetch"))


def verify(kind: str, config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    """Ask the provider about the credentials and the sender; `doors` are empty for a channel that is not there yet."""
    ask = cast(Callable[..., Verified], _part(kind, "verify", "verify"))
    return ask(config, secrets, doors)


def register_doors(kind: str, config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> None:
    """Tell the provider where to call us, where it wants to be told by a request; raises TransportError."""
    if capabilities_of(kind).registers_doors:
        register = cast(Callable[..., None], _part(kind, "verify", "register_doors"))
        register(config, secrets, doors)


def validate_settings(kind: str, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Split checked settings into (config, secrets); raises InvalidSettings."""
    model, secret_fields = _settings_model(kind)
    try:
        checked = model.model_validate(dict(given)).model_dump(exclude_none=True)
    except ValidationError as error:
        raise InvalidSettings(_problems(error, secret_fields)) from None
    config = {name: value for name, value in checked.items() if name not in secret_fields}
    return config, {name: value for name, value in checked.items() if name in secret_fields}


def _settings_model(kind: str) -> tuple[type[BaseModel], frozenset[str]]:
    model = cast(type[BaseModel], _part(kind, "checks", "Settings"))
    return model, cast(frozenset[str], _part(kind, "checks", "SECRET_FIELDS"))


def _problems(error: ValidationError, secret_fields: frozenset[str]) -> dict[str, str]:
    return {
        str(problem["loc"][0]): _why(problem, is_secret=problem["loc"][0] in secret_fields)
        for problem in error.errors(include_url=False)
    }


def _why(problem: Any, *, is_secret: bool) -> str:
    if problem["type"] == "missing":
        return "is required"
    if problem["type"] == "extra_forbidden":
        return "is not a setting of this channel kind"
    reason = problem["msg"].removeprefix("Value error, ")
    return str(reason) if is_secret else f"{problem['input']!r}: {reason}"


def _part(kind: str, module: str, name: str) -> object:
    if kind not in CHANNELS:
        raise UnknownChannelKind(kind)
    return getattr(import_module(f"{CHANNELS[kind]}.{module}"), name)
