"""Running a suite: each conversation with the model it was recorded with, or all of them with another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from agents.primary.settings import model_settings
from agents.reasoning.ports import Question, Tier
from agents.reasoning.selection import analyse
from project.kernel.errors import WrongValues

from .comparing import Change, Flaw, changes_between, flaws_of
from .playing import BEGINNING, Played, play
from .recordings import Mode, Recording, Script
from .scripted import ScriptedModel

LOADING_SECONDS = 120.0
_GREETING = Script(
    reading={"intent": "greeting", "language": "en"}, strategy={"action": "reply", "reply": "Hello.", "reason": "x"}
)


@dataclass(frozen=True, slots=True)
class Report:
    """`changes` are against the last run; they are news, not failures."""

    played: tuple[Played, ...]
    flaws: tuple[Flaw, ...]
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        flawed = {flaw.conversation for flaw in self.flaws}
        return {
            "conversations": len(self.played),
            "turns": sum(len(each.decisions) for each in self.played),
            "failed": sorted(flawed),
            "flaws": [asdict(flaw) for flaw in self.flaws],
            "changes": [asdict(change) for change in self.changes],
            "decisions": decisions_of(self.played),
        }


def run_suite(recordings: Sequence[Recording], *, model: Mode | None = None, last: Path | None = None) -> Report:
    """Without `model` each conversation is played as it was recorded. `last` holds the decisions of the run before."""
    if model == "real":
        played = _play_with_real(recordings)
    else:
        chosen = [each for each in recordings if model is None or each.model == model]
        played = [*_play_alone(chosen), *_play_scripted(chosen)]
    played.sort(key=lambda each: each.recording.name)
    flaws = [flaw for each in played for flaw in flaws_of(each)]
    return Report(tuple(played), tuple(flaws), tuple(changes_between(read_last(last), decisions_of(played))))


def decisions_of(played: Sequence[Played]) -> dict[str, Any]:
    return {each.recording.name: [decided.as_json() for decided in each.decisions] for each in played}


def read_last(path: Path | None) -> dict[str, Any]:
    """Empty on the first run. Raises WrongValues for a file that no run has written."""
    if path is None or not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise WrongValues({"--last": f"“{path}” is not the file of a run: {error}"}) from error
    if not isinstance(found, dict) or not all(isinstance(each, list) for each in found.values()):
        raise WrongValues({"--last": f"“{path}” is not the file of a run"})
    return found


def write_last(path: Path, played: Sequence[Played]) -> None:
    path.write_text(json.dumps(decisions_of(played), ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


def _play_alone(recordings: Sequence[Recording]) -> list[Played]:
    with _thinking_with(""):
        return [play(each) for each in recordings if each.model == "none"]


def _play_scripted(recordings: Sequence[Recording]) -> list[Played]:
    scripted = [each for each in recordings if each.model == "scripted"]
    if not scripted:
        return []
    with ScriptedModel() as model:
        return [_play_fresh(each, model) for each in scripted]


def _play_fresh(recording: Recording, model: ScriptedModel) -> Played:
    """Each conversation has an endpoint of its own: one whose model fails leaves no distrust behind for the next."""
    with _thinking_with(model.base_url_for(recording.name)):
        model.script = _GREETING
        _wait_for_analysts()
        return play(recording, model)


def _play_with_real(recordings: Sequence[Recording]) -> list[Played]:
    if model_settings() is None:
        raise WrongValues({"--model": "no model is configured (OPENAI_BASE_URL or OPENAI_API_KEY)"})
    _wait_for_analysts()
    return [play(each) for each in recordings]


def _wait_for_analysts() -> None:
    """Their first import takes seconds, which no recorded customer should wait for."""
    question = Question(text="Good morning to you", now=BEGINNING)
    analysis = analyse(question, settings=model_settings(), budget_seconds=LOADING_SECONDS)
    if analysis.tier != Tier.CREW:
        raise WrongValues({"--model": f"the model does not answer: {analysis.fallback_reason}"})


@contextmanager
def _thinking_with(base_url: str) -> Iterator[None]:
    wanted: dict[str, Any] = {
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": "scripted" if base_url else "",
        "OPENAI_FALLBACKS": [],
    }
    before = {name: getattr(settings, name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
