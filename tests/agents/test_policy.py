"""What the primary agent does, as a pure function of the situation and the analysis."""

from dataclasses import replace

import pytest

from agents.primary.policy import Step, decide, decide_explicit
from agents.primary.situation import Situation, is_silenced
from agents.reasoning.explicit import Explicit, read_explicit
from agents.reasoning.offline import OfflineAnalyst
from agents.reasoning.ports import Action, Analysis, Intent, Level, Question, Tier
from tests.cast import NOON


def question(text: str) -> Question:
    return Question(text=text, history=(), workspace_name="Acme", now=NOON)


def situation(text: str = "What does it cost?", **changes: object) -> Situation:
    plain = Situation(
        is_resolved=False,
        text=text,
        explicit=read_explicit(text),
        person_in_charge="",
        primary_state="ACTIVE",
        is_vip=False,
        is_opted_out=False,
        past_sentiments=(),
        question=question(text),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


PLAIN = OfflineAnalyst().analyse(question("What does it cost?"))


def analysis(*, reply: str = "It costs 10.", action: Action = Action.REPLY, **reading: object) -> Analysis:
    strategy = replace(PLAIN.strategy, action=action, reply=reply, escalate=False, reason="a test")
    calm = {
        "wants_human": False,
        "opt_out": False,
        "sentiment": 0.0,
        "confidence": 0.9,
        "intent": Intent.PRODUCT_INQUIRY,
        "priority": Level.MEDIUM,
    }
    return replace(PLAIN, strategy=strategy, reading=replace(PLAIN.reading, **{**calm, **reading}))  # type: ignore[arg-type]


def test_a_question_is_answered() -> None:
    decision = decide(situation(), analysis())
    assert (decision.step, decision.text, decision.alert) == (Step.REPLY, "It costs 10.", "")


def test_an_explicit_wish_for_a_person_outweighs_what_the_model_made_of_it() -> None:
    decision = decide(situation("I want to talk to a human"), analysis(wants_human=False))
    assert (decision.step, decision.trigger) == (Step.HAND_OVER, "explicit_request")


def test_the_models_reading_of_a_wish_counts_too() -> None:
    assert decide(situation(), analysis(wants_human=True)).step is Step.HAND_OVER


def test_three_negative_messages_in_a_row_ask_for_a_person_urgently() -> None:
    decision = decide(situation(past_sentiments=(-0.5, -0.4)), analysis(sentiment=-0.6))
    assert (decision.trigger, decision.is_urgent) == ("negative_streak", True)


@pytest.mark.parametrize("past", [(), (-0.5,), (-0.5, 0.2), (0.0, -0.9)])
def test_fewer_are_no_streak(past: tuple[float, ...]) -> None:
    assert decide(situation(past_sentiments=past), analysis(sentiment=-0.6)).step is Step.REPLY


@pytest.mark.parametrize(("confidence", "trigger"), [(0.9, "beyond_knowledge"), (0.1, "low_confidence")])
def test_what_the_agent_cannot_answer_goes_to_a_person(confidence: float, trigger: str) -> None:
    decision = decide(situation(), analysis(action=Action.HAND_OVER, confidence=confidence))
    assert (decision.step, decision.trigger) == (Step.HAND_OVER, trigger)


@pytest.mark.parametrize("intent", [Intent.COMPLAINT, Intent.PURCHASE_INTENT, Intent.CANCELLATION])
def test_a_person_is_told_of_what_matters_although_the_agent_answers(intent: Intent) -> None:
    decision = decide(situation(), analysis(intent=intent))
    assert decision.step is Step.REPLY
    assert decision.alert


def test_a_person_is_told_of_a_vip() -> None:
    assert "VIP" in decide(situation(is_vip=True), analysis(priority=Level.HIGH)).alert


def test_no_words_are_silence_with_a_reason() -> None:
    decision = decide(situation(), analysis(reply=""))
    assert decision.step is Step.STAY_SILENT
    assert decision.reason


def test_stop_needs_no_model() -> None:
    decision = decide_explicit(situation("STOP"), "")
    assert decision is not None
    assert decision.step is Step.OPT_OUT


def test_stop_counts_also_while_a_person_is_in_charge() -> None:
    silenced = situation("STOP", person_in_charge="Bruno")
    decision = decide_explicit(silenced, is_silenced(silenced))
    assert decision is not None
    assert decision.step is Step.OPT_OUT


def test_start_means_something_only_after_a_stop() -> None:
    assert decide_explicit(situation("START"), "") is None
    again = decide_explicit(situation("START", is_opted_out=True), "")
    assert again is not None
    assert again.step is Step.OPT_IN


def test_whoever_wants_a_person_and_no_more_machine_gets_the_person() -> None:
    both = situation(explicit=Explicit(wants_human=True, opt_out=True, matched="stop"))
    assert decide_explicit(both, "") is None
    assert decide(both, analysis()).step is Step.HAND_OVER


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"person_in_charge": "Bruno"}, "Bruno"),
        ({"primary_state": "HANDOVER"}, "waiting"),
        ({"primary_state": "DISABLED"}, "waiting"),
        ({"is_resolved": True}, "resolved"),
    ],
)
def test_the_agent_is_silent_while_somebody_else_is_in_charge(changes: dict[str, object], words: str) -> None:
    quiet = situation(**changes)
    decision = decide_explicit(quiet, is_silenced(quiet))
    assert decision is not None
    assert decision.step is Step.STAY_SILENT
    assert words in decision.reason


@pytest.mark.parametrize(
    ("tier", "silenced", "step"),
    [(Tier.TRAINED, "", None), (Tier.RULES, "", Step.OPT_OUT), (Tier.TRAINED, "a person is in charge", Step.OPT_OUT)],
)
def test_despair_that_only_sounds_like_an_opt_out_does_not_silence_us(
    tier: Tier, silenced: str, step: Step | None
) -> None:
    heard = Explicit(opt_out=True, tier=tier)
    decision = decide_explicit(situation("I want no more of this life", explicit=heard, is_in_distress=True), silenced)
    assert (decision and decision.step) == step
