"""Whole turns with a model that misbehaves: an answer, a question or a person in time, and the reason kept."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail

from agents.alerts import tell_one_model_trouble
from agents.models import ModelCall, ModelDay, ModelTrouble
from agents.reasoning import selection
from agents.reasoning.answers import ReplyAnswer
from agents.reasoning.crew import CrewAnalyst
from agents.reasoning.ports import AnalystUnavailable, Call, Failure, ModelSettings, Usage
from agents.spending.asking import ask_for_workspace
from agents.spending.calls import About, record_model_calls
from agents.spending.limits import set_model_limits
from crm.models import TrailEntry
from project.kernel.scope import workspace_scope
from tests.doubles.model import FOREVER, Asked, ModelDouble, Step
from tests.journeys.world import World

BUDGET = 8.0
SHORT_BUDGET = 2.0


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ModelDouble, CrewAnalyst]]:
    with ModelDouble() as double:
        chosen = ModelSettings(api_key="none", model="gpt-4o-mini", base_url=double.base_url)
        crew = selection._opening(chosen).result(timeout=90)  # the import takes seconds on a busy machine
        yield double, crew


@pytest.fixture
def model(running: tuple[ModelDouble, CrewAnalyst], settings: Any) -> ModelDouble:
    double, crew = running
    double.reset()
    for breaker in crew.breakers:  # what an earlier test did to the model is forgiven
        breaker.record_success()
    settings.OPENAI_BASE_URL = double.base_url
    settings.OPENAI_MODEL_NAME = "gpt-4o-mini"
    settings.REASONING_BUDGET_SECONDS = BUDGET
    return double


def decided(world: World) -> TrailEntry:
    return world.trail("turn.decided")[-1]


def calls_of(world: World) -> list[ModelCall]:
    with workspace_scope(world.acme):
        return list(ModelCall.objects.filter(workspace=world.acme).exclude(crew="extraction").order_by("id"))


def asked_by_turns(model: ModelDouble) -> list[Asked]:
    """Without what is learned about the lead afterwards."""
    return [asked for asked in model.requests if asked.kind != "extraction"]


def test_each_call_is_a_row_with_its_price_and_whom_it_was_about(world: World, model: ModelDouble) -> None:
    world.davi_says("How much is it?")
    calls = calls_of(world)
    assert [(call.crew, call.outcome) for call in calls] == [
        ("intent", "answered"), ("strategy", "answered"), ("reply", "answered"),
    ]  # fmt: skip
    assert {(call.lead_id, call.conversation_id) for call in calls} == {
        (world.conversation.lead_id, world.conversation.pk)
    }
    assert all(call.turn_id and call.cost and call.cached_tokens for call in calls)
    with workspace_scope(world.acme):
        day = ModelDay.objects.get()
        everything = list(ModelCall.objects.filter(workspace=world.acme))
    assert (day.calls, day.cost) == (len(everything), sum(call.cost or 0 for call in everything))
    facts = decided(world).facts
    assert facts["cost"] == pytest.approx(float(sum(call.cost or 0 for call in calls)))
    assert [(call["crew"], call["outcome"]) for call in facts["calls"]] == [(call.crew, call.outcome) for call in calls]


@pytest.mark.parametrize(
    ("step", "tier", "fallback"),
    [
        (Step(fault="hang", times=FOREVER), "offline", "timeout"),
        (Step(fault="rate_limited", retry_after=600, times=FOREVER), "offline", "rate_limited"),
        (Step(fault="insufficient_quota", times=FOREVER), "offline", "quota"),
        (Step(fault="unauthorized", times=FOREVER), "offline", "unauthorized"),
        (Step(fault="wrong_values", times=FOREVER), "offline", "invalid"),
        (Step(fault="invented_tool", times=FOREVER), "offline", "invalid"),
        (Step(fault="invalid_tool_arguments", times=FOREVER), "offline", "invalid"),
        (Step(fault="cut_json", times=FOREVER), "offline", "cut_off"),
        (Step(fault="refusal", times=FOREVER), "offline", "refused"),
        (Step(fault="invented_tool"), "crew", None),
        (Step(fault="no_usage", times=FOREVER), "crew", None),
    ],
    ids=lambda value: value.fault if isinstance(value, Step) else None,
)
def test_whatever_the_model_does_the_customer_is_answered_in_time_and_the_reason_is_kept(
    step: Step, tier: str, fallback: str | None, world: World, model: ModelDouble, settings: Any
) -> None:
    if step.fault == "hang":
        settings.REASONING_BUDGET_SECONDS = SHORT_BUDGET
    model.script(step)
    started = time.monotonic()
    world.davi_says("How much is it?")
    assert time.monotonic() - started < BUDGET + 6  # the budget, and a busy machine
    assert len(world.heard()) == 1
    assert (decided(world).facts["tier"], decided(world).facts["fallback"]) == (tier, fallback)


@pytest.mark.parametrize("text", ["x" * 30_000, "iVBORw0KGgoAAAANSUhEUgAA" * 400, "💥" * 3000, "a\x00b"])
def test_strange_and_huge_messages_are_answered(text: str, world: World, model: ModelDouble) -> None:
    world.davi_says(text)
    assert len(world.heard()) == 1
    longest = max(len(str(asked.body["messages"])) for asked in model.requests)
    assert longest < 20_000  # what is asked is bounded, whatever was written


def test_a_burst_of_fifty_messages_is_one_question(world: World, model: ModelDouble) -> None:
    for number in range(50):
        world.davi_writes(f"And what about number {number}?")
    world.settle()
    assert len(world.heard()) == 1
    assert len(asked_by_turns(model)) == 3


def test_an_intent_that_nobody_knows_is_unclear_and_kept_as_it_was_said(world: World, model: ModelDouble) -> None:
    model.script(Step(on="reading", fields={"intent": "ask_for\x00 pony"}))
    world.davi_says("I would like a pony")
    facts = decided(world).facts
    assert (facts["intent"], facts["raw_intent"]) == ("unclear", "ask_for pony")


def test_what_the_writer_made_of_the_draft_is_sent_and_both_are_kept(world: World, model: ModelDouble) -> None:
    model.script(
        Step(on="strategy", fields={"reply": "The price is 10.", "next_step": "Offer a demo."}),
        Step(on="reply", fields={"reply": "It's 10, Davi."}),
    )
    world.davi_says("How much is it?")
    assert world.heard() == ["It's 10, Davi."]
    assert (decided(world).facts["draft"], decided(world).facts["next_step"]) == ("The price is 10.", "Offer a demo.")


@pytest.mark.parametrize(
    "step",
    [
        Step(on="reply", fault="refusal", times=FOREVER),
        Step(on="reply", fields={"reply": "It is 10, or 8 for you."}, times=FOREVER),
        Step(on="reply", fields={"reply": " "}, times=FOREVER),
    ],
    ids=["refuses", "invents a price", "says nothing"],
)
def test_a_writer_that_fails_or_invents_leaves_the_draft(step: Step, world: World, model: ModelDouble) -> None:
    model.script(Step(on="strategy", fields={"reply": "The price is 10."}), step)
    world.davi_says("How much is it?")
    assert world.heard() == ["The price is 10."]


# -- limits --------------------------------------------------------------------------------------------------------


def limit(world: World, **dollars: str) -> None:
    with workspace_scope(world.acme):
        set_model_limits(
            workspace=world.acme, values={name: Decimal(value) for name, value in dollars.items()}, now=world.now
        )


def spend(world: World, dollars: str, *, days_ago: int = 0, conversation_id: int | None = None) -> None:
    """A call whose price is known: so many tokens at 0.60 dollars a million."""
    tokens = int(Decimal(dollars) * 1_000_000 / Decimal("0.6"))
    log = [Call("intent", "gpt-4o-mini", "api", "answered", completion_tokens=tokens)]
    while log[-1].completion_tokens > 9_000_000:
        half = log[-1].completion_tokens // 2
        log = [Call("intent", "gpt-4o-mini", "api", "answered", completion_tokens=half)] * len(log) * 2
    with workspace_scope(world.acme):
        record_model_calls(
            workspace=world.acme,
            usage=Usage(log=tuple(log)),
            now=world.now - timedelta(days=days_ago),
            about=About(conversation_id=conversation_id),
        )


def test_near_a_limit_the_cheaper_model_thinks_and_nobody_polishes(
    world: World, model: ModelDouble, settings: Any
) -> None:
    settings.OPENAI_CHEAPER_MODEL = "gpt-4.1-nano"
    limit(world, per_day="5")
    spend(world, "4.20")
    world.davi_says("How much is it?")
    assert [asked.body["model"] for asked in asked_by_turns(model)] == ["gpt-4.1-nano"] * 2
    assert "4.20 of 5.00 US dollars for today" in decided(world).facts["economy"]


@pytest.mark.parametrize("field", ["per_conversation", "per_day", "per_month"])
def test_over_a_limit_no_model_is_asked_and_the_trail_says_why(field: str, world: World, model: ModelDouble) -> None:
    world.davi_says("Hello")
    model.reset()
    limit(world, **{field: "1"})
    spend(world, "1.01", conversation_id=world.conversation.pk)
    world.wait(minutes=1)
    world.davi_says("How much is it?")
    assert model.requests == []
    assert len(world.heard()) == 2
    facts = decided(world).facts
    assert (facts["tier"], facts["fallback"]) == ("offline", "over_budget")
    assert "No model was asked: 1.01 of 1.00 US dollars" in facts["economy"]


def test_what_was_spent_on_another_day_in_another_month_or_workspace_does_not_count(
    world: World, model: ModelDouble
) -> None:
    limit(world, per_day="1", per_month="3")
    spend(world, "2", days_ago=1)
    spend(world, "9", days_ago=40)
    world.davi_says("How much is it?")
    assert decided(world).facts["tier"] == "crew"


def test_other_questions_keep_to_the_same_limits_and_the_same_bill(world: World, model: ModelDouble) -> None:
    slots = "language tone words workspace business customer reading purpose history message draft"
    inputs = dict.fromkeys(slots.split(), "x")

    def ask() -> ReplyAnswer:
        return ask_for_workspace(
            "reply", inputs, ReplyAnswer, workspace=world.acme, about=About(), budget_seconds=BUDGET, now=world.now
        )

    with workspace_scope(world.acme):
        assert ask().reply == "x"
        limit(world, per_day="0")
        with pytest.raises(AnalystUnavailable) as caught:
            ask()
    assert caught.value.reason is Failure.OVER_BUDGET
    assert [call.crew for call in calls_of(world)] == ["reply"]


# -- troubles ------------------------------------------------------------------------------------------------------


def ask_in_vain(world: World, outcome: str, *, model: str = "gpt-4o-mini") -> None:
    with workspace_scope(world.acme):
        record_model_calls(
            workspace=world.acme, usage=Usage(log=(Call("intent", model, "api.test", outcome),)), now=world.now
        )


def troubles_told(world: World) -> list[str]:
    while tell_one_model_trouble(world.now):
        pass
    world.settle()
    return sorted({letter.subject for letter in mail.outbox})


@pytest.mark.parametrize("outcome", ["quota", "unauthorized"])
def test_what_only_a_person_can_mend_is_told_at_once_and_once(outcome: str, world: World) -> None:
    for _ in range(5):
        ask_in_vain(world, outcome)
    assert troubles_told(world) == [f"The model gpt-4o-mini at api.test does not answer: {outcome}"]
    ask_in_vain(world, outcome)
    world.wait(minutes=30)
    assert troubles_told(world)
    assert [letter.to for letter in mail.outbox] == [["ana@acme.test"]]


def test_a_trouble_that_lasts_is_told_after_a_while(world: World) -> None:
    for _ in range(6):
        ask_in_vain(world, "timeout")
        assert troubles_told(world) == []
        world.wait(minutes=1.9)
    assert len(troubles_told(world)) == 1


def test_a_trouble_that_an_answer_ended_is_not_told_and_its_return_is_a_new_one(world: World) -> None:
    ask_in_vain(world, "unreachable")
    ask_in_vain(world, "answered")
    world.wait(minutes=11)
    assert troubles_told(world) == []
    ask_in_vain(world, "quota")
    assert len(troubles_told(world)) == 1
    with workspace_scope(world.acme):
        assert ModelTrouble.objects.count() == 2


def test_a_failure_that_nobody_met_again_is_forgotten(world: World) -> None:
    ask_in_vain(world, "timeout")
    world.wait(minutes=11)
    assert troubles_told(world) == []
    with workspace_scope(world.acme):
        assert ModelTrouble.objects.get().ended_at is not None


def test_a_server_that_counts_nonsense_keeps_no_answer_back(world: World) -> None:
    odd = Call("intent", "gpt-4o-mini" * 30, "h" * 300, "answered", 10**12, 10**12, 10**12)
    dear = Call("intent", "gpt-4o-mini", "h", "answered", 10**12, 10**12)
    with workspace_scope(world.acme):
        record_model_calls(workspace=world.acme, usage=Usage(log=(odd, dear)), now=world.now)
    assert len(calls_of(world)) == 2
