"""What a turn read, thought, proposed and cost, for the trail: sentences first, figures behind them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.models import Turn
from agents.primary.record import TurnRecord, read_record
from crm.models import TrailEntry

TURN_KINDS = ("turn.decided",)
TIERS = {
    "explicit": "The customer's plain words decided; no analyst was asked.",
    "exact": "An exact phrase decided; no model was asked.",
    "rules": "The rules decided; no model was asked.",
    "trained": "The trained classifier decided; no model was asked.",
    "offline": "The offline analyst read it; no model was asked.",
    "crew": "The model read it.",
}
LONGEST_DRAFT = 400


@dataclass(frozen=True, slots=True)
class Step:
    """One thing of a turn: what it is called, and what was found there, a line each."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TurnTold:
    steps: tuple[Step, ...]
    figures: tuple[tuple[str, str], ...]


def read_turns(entries: Iterable[TrailEntry]) -> dict[int, TurnTold]:
    """By the id of the trail's entry; one query for all of them."""
    wanted = {entry.pk: entry.facts.get("turn") for entry in entries if entry.kind in TURN_KINDS}
    ids = [turn for turn in wanted.values() if isinstance(turn, int)]
    if not ids:
        return {}
    found = Turn.objects.select_related("reply", "quality").in_bulk(ids)
    return {entry: tell_turn(found[turn]) for entry, turn in wanted.items() if turn in found}


def tell_turn(turn: Turn) -> TurnTold:
    record = read_record(turn.analysis)
    steps = (
        Step("Read", tuple(_read(record))),
        Step("Understood", tuple(_understood(record))),
        Step("Who thought", tuple(_thought(record))),
        Step("Sources", tuple(_sources(record))),
        Step("Tools", tuple(_named(record.tools))),
        Step("Proposed", tuple(_proposed(turn, record))),
        Step("Guardrails", tuple(_named((*record.guardrails, *record.withheld)))),
        Step("Sending", tuple(_gate(turn))),
        Step("Checks", tuple(_quality(turn))),
        Step("Time and cost", tuple(_cost(record))),
    )
    return TurnTold(tuple(step for step in steps if step.lines), tuple(_figures(record)))


def _read(record: TurnRecord) -> Iterable[str]:
    if record.said:
        yield f"“{_cut(record.said)}”"
    if record.messages:
        yield f"with the {record.messages} latest messages of the conversation"


def _understood(record: TurnRecord) -> Iterable[str]:
    if record.summary:
        yield _cut(record.summary)
    if record.intent:
        words = [record.intent.replace("_", " ")]
        words += [f"priority {record.priority}"] if record.priority else []
        words += [f"urgency {record.urgency}"] if record.urgency else []
        words += [f"sounds {_mood(record.sentiment)}"] if record.sentiment is not None else []
        words += [f"writes {record.language}"] if record.language else []
        yield ", ".join(words)


def _mood(sentiment: float) -> str:
    if sentiment <= -0.3:
        return "displeased"
    return "pleased" if sentiment >= 0.3 else "neutral"


def _thought(record: TurnRecord) -> Iterable[str]:
    if record.tier:
        yield TIERS.get(record.tier, f"Decided by: {record.tier}.")
    if record.read_by and record.read_by != record.tier:
        yield f"The message itself was understood by: {record.read_by}."
    if record.economy:
        yield f"Less was asked of a model than usual: {record.economy.replace('_', ' ')}."
    if record.fallback and record.fallback != "not_configured":
        why = record.fallback.replace("_", " ")
        yield f"The model gave no usable answer ({why}), so the offline analyst stepped in."
    for call in record.calls:
        yield ", ".join(str(call[name]) for name in ("crew", "model", "outcome") if call.get(name))


def _sources(record: TurnRecord) -> Iterable[str]:
    for number, title in record.sources:
        yield f"{title}{' (used)' if number in record.cited else ''}"


def _named(items: Iterable[Any]) -> Iterable[str]:
    for item in items:
        if isinstance(item, Mapping):
            name = next((str(item[key]) for key in ("name", "tool", "rule", "kind") if item.get(key)), "")
            rest = next((str(item[key]) for key in ("outcome", "verdict", "reason", "result") if item.get(key)), "")
            yield _cut(": ".join(filter(None, (name, rest))) or str(dict(item)))
        else:
            yield _cut(str(item))


def _proposed(turn: Turn, record: TurnRecord) -> Iterable[str]:
    if record.advice:
        yield f"{record.action.replace('_', ' ').capitalize()}: {record.advice}"
    said = turn.reply.body if turn.reply else ""
    for draft in record.drafts:
        yield f"“{_cut(draft)}”" + ("" if draft != said else " (as it was said)")
    if record.draft and record.draft not in (*record.drafts, said):
        yield f"“{_cut(record.draft)}” (not said)"
    if record.next_step:
        yield f"Advises the team: {_cut(record.next_step)}"
    if record.asked_for:
        yield f"Asked for the {record.asked_for.replace('_', ' ')}"


def _gate(turn: Turn) -> Iterable[str]:
    if turn.reply is not None:
        verdict = turn.reply.verdict or {}
        reason = f": {verdict['reason']}" if verdict.get("reason") else ""
        yield f"The gate said {verdict.get('outcome', 'nothing')}{reason}; now {turn.reply.status.replace('_', ' ')}"


def _quality(turn: Turn) -> Iterable[str]:
    quality = getattr(turn, "quality", None)
    yield from (flaw.capitalize() for flaw in quality.flaws) if quality else ()


def _cost(record: TurnRecord) -> Iterable[str]:
    usage = record.usage
    if usage.get("calls"):
        tokens = (usage.get("prompt_tokens") or 0) + (usage.get("completion_tokens") or 0)
        yield f"{usage['calls']} calls of the model, {tokens} tokens, {float(usage.get('seconds') or 0):.1f} s"
    if record.cost is not None:
        yield f"Cost {record.cost:.4f}"


def _figures(record: TurnRecord) -> Iterable[tuple[str, str]]:
    """For an engineer."""
    if record.confidence is not None:
        yield "confidence", f"{record.confidence:.2f}"
    if record.sentiment is not None:
        yield "sentiment", f"{record.sentiment:+.2f}"
    for name in ("prompts_version", "seconds"):
        if record.usage.get(name):
            yield name.replace("_", " "), str(record.usage[name])
    for name, value in record.others.items():
        if value not in (None, "", [], {}):
            yield name.replace("_", " "), _cut(str(value))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DRAFT else f"{line[: LONGEST_DRAFT - 1]}…"
