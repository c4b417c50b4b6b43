"""A merge against a webhook, a send and another merge, each at the worst moment; nothing lands with whom is gone."""

from datetime import timedelta
from typing import Any

from agents.coordinator import grant_floor, send_as_person
from agents.models.framework import Agent
from crm.models import Consent, Lead, LeadMerge
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services import consent as consents
from crm.services.consent import record_consent
from messaging.floor import Grant
from messaging.models import Attempt, Conversation, Message
from messaging.services import dispatch, merging, receiving
from messaging.services.dispatch import send_one_due_message
from messaging.services.merging import CannotMerge, Decider, merge_leads
from messaging.services.outbound import queue_message
from messaging.services.receiving import receive_message
from project.kernel.scope import workspace_scope
from tests.concurrency.overtaking import overtake
from tests.properties.stage import Stage

DAVE = "+4915112345678"
"""Davi's other number."""


def meet_dave(stage: Stage) -> Conversation:
    conversation = stage.meet(DAVE, "Dave")
    says(stage, "before")
    return conversation


def says(stage: Stage, body: str) -> Message | None:
    with workspace_scope(stage.workspace):
        return receive_message(
            channel=stage.channel,
            identities=[(IdentityKind.PHONE, DAVE)],
            address=f"whatsapp:{DAVE}",
            provider_id=f"SM-{body}",
            body=body,
            at=stage.clock.now,
            now=stage.clock.now,
        )


def merges(stage: Stage, davi: Conversation, dave: Conversation) -> LeadMerge:
    with workspace_scope(stage.workspace):
        kept, gone = Lead.everything.get(pk=davi.lead_id), Lead.everything.get(pk=dave.lead_id)
        return merge_leads(kept=kept, gone=gone, reason="x", by=Decider(stage.people[1]), now=stage.clock.now)


def bodies(conversation: Conversation) -> list[str]:
    return list(Message.objects.filter(conversation=conversation).order_by("position").values_list("body", flat=True))


def test_a_webhook_that_waited_for_the_merge_lands_with_the_one_who_is_left(stage: Stage, davi: Conversation) -> None:
    dave = meet_dave(stage)
    merge, message = overtake(
        lambda: merges(stage, davi, dave), lambda: says(stage, "during"), asleep_before=(merging, "move_rows")
    )
    assert isinstance(merge, LeadMerge)
    assert message.conversation == davi
    assert message.lead_id == davi.lead_id
    assert bodies(davi) == ["before", "during"]
    assert not Message.objects.filter(lead=dave.lead_id).exists()


def test_a_webhook_that_found_its_lead_before_the_merge_goes_with_it(stage: Stage, davi: Conversation) -> None:
    dave = meet_dave(stage)
    message, merge = overtake(
        lambda: says(stage, "during"), lambda: merges(stage, davi, dave), asleep_before=(receiving, "open_conversation")
    )
    assert isinstance(merge, LeadMerge), merge
    assert message.conversation == davi
    assert message.lead_id == davi.lead_id
    assert Conversation.objects.get(pk=davi.pk).turn_due_at is not None
    assert Conversation.everything.get(pk=dave.pk).turn_due_at is None


def test_consent_given_while_the_merge_runs_counts_for_the_one_who_is_left(stage: Stage, davi: Conversation) -> None:
    dave = meet_dave(stage)

    def withdraws() -> Any:
        with workspace_scope(stage.workspace):
            return record_consent(
                lead=dave.lead,
                channel_kind="whatsapp_twilio",
                purposes=(Purpose.MARKETING,),
                state=ConsentState.WITHDRAWN,
                source="provider",
                proof="stop",
                now=stage.clock.now,
            )

    overtake(withdraws, lambda: merges(stage, davi, dave), asleep_before=(consents, "survivor_of"))
    assert Consent.objects.get().lead_id == davi.lead_id


def agent_queues(stage: Stage, conversation: Conversation) -> Message:
    with workspace_scope(stage.workspace):
        grant = grant_floor(conversation=conversation, agent=Agent.PRIMARY, reason="x", now=stage.clock.now)
        assert isinstance(grant, Grant)
        return queue_message(
            conversation=conversation, voice="ai", body="Hello", intent_key="k", grant=grant, now=stage.clock.now
        )


def test_a_message_that_is_being_claimed_stops_the_merge(stage: Stage, davi: Conversation) -> None:
    dave = meet_dave(stage)
    agent_queues(stage, dave)
    sent, merge = overtake(
        lambda: send_one_due_message(stage.clock.now),
        lambda: merges(stage, davi, dave),
        asleep_before=(dispatch, "_open_attempt"),
    )
    assert sent is True
    assert isinstance(merge, CannotMerge)
    assert Attempt.objects.get().lead_id == dave.lead_id


def test_a_send_during_the_merge_finds_nothing_of_whom_is_gone(stage: Stage, davi: Conversation) -> None:
    """The agent's word, whose lease ran out long ago, is withheld in the merge's own commit."""
    dave = meet_dave(stage)
    word = agent_queues(stage, dave)
    from messaging.models import Floor

    Floor.objects.filter(lead=dave.lead_id).update(expires_at=stage.clock.now - timedelta(days=9))
    merge, sent = overtake(
        lambda: merges(stage, davi, dave),
        lambda: send_one_due_message(stage.clock.now),
        asleep_before=(merging, "move_rows"),
    )
    assert isinstance(merge, LeadMerge), merge
    assert sent is False
    word.refresh_from_db()
    assert (word.status, word.conversation) == ("suppressed", davi)
    assert not Attempt.objects.exists()


def test_a_person_who_presses_send_during_the_merge_speaks_to_the_one_who_is_left(
    stage: Stage, davi: Conversation
) -> None:
    dave = meet_dave(stage)

    def bruno_says() -> Message:
        with workspace_scope(stage.workspace):
            return send_as_person(conversation=dave, user=stage.people[1], body="Hi", now=stage.clock.now)

    merge, word = overtake(lambda: merges(stage, davi, dave), bruno_says, asleep_before=(merging, "move_rows"))
    assert isinstance(merge, LeadMerge), merge
    assert (word.conversation, word.lead_id) == (davi, davi.lead_id)


def test_two_hands_that_merge_them_both_ways_merge_them_once(stage: Stage, davi: Conversation) -> None:
    dave = meet_dave(stage)
    first, second = overtake(
        lambda: merges(stage, davi, dave), lambda: merges(stage, dave, davi), asleep_before=(merging, "move_rows")
    )
    assert isinstance(first, LeadMerge)
    assert isinstance(second, CannotMerge)
    assert LeadMerge.objects.count() == 1
