"""With a model: CrewAI thinks in a worker of its own. A slow model loses to a person, a hanging one to the clock.

The tests stand in this order because the last ones leave the circuit breaker open.
"""

import time
from collections.abc import Iterator

import pytest

from tests.doubles.model import FOREVER, ModelDouble, Step
from tests.system.installation import Acme, Customer, acme_installation, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

BUDGET_SECONDS = 8.0
MARGIN_SECONDS = 7.0
"""Less than a second budget: nobody waits for one who waits for the model."""
AT_ONCE_SECONDS = 6.0
"""Less than the budget, with twenty others thinking on a busy machine."""
HANGING = 20
"""More than the worker has threads."""


@pytest.fixture(scope="module")
def model() -> Iterator[ModelDouble]:
    with ModelDouble() as double:
        yield double


@pytest.fixture(scope="module")
def acme(model: ModelDouble) -> Iterator[Acme]:
    with acme_installation(OPENAI_BASE_URL=model.base_url, REASONING_BUDGET_SECONDS=f"{BUDGET_SECONDS}") as running:
        wait_until_warm(running)
        yield running


def wait_until_warm(acme: Acme) -> None:
    """CrewAI's import takes seconds; customers who write meanwhile may get the offline analyst."""
    eventually(lambda: tier_of_next_answer(acme) == "crew", seconds=90, every=1)


@pytest.fixture(scope="module", autouse=True)
def interrupted(acme: Acme, model: ModelDouble) -> Customer:
    """Whoever wrote while the model was asked and the reasoning worker was killed. The turn's lease has to run out,
    while the other tests of this module run."""
    model.script(Step(delay_ms=5000, on="reading"))
    davi, asked = acme.customer(), len(model.requests)
    davi.says("What does it cost?")
    eventually(lambda: len(model.requests) > asked)
    acme.kill("reasoning")
    model.reset()
    wait_until_warm(acme)
    return davi


@pytest.fixture(autouse=True)
def _unscripted(model: ModelDouble) -> None:
    model.reset()


def tier_of_next_answer(acme: Acme) -> str:
    davi = acme.customer()
    davi.says("Hello")
    return decided(davi)["tier"]


def decided(davi: Customer) -> dict[str, str]:
    """The facts of the turn's decision, as the trail keeps them."""
    [event] = eventually(lambda: davi.trail("turn.decided"), seconds=60)
    return event["facts"]


def test_the_model_has_a_worker_of_its_own(acme: Acme) -> None:
    assert acme.pid("reasoning") not in (None, acme.pid("worker"))


def test_crewai_answers_and_the_trail_says_so(acme: Acme, model: ModelDouble) -> None:
    davi = acme.customer()
    davi.says("What does it cost?")
    [reply] = davi.waits_for_texts(1)
    assert reply.body.startswith("Model:")
    facts = decided(davi)
    assert (facts["tier"], facts["fallback"], facts["intent"]) == ("crew", None, "pricing")
    assert [asked.kind for asked in model.requests][:3] == ["reading", "strategy", "reply"]


def test_a_take_over_during_a_slow_model_call_leaves_the_customer_without_an_ai_message(
    acme: Acme, model: ModelDouble
) -> None:
    model.script(Step(delay_ms=4000, on="strategy"))
    davi = acme.customer()
    davi.says("What does it cost?")
    eventually(lambda: [asked for asked in model.requests if asked.kind == "strategy"])
    davi.staff("take-over")

    withheld = eventually(lambda: [message for message in davi.messages() if message["direction"] == "out"])
    assert [(message["voice"], message["status"]) for message in withheld] == [("ai", "suppressed")]
    assert withheld[0]["verdict"]["code"] == "taken_over"
    assert withheld[0]["body"].startswith("Model:")
    davi.staff("messages", {"body": "Ana here."})
    davi.waits_for_texts(1)
    time.sleep(2)
    assert davi.heard_texts() == ["Ana here."]


def test_while_the_model_hangs_customers_are_answered_within_the_budget_and_persons_are_called_at_once(
    acme: Acme, model: ModelDouble
) -> None:
    acme.set_ladder(60, 120, 180, 240)
    model.script(Step(fault="hang", times=FOREVER))
    waiting = [acme.customer() for _ in range(HANGING)]
    asked_at = [davi.says("What does it cost?") for davi in waiting]
    carla = acme.customer()
    wished_at = carla.says("I want to talk to a human")
    handover = eventually(carla.handover, seconds=AT_ONCE_SECONDS)
    assert handover["trigger"] == "explicit_request"
    [acknowledged] = carla.waits_for_texts(1, seconds=AT_ONCE_SECONDS)
    assert acknowledged.arrived_at - wished_at < AT_ONCE_SECONDS

    for davi, at in zip(waiting, asked_at, strict=True):
        [reply] = davi.waits_for_texts(1)
        assert reply.arrived_at - at < BUDGET_SECONDS + MARGIN_SECONDS
        facts = decided(davi)
        assert facts["tier"] == "offline"
        assert facts["fallback"] in ("timeout", "breaker_open")
    later = acme.customer()
    at = later.says("What does it cost?")
    [reply] = later.waits_for_texts(1)
    assert reply.arrived_at - at < AT_ONCE_SECONDS
    assert decided(later)["fallback"] == "breaker_open"


def test_kill_9_while_the_model_is_asked_costs_a_lease_and_the_answer_comes_once(interrupted: Customer) -> None:
    assert interrupted.waits_for_texts(1, seconds=90)
    time.sleep(2)
    assert len(interrupted.heard()) == 1
    assert len(interrupted.trail("turn.decided")) == 1
