"""The router's cheap half: exact phrases, then rules, then the trained tier; each is asked only while nothing is sure.

What is sure here is acted on without any model. What is only likely is left to the crew, or asked back.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agents.reasoning.explicit import Explicit, read_explicit, says_alone
from agents.reasoning.ports import Intent, Line, Tier, Voice
from agents.reasoning.text import normalise
from agents.reasoning.trained import PERHAPS, SURE, Layer, Verdict, read_trained, shipped_model
from agents.reasoning.wording import is_saying

OVERRULED = 0.2
"""A chance below which the trained tier doubts what a rule heard: "don't text me at night" holds "don't text me"."""
IMPOSSIBLE = 0.03
"""A chance below which rules are not asked at all: they are dear, and have nothing to say against it."""
OFFERS = {"offer_person": Intent.HUMAN_REQUEST, "offer_opt_out": Intent.OPT_OUT}
"""What we ask back, and what a yes to it means."""
_LONGEST_MATCH = 160


@dataclass(frozen=True, slots=True)
class Taught:
    """What a workspace's staff corrected: `lesson` about this very text, `layer` about texts like it."""

    lesson: Intent | None = None
    layer: Layer | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """`verdict` is None without a trained model."""

    explicit: Explicit
    verdict: Verdict | None = None
    lesson: Intent | None = None


NOTHING_TAUGHT = Taught()


def hear(text: str, *, history: Iterable[Line] = (), taught: Taught = NOTHING_TAUGHT) -> Heard:
    """Never a model's call, never an exception; about a millisecond."""
    started = time.perf_counter()
    model = shipped_model()
    verdict = read_trained(model, normalise(text)[-1], taught.layer) if model else None
    explicit = _decide(text, history, taught, verdict)
    return Heard(replace(explicit, seconds=time.perf_counter() - started), verdict, taught.lesson)


def _decide(text: str, history: Iterable[Line], taught: Taught, verdict: Verdict | None) -> Explicit:
    if taught.lesson is not None:
        return _wish(taught.lesson, text, Tier.EXACT)
    if accepted := _accepted_offer(text, history):
        return _wish(accepted, text, Tier.RULES)
    explicit = read_explicit(text, deaf_to=_excluded_by(verdict))
    if verdict is None or explicit.tier is Tier.EXACT:
        return explicit
    if explicit.tier is Tier.RULES:
        return _weigh_rule(explicit, verdict)
    return _trust_verdict(text, verdict)


def _excluded_by(verdict: Verdict | None) -> frozenset[str]:
    return frozenset(wish for wish, chance in verdict.wishes.items() if chance < IMPOSSIBLE) if verdict else frozenset()


def _wish(intent: Intent, text: str, tier: Tier, *, chance: float = 1.0) -> Explicit:
    """Nothing is wished by an intent that is no wish."""
    return Explicit(
        wants_human=intent is Intent.HUMAN_REQUEST,
        opt_out=intent is Intent.OPT_OUT,
        opt_in=intent is Intent.OPT_IN,
        matched=" ".join(text.split())[:_LONGEST_MATCH],
        tier=tier,
        chance=chance,
    )


def _accepted_offer(text: str, history: Iterable[Line]) -> Intent | None:
    """A bare yes to the question that we asked last."""
    ours = [line for line in history if line.voice in (Voice.AGENT, Voice.HUMAN)]
    if not ours or not says_alone("yes", text):
        return None
    return next((intent for key, intent in OFFERS.items() if is_saying(ours[-1].body, key)), None)


def _weigh_rule(explicit: Explicit, verdict: Verdict) -> Explicit:
    """A rule knows the words, the trained tier the sentence: where they disagree wholly, the customer is asked."""
    heard = Intent.OPT_OUT if explicit.opt_out else Intent.HUMAN_REQUEST if explicit.wants_human else Intent.OPT_IN
    if explicit.opt_out and explicit.wants_human:
        return explicit
    if verdict.wishes[heard] >= OVERRULED:
        other = _trusted(verdict)
        also_human = other is Intent.HUMAN_REQUEST and not explicit.opt_out
        return replace(explicit, wants_human=explicit.wants_human or also_human)
    return Explicit(language=explicit.language, perhaps="" if heard is Intent.OPT_IN else heard)


def _trust_verdict(text: str, verdict: Verdict) -> Explicit:
    wish = _trusted(verdict)
    if wish:
        return _wish(wish, text, Tier.TRAINED, chance=verdict.wishes[wish])
    likely = [wish for wish, chance in verdict.wishes.items() if chance >= PERHAPS[wish] and wish != Intent.OPT_IN]
    return Explicit(perhaps=max(likely, key=lambda wish: verdict.wishes[wish], default=""))


def _trusted(verdict: Verdict) -> Intent | None:
    sure = [wish for wish, chance in verdict.wishes.items() if chance >= SURE[wish]]
    return Intent(max(sure, key=lambda wish: verdict.wishes[wish])) if sure else None
