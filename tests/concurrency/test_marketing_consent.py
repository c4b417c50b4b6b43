"""Marketing without consent cannot leave: not when the gate is asked wrongly, not when it is not asked at all."""

from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, transaction

from agents.coordinator import grant_floor
from agents.models.framework import Agent
from crm.models import Consent
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import record_consent
from messaging import floor, gate
from messaging.floor import Grant
from messaging.models import Attempt, Conversation, Message
from messaging.models.messages import MessageStatus
from messaging.services.dispatch import send_one_due_message
from messaging.services.outbound import queue_message
from project.kernel.scope import workspace_scope
from tests.properties.stage import Stage

HARMLESS = {"received", "queued", "suppressed", "failed", "in_doubt"}
"""Statuses of what has not left, or ended; each of the others means that the provider has it, or may have it."""


def agrees(stage: Stage, conversation: Conversation, state: ConsentState = ConsentState.GRANTED) -> Consent:
    (line,) = record_consent(
        lead=conversation.lead, channel_kind="whatsapp_twilio", purposes=(Purpose.MARKETING,), state=state,
        source="keyword", proof="news", now=stage.clock.now,
    )  # fmt: skip
    return line


def advertises(stage: Stage, conversation: Conversation, body: str = "News!") -> Message:
    lead_id = conversation.lead_id
    grant = floor.acquire(workspace_id=stage.workspace.pk, lead_id=lead_id, holder="marketing")
    assert isinstance(grant, Grant)
    return queue_message(
        conversation=conversation, voice="marketing", body=body, intent_key=body, grant=grant, now=stage.clock.now,
        purpose=Purpose.MARKETING,
    )  # fmt: skip


def without_the_gate() -> Any:
    return mock.patch.object(gate, "_marketing", lambda facts: None)


def test_with_consent_it_leaves_and_names_the_line_that_allowed_it(stage: Stage, davi: Conversation) -> None:
    with workspace_scope(stage.workspace):
        line = agrees(stage, davi)
        message = advertises(stage, davi)
        assert send_one_due_message(stage.clock.now)
        message.refresh_from_db()
    assert message.status == MessageStatus.ACCEPTED
    assert message.consent == line


@pytest.mark.parametrize("said", [None, ConsentState.PENDING])
def test_without_the_gates_rule_the_database_stops_it_and_nobody_waits_behind_it(
    stage: Stage, davi: Conversation, said: ConsentState | None
) -> None:
    other = stage.meet("+4915112345678", "Eva")
    with workspace_scope(stage.workspace), without_the_gate():
        if said:
            agrees(stage, davi, said)
        message = advertises(stage, davi)
        assert message.status == MessageStatus.QUEUED
        grant = grant_floor(conversation=other, agent=Agent.PRIMARY, reason="x", now=stage.clock.now)
        assert isinstance(grant, Grant)
        word = queue_message(
            conversation=other, voice="ai", body="Hello", intent_key="w", grant=grant, now=stage.clock.now
        )
        while send_one_due_message(stage.clock.now):
            pass
        message.refresh_from_db()
        word.refresh_from_db()
    assert (message.status, message.error_code) == (MessageStatus.FAILED, "unsendable")
    assert word.status == MessageStatus.ACCEPTED
    assert not Attempt.objects.filter(message=message).exists()


@pytest.mark.parametrize("status", [status for status in MessageStatus if status != MessageStatus.RECEIVED])
def test_no_status_of_what_has_left_is_taken_without_consent(
    stage: Stage, davi: Conversation, status: MessageStatus
) -> None:
    with workspace_scope(stage.workspace), without_the_gate():
        message = advertises(stage, davi)
    change = {"status": status, "due_at": stage.clock.now}
    if status in HARMLESS:
        assert Message.objects.filter(pk=message.pk).update(**change) == 1
        return
    with pytest.raises(IntegrityError, match="message_marketing_has_consent"), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**change)
