"""What the gate is told of a message, and what it answers. Pure."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    ALLOW = "allow"
    DEFER = "defer"
    SUPPRESS = "suppress"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a message, its lead and its channel at `now`.

    `answers_at` is when the customer wrote what this message answers, None for words nobody asked for; `stands`
    says that what they write next does not make it obsolete.
    `rests_until` is when the sender may be used again: its rate is used up, or its provider is silent.
    `window_closes_at` is None where a channel has no window; a channel with one that never opened gives the past.
    `human_window_closes_at` is until when a person may still write, where a channel lets people write for longer.
    `template` is the state of the template that the message may leave as, empty when it has no such form.
    `quiet_until` and `cap_frees_at` are None while no quiet hours run and no cap is reached.
    """

    now: datetime
    voice: str
    purpose: str
    epoch: int
    floor_epoch: int
    floor_holder: str
    floor_person: str = ""
    answers_at: datetime | None = None
    stands: bool = False
    newest_inbound_at: datetime | None = None
    window_closes_at: datetime | None = None
    has_window: bool = False
    opted_out_at: datetime | None = None
    confirms_opt_out: bool = False
    marketing_consent: bool = False
    holds: tuple[str, ...] = ()
    human_window_closes_at: datetime | None = None
    template: str = ""
    template_name: str = ""
    template_category: str = ""
    template_problem: str = ""
    template_resumes_at: datetime | None = None
    template_always: bool = False
    receives_only: bool = False
    has_address: bool = True
    address_invalid: str = ""
    is_spared_number: bool = False
    text_size: int = 0
    max_text: int | None = None
    quiet_until: datetime | None = None
    cap_frees_at: datetime | None = None
    sender_paused: str = ""
    sender_resumes_at: datetime | None = None
    rests_until: datetime | None = None
    rest_code: str = ""
    rest_reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    code: str
    reason: str
    until: datetime | None = None
    as_template: bool = False

    def as_json(self, facts: Facts) -> dict[str, Any]:
        """What is stored on the message: the verdict, and the facts it was reached on. Those that say nothing (at
        their default) are left out: most messages have no template, no hold and no cap."""
        seen = {field.name: getattr(facts, field.name) for field in fields(facts)}
        told = {name: _plain(value) for name, value in seen.items() if value != _DEFAULTS[name]}
        until = self.until.isoformat() if self.until else None
        told_as = {"as_template": True} if self.as_template else {}
        shown = {"outcome": self.outcome, "code": self.code, "reason": self.reason, "until": until, "facts": told}
        return shown | told_as


_DEFAULTS = {field.name: field.default for field in fields(Facts)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
