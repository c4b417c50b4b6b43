"""Which analyst answers, and that one always does."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from agents.reasoning import selection
from agents.reasoning.ports import Action, Analysis, ModelSettings, Question, Tier
from tests.doubles.model import FOREVER, ModelDouble, Step

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def model() -> Iterator[ModelDouble]:
    with ModelDouble() as double:
        yield double


@pytest.fixture
def settings(model: ModelDouble) -> ModelSettings:
    settings = ModelSettings(api_key="k", model="gpt-test", base_url=model.base_url)
    selection._opening(settings).result(timeout=90)  # the import takes seconds on a busy machine
    return settings


def analyse(text: str, settings: ModelSettings | None, *, budget_seconds: float = 5) -> Analysis:
    started = time.monotonic()
    analysis = selection.analyse(Question(text=text, now=NOON), settings=settings, budget_seconds=budget_seconds)
    assert time.monotonic() - started < budget_seconds + 0.5
    return analysis


def test_with_a_model_the_crew_answers(settings: ModelSettings) -> None:
    analysis = analyse("How much is it?", settings)
    assert (analysis.tier, analysis.fallback_reason) == (Tier.CREW, None)


@pytest.mark.parametrize("text", ["I want to talk to a human", "STOP", "START"])
def test_what_is_said_outright_never_reaches_the_model(text: str, model: ModelDouble, settings: ModelSettings) -> None:
    model.script(Step(fault="hang", times=FOREVER))
    analysis = analyse(text, settings)
    assert (analysis.tier, analysis.fallback_reason) == (Tier.OFFLINE, None)
    assert model.requests == []


def test_without_a_model_the_offline_analyst_answers_and_says_why() -> None:
    analysis = analyse("How much is it?", None)
    assert (analysis.tier, analysis.fallback_reason) == (Tier.OFFLINE, "not_configured")
    assert analysis.strategy.action is Action.ASK


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hang", "timeout"),
        ("refusal", "refused"),
        ("cut_json", "cut_off"),
        ("ignore_schema", "invalid"),
        ("insufficient_quota", "quota"),
        ("unauthorized", "unauthorized"),
        ("reset", "unreachable"),
    ],
)
def test_when_the_model_fails_the_offline_analyst_answers_in_time(
    fault: str, reason: str, model: ModelDouble, settings: ModelSettings
) -> None:
    model.script(Step(fault=fault, times=FOREVER))
    analysis = analyse("How much is it?", settings, budget_seconds=1)
    assert (analysis.tier, analysis.fallback_reason) == (Tier.OFFLINE, reason)
    assert analysis.strategy.reply
    assert analysis.usage.calls >= 1


def test_a_model_that_keeps_failing_is_left_alone(model: ModelDouble, settings: ModelSettings) -> None:
    model.script(Step(fault="unauthorized", times=FOREVER))
    reasons = [analyse("How much is it?", settings).fallback_reason for _ in range(5)]
    assert reasons == ["unauthorized"] + ["breaker_open"] * 4
    assert len(model.requests) == 1


def test_a_model_that_refuses_some_messages_is_not_left_alone(model: ModelDouble, settings: ModelSettings) -> None:
    model.script(Step(fault="refusal", times=10))
    for _ in range(5):
        analyse("How much is it?", settings)
    assert analyse("How much is it?", settings).tier is Tier.CREW


def test_told_to_stay_away_for_five_minutes_it_stays_away(model: ModelDouble, settings: ModelSettings) -> None:
    model.script(Step(fault="rate_limited", retry_after=300))
    assert analyse("How much is it?", settings).fallback_reason == "rate_limited"
    assert analyse("How much is it?", settings).fallback_reason == "breaker_open"


def test_without_crewai_installed_customers_are_answered() -> None:
    script = """
import sys
sys.modules["crewai"] = None  # what an import of a missing package meets
from datetime import UTC, datetime
from agents.reasoning.ports import ModelSettings, Question
from agents.reasoning.selection import analyse
question = Question(text="How much is it?", now=datetime.now(UTC))
settings = ModelSettings(api_key="k", model="m", base_url="http://127.0.0.1:9/v1")
for _ in range(2):
    analysis = analyse(question, settings=settings, budget_seconds=20)
    print(analysis.tier, analysis.fallback_reason)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["offline reasoning not installed"] * 2


def test_the_offline_path_imports_neither_crewai_nor_openai() -> None:
    script = """
import sys
from datetime import UTC, datetime
from agents.reasoning.ports import Question
from agents.reasoning.selection import analyse
analyse(Question(text="How much is it?", now=datetime.now(UTC)), settings=None, budget_seconds=1)
print([name for name in ("crewai", "openai", "httpx", "django") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
