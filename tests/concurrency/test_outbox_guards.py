"""The guards of the outbox, each first off: an intent is queued once, called for once, by one voice at a time."""

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from agents.coordinator import grant_floor, take_over
from agents.models.framework import Agent
from messaging.floor import Grant
from messaging.models import Attempt, Channel, Conversation, Message
from messaging.services import dispatch, outbound, reconcile, statuses
from messaging.services.outbound import queue_message
from messaging.services.statuses import record_status
from project.kernel.scope import workspace_scope
from tests.concurrency.guards import without
from tests.concurrency.overtaking import blind_to_open_attempts, overtake, without_conversation_lock
from tests.properties.provider import Outcome
from tests.properties.stage import Stage


def granted(stage: Stage, davi: Conversation) -> Grant:
    answer = grant_floor(conversation=davi, agent=Agent.PRIMARY, reason="a test", now=stage.clock.now)
    assert isinstance(answer, Grant)
    return answer


def queue(stage: Stage, davi: Conversation, grant: Grant, key: str = "a word") -> Message:
    with workspace_scope(stage.workspace):
        return queue_message(conversation=davi, voice="ai", body=key, intent_key=key, grant=grant, now=stage.clock.now)


def claim(stage: Stage) -> Any:
    return dispatch._claim(stage.clock.now, stage.clock.monotonic())


def attempts_in_flight() -> int:
    return Attempt.objects.filter(state="calling").count()


# -- message_intent_once, and the lock before it -----------------------------------------------------------------


def queue_twice_at_once(stage: Stage, davi: Conversation) -> tuple[Any, Any]:
    """The second queues the intent after the first has looked whether it is there."""
    work = partial(queue, stage, davi, granted(stage, davi))
    return overtake(work, work, asleep_before=(outbound, "next_seq"))


def test_without_lock_and_index_an_intent_is_queued_twice(stage: Stage, davi: Conversation) -> None:
    with without("message_intent_once"), without_conversation_lock():
        queue_twice_at_once(stage, davi)
        assert Message.objects.filter(intent_key="a word").count() == 2


def test_the_index_alone_refuses_the_second(stage: Stage, davi: Conversation) -> None:
    with without_conversation_lock():
        slow, fast = queue_twice_at_once(stage, davi)
    assert isinstance(slow, IntegrityError)
    assert Message.objects.get() == fast


def test_an_intent_that_is_queued_twice_at_once_is_one_message(stage: Stage, davi: Conversation) -> None:
    slow, fast = queue_twice_at_once(stage, davi)
    assert Message.objects.get() == slow == fast


# -- attempt_one_open ---------------------------------------------------------------------------------------------


def claim_two_words(stage: Stage, davi: Conversation) -> None:
    """By senders that do not look whether an attempt is open."""
    grant = granted(stage, davi)
    for key in ("first", "second"):
        queue(stage, davi, grant, key)
    with blind_to_open_attempts():
        claim(stage)
        claim(stage)


def test_without_the_index_two_words_are_on_their_way_to_one_lead(stage: Stage, davi: Conversation) -> None:
    with without("attempt_one_open"):
        claim_two_words(stage, davi)
        assert attempts_in_flight() == 2


def test_the_database_forbids_a_second_open_attempt(stage: Stage, davi: Conversation) -> None:
    with pytest.raises(IntegrityError, match="attempt_one_open"):
        claim_two_words(stage, davi)
    assert attempts_in_flight() == 1


# -- the claim under the conversation's lock ----------------------------------------------------------------------


def take_over_during_the_claim(stage: Stage, davi: Conversation) -> tuple[bool, bool]:
    """Whether an attempt was there when the take-over had committed, and whether one was there in the end."""
    reply = queue(stage, davi, granted(stage, davi))
    of_reply = Attempt.objects.filter(message=reply)

    def take() -> bool:
        with workspace_scope(stage.workspace):
            take_over(conversation=davi, user=stage.people[1], now=stage.clock.now)
            return bool(of_reply.exists())

    _, was_there = overtake(partial(claim, stage), take, asleep_before=(dispatch, "_open_attempt"))
    return was_there, of_reply.exists()


def test_without_the_lock_a_word_of_the_ai_begins_to_leave_after_the_take_over(
    stage: Stage, davi: Conversation
) -> None:
    with without_conversation_lock():
        assert take_over_during_the_claim(stage, davi) == (False, True)


def test_a_take_over_waits_for_a_claim_that_is_under_way(stage: Stage, davi: Conversation) -> None:
    assert take_over_during_the_claim(stage, davi) == (True, True)


# -- the sender's own deadline -------------------------------------------------------------------------------------


def wake_after_the_word_was_sent_by_another(stage: Stage, davi: Conversation) -> int:
    """A sender claims and sleeps; its word is doubted, looked for, not found, and sent. Then it wakes."""
    queue(stage, davi, granted(stage, davi))
    sleeper, other = stage.processes
    sleeper.begin(lambda: dispatch.send_one_due_message(stage.clock.now))
    stage.clock.advance(31)
    reconcile.doubt_one_overdue_attempt(stage.clock.now)
    stage.clock.advance(61)
    while reconcile.settle_one_unknown_attempt(stage.clock.now):
        pass
    other.begin(lambda: dispatch.send_one_due_message(stage.clock.now))
    while not other.is_idle:
        other.go_on(Outcome.ACCEPTED)
    while not sleeper.is_idle:
        sleeper.go_on(Outcome.ACCEPTED)
    return len(stage.provider.book)


def test_without_its_deadline_a_sender_that_wakes_up_sends_again(
    stage: Stage, davi: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "monotonic", lambda: 0.0)
    assert wake_after_the_word_was_sent_by_another(stage, davi) == 2


def test_a_sender_that_slept_too_long_does_not_call(stage: Stage, davi: Conversation) -> None:
    assert wake_after_the_word_was_sent_by_another(stage, davi) == 1


# -- statuses ------------------------------------------------------------------------------------------------------


def sent_overtaken_by_delivered(stage: Stage, davi: Conversation) -> Message:
    message = queue(stage, davi, granted(stage, davi))
    dispatch.send_one_due_message(stage.clock.now)
    [entry] = stage.provider.book

    def report(status: str) -> bool:
        with workspace_scope(stage.workspace):
            return record_status(
                channel=Channel.objects.get(pk=stage.channel.pk),
                provider_id=entry.provider_id,
                message_id=entry.message_id,
                status=status,
                now=stage.clock.now,
            )

    overtake(partial(report, "sent"), partial(report, "delivered"), asleep_before=(statuses, "next_seq"))
    message.refresh_from_db()
    return message


def test_without_the_lock_a_status_that_was_overtaken_moves_the_message_back(stage: Stage, davi: Conversation) -> None:
    with without_conversation_lock():
        assert sent_overtaken_by_delivered(stage, davi).status == "sent"


def test_a_status_that_is_overtaken_moves_nothing_back(stage: Stage, davi: Conversation) -> None:
    assert sent_overtaken_by_delivered(stage, davi).status == "delivered"
