"""The guards of the desk and the API, each first off: words sent twice leave once, a button pressed twice asks once."""

from functools import partial
from typing import Any

from agents import coordinator
from analytics.models import AuditRun
from analytics.services import audits
from inbox.api.idempotency import send_once
from messaging.models import Conversation, Message
from project.kernel.scope import workspace_scope
from tests.concurrency.overtaking import overtake, without_row_locks
from tests.properties.stage import Stage

# -- Idempotency-Key -------------------------------------------------------------------------------------------------


def send_twice_at_once(stage: Stage, davi: Conversation, key: str | None) -> tuple[Any, Any]:
    """The caller heard no answer and sends again, while the first request is still being worked on."""

    def send() -> Message:
        with workspace_scope(stage.workspace):
            return send_once(conversation=davi, user=stage.people[1], body="Hello", key=key, now=stage.clock.now)

    return overtake(send, send, asleep_before=(coordinator, "take_over"))


def test_without_a_key_the_same_request_sends_twice(stage: Stage, davi: Conversation) -> None:
    slow, fast = send_twice_at_once(stage, davi, None)
    assert set(Message.objects.all()) == {slow, fast}
    assert slow != fast


def test_the_same_key_twice_at_once_sends_once_and_answers_both(stage: Stage, davi: Conversation) -> None:
    slow, fast = send_twice_at_once(stage, davi, "api:k-1")
    assert Message.objects.get() == slow == fast


# -- the audit's button ----------------------------------------------------------------------------------------------


def press_twice_at_once(stage: Stage) -> int:
    press = partial(audits.request_audit, workspace=stage.workspace, now=stage.clock.now)

    def work() -> AuditRun:
        with workspace_scope(stage.workspace):
            return press()

    overtake(work, work, asleep_before=(audits, "kick"))
    return AuditRun.objects.count()


def test_without_the_lock_two_hands_on_the_button_ask_twice(stage: Stage) -> None:
    stage.clear()
    with without_row_locks():
        assert press_twice_at_once(stage) == 2


def test_two_hands_on_the_button_ask_once(stage: Stage) -> None:
    stage.clear()
    assert press_twice_at_once(stage) == 1
