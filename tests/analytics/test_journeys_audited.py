"""What really happens audits clean: journeys through the real services, judged at their end."""

from agents.coordinator import return_to_ai
from analytics.services.audits import run_audit
from project.kernel.scope import workspace_scope
from tests.journeys.world import World

NOTES = {"late_steps"}
"""The world jumps ahead, so steps may be late; that breaks no promise."""


def broken_promises(world: World) -> dict[str, object]:
    run = run_audit(workspace=None, since=None, now=world.now)
    return {name: found for name, found in run.findings.items() if name not in NOTES}


def test_an_answer_with_its_statuses_is_clean(world: World) -> None:
    world.davi_says("Hello")
    sid = world.messages(direction="out")[0].provider_id
    for status in ("read", "delivered", "sent"):
        world.twilio_reports(sid, status)
    world.wait(minutes=10)
    assert broken_promises(world) == {}


def test_a_ladder_to_its_end_and_a_callback_that_a_person_answers_is_clean(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("I want to talk to a human about my contract")
    for _ in range(5):
        world.wait(minutes=15)
        assert broken_promises(world) == {}
    world.bruno_says("Bruno here. Shall I call you?")
    world.wait(minutes=30)
    assert world.handover.state == "answered"
    assert broken_promises(world) == {}


def test_a_take_over_and_a_return_are_clean(world: World) -> None:
    world.davi_says("Hello")
    world.bruno_says("Bruno here")
    world.davi_says("Oh, a person")
    world.wait(minutes=6)
    assert broken_promises(world) == {}
    with workspace_scope(world.acme):
        return_to_ai(conversation=world.conversation, user=world.bruno, reason="done", now=world.now)
    world.davi_says("What does it cost?")
    world.wait(minutes=6)
    assert broken_promises(world) == {}


def test_an_opt_out_is_clean(world: World) -> None:
    world.davi_says("Hello")
    world.wait(minutes=1)
    world.davi_says("STOP")
    world.wait(minutes=1)
    world.davi_says("stop")
    world.wait(minutes=10)
    assert broken_promises(world) == {}


def test_an_answer_that_the_provider_took_without_saying_so_is_clean(world: World) -> None:
    world.twilio.fault("503_after_accept")
    world.davi_says("Hello")
    assert broken_promises(world) == {}
    for _ in range(5):
        world.wait(seconds=30)
    assert len(world.heard()) == 1
    assert broken_promises(world) == {}


def test_an_answer_that_the_provider_never_had_and_that_went_again_is_clean(world: World) -> None:
    world.twilio.fault("503_html")
    world.davi_says("Hello")
    for _ in range(10):
        world.wait(seconds=30)
        assert broken_promises(world) == {}
    assert len(world.heard()) == 1
