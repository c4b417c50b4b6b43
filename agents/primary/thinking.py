"""How the primary agent comes to a reply: the analysts think, tools are asked, guardrails look, all within one budget.

Nothing is locked but for the moments in which a tool writes; the leases of the turn and of the floor hold meanwhile.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from agents.models.tools import Caller
from agents.reasoning.guardrails import Breach, Rule, review
from agents.reasoning.offline import OfflineAnalyst
from agents.reasoning.ports import (
    Action,
    Analysis,
    Intent,
    ModelSettings,
    Question,
    Source,
    Strategy,
    Tier,
    ToolOffer,
    ToolResult,
    ToolWish,
)
from agents.tools.calls import call_tool
from agents.tools.offline import Desk, act_by_rules
from agents.tools.ports import Errand, Outcome
from agents.tools.registry import tools_for

from .guarding import ground_for
from .situation import Situation

MOST_ROUNDS = 2
"""Tools asked for one reply."""
LEAST_SECONDS = 1.5
"""With less left of the budget the model is not asked again: the offline analyst answers at once."""
_OFFLINE = OfflineAnalyst()
_LEFT_ALONE = Strategy(Action.STAY_SILENT, None, "The same courtesies were exchanged already; this may be a machine.")
"""Two machines that thank one another would never end."""
_MENDABLE = frozenset(Rule) - {Rule.LEAKED}
"""A reply that gave our instructions away is not discussed with whoever was talked into it."""


class Analyse(Protocol):
    def __call__(self, question: Question, *, settings: ModelSettings | None, budget_seconds: float) -> Analysis: ...


@dataclass(frozen=True, slots=True)
class Mind:
    """One thought: who is asked, until when, on whose behalf."""

    situation: Situation
    errand: Errand
    settings: ModelSettings | None
    analyse: Analyse
    deadline: float
    clock: Callable[[], float] = time.monotonic

    @property
    def seconds_left(self) -> float:
        return self.deadline - self.clock()

    def ask(self, question: Question) -> Analysis:
        return self.analyse(question, settings=self.settings, budget_seconds=max(self.seconds_left, 0.0))


def think(
    situation: Situation,
    *,
    errand: Errand,
    settings: ModelSettings | None,
    budget_seconds: float,
    analyse: Analyse,
) -> Analysis:
    """What the primary agent makes of the situation: an analysis whose reply may be said as it is."""
    mind = Mind(situation, errand, settings, analyse, time.monotonic() + budget_seconds)
    question = situation.question if settings is None else replace(situation.question, tools=_offers(errand))
    analysis = analyse(question, settings=settings, budget_seconds=budget_seconds)
    if analysis.tier is Tier.OFFLINE:
        return _guard_offline(mind, _with_rules(mind, analysis))
    analysis, question = _with_tools(mind, question, analysis)
    if analysis.tier is Tier.OFFLINE:
        return _guard_offline(mind, _with_rules(mind, analysis))
    return _guard(mind, question, analysis)


def _offers(errand: Errand) -> tuple[ToolOffer, ...]:
    """Only what this customer may cause: the others are not even named."""
    return tuple(
        ToolOffer(tool.name, tool.description, json.dumps(dict(tool.schema)))
        for tool in tools_for(errand.workspace_id, Caller.CUSTOMER)
    )


def _with_tools(mind: Mind, question: Question, analysis: Analysis) -> tuple[Analysis, Question]:
    """Ask for one tool at a time. A tool that is not there or not allowed is told back once."""
    refusals = 0
    calls: tuple[str, ...] = ()
    for _ in range(MOST_ROUNDS):
        wish = analysis.strategy.tool
        if wish is None:
            break
        outcome = _call(mind, wish)
        calls = (*calls, wish.name)
        if outcome.hands_over:
            return replace(analysis, strategy=_for_person(outcome.hands_over), calls=calls), question
        refusals += not outcome.is_done
        if refusals > 1 or mind.seconds_left < LEAST_SECONDS:
            return _without_model(mind, analysis, calls), question
        question = replace(
            question,
            reading=analysis.reading,
            sources=_joined(question.sources, outcome.sources),
            results=(*question.results, ToolResult(wish.name, outcome.text)),
        )
        analysis = _added(analysis, mind.ask(question), calls)
    if analysis.strategy.tool is not None:
        return _without_model(mind, analysis, calls), question
    return replace(analysis, calls=calls, sources=question.sources), question


def _call(mind: Mind, wish: ToolWish) -> Outcome:
    if wish.flaw:
        return Outcome(f"{wish.name} was not called: {wish.flaw}.", is_done=False)
    return call_tool(wish.name, wish.arguments, mind.errand)


def _for_person(reason: str) -> Strategy:
    return Strategy(Action.HAND_OVER, None, reason[:300], escalate=True, confidence=1.0)


def _joined(sources: tuple[Source, ...], more: tuple[Source, ...]) -> tuple[Source, ...]:
    return tuple({source.id: source for source in (*sources, *more)}.values())


def _added(before: Analysis, after: Analysis, calls: tuple[str, ...]) -> Analysis:
    """What was spent before counts, whoever answers in the end."""
    return replace(after, usage=before.usage + after.usage, calls=calls)


def _without_model(mind: Mind, analysis: Analysis, calls: tuple[str, ...]) -> Analysis:
    """The safe answer: by rules and by the knowledge alone."""
    offline = _OFFLINE.analyse(mind.situation.question)
    return replace(_added(analysis, offline, calls), fallback_reason=analysis.fallback_reason or "tools")


def _with_rules(mind: Mind, analysis: Analysis) -> Analysis:
    """Tools by plain rules; a passage is quoted by the sentences that answer, not whole."""
    question = mind.situation.question
    acted, found = act_by_rules(Desk(question, analysis, mind.errand, mind.situation.zone))
    acted = replace(acted, sources=_joined(question.sources, found))
    cited = {source.id: source for source in question.sources if source.excerpt}
    for number in acted.strategy.cited:
        if number in cited and acted.strategy.reply:
            whole, excerpt = cited[number].text.strip(), cited[number].excerpt
            reply = acted.strategy.reply.replace(whole, excerpt)
            acted = replace(acted, strategy=replace(acted.strategy, reply=reply))
    return acted


def _guard(mind: Mind, question: Question, analysis: Analysis) -> Analysis:
    """The model may mend its reply once, if there is time; else the offline analyst or a person answers."""
    breaches = _breaches(mind, analysis)
    if not breaches:
        return analysis
    withheld = _withholding(analysis, breaches, analysis)
    if all(breach.rule in _MENDABLE for breach in breaches) and mind.seconds_left >= LEAST_SECONDS:
        flaws = tuple(str(breach) for breach in breaches)
        mended = mind.ask(replace(question, reading=analysis.reading, flaws=flaws, tools=()))
        mended = _withholding(
            replace(_added(analysis, mended, analysis.calls), sources=analysis.sources), breaches, analysis
        )
        again = _breaches(mind, mended) if mended.tier is Tier.CREW else ()
        if mended.tier is Tier.CREW and not again:
            return mended
        if again:
            withheld = _withholding(mended, (*breaches, *again), mended)
        breaches = again or breaches
    if any(breach.rule is Rule.AUTHORITY for breach in breaches):
        reason = f"A decision above the agents' authority: {breaches[0]}."
        return replace(withheld, strategy=_for_person(reason), trigger="authority_exceeded")
    offline = _with_rules(mind, _without_model(mind, withheld, withheld.calls))
    return _guard_offline(mind, replace(offline, breaches=withheld.breaches, withheld=withheld.withheld))


def _withholding(analysis: Analysis, breaches: tuple[Breach, ...], draft: Analysis) -> Analysis:
    told = tuple(dict.fromkeys(str(breach) for breach in breaches))
    return replace(analysis, breaches=told, withheld=(draft.strategy.reply or "")[:500])


def _breaches(mind: Mind, analysis: Analysis) -> tuple[Breach, ...]:
    if not analysis.strategy.reply:
        return ()
    return review(analysis.strategy.reply, ground_for(mind.situation, analysis))


def _guard_offline(mind: Mind, analysis: Analysis) -> Analysis:
    """Its sentences are the company's own; but the same one for the third time helps nobody."""
    repeated = [breach for breach in _breaches(mind, analysis) if breach.rule is Rule.REPETITION]
    if not repeated:
        return analysis
    told = (*analysis.breaches, *map(str, repeated))
    is_courtesy = analysis.reading.intent in (Intent.GREETING, Intent.SMALL_TALK)
    return replace(
        analysis,
        strategy=_LEFT_ALONE if is_courtesy else _for_person("The agent would only repeat itself."),
        breaches=told,
        withheld=(analysis.strategy.reply or "")[:500],
    )
