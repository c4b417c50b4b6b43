"""Two leads who became one audit clean, and so do the two that they are again."""

from crm.models import Lead
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import record_consent
from messaging import floor
from messaging.floor import Grant
from messaging.models import Conversation
from messaging.services.merging import Decider, merge_leads, undo_merge
from messaging.services.outbound import queue_message
from project.kernel.scope import workspace_scope
from tests.analytics.test_journeys_audited import broken_promises
from tests.cast import DAVIS_PHONE
from tests.journeys.world import World

OTHER = "+5511900000001"


def lead_of(phone: str) -> Lead:
    return Lead.everything.get(identities__value=phone)


def says_yes_or_no(world: World, phone: str, state: ConsentState) -> None:
    record_consent(
        lead=lead_of(phone), channel_kind="whatsapp_twilio", purposes=(Purpose.MARKETING,), state=state, source="page",
        proof="x", now=world.now,
    )  # fmt: skip


def advertises(world: World, phone: str) -> None:
    lead = lead_of(phone)
    lead.holds.all().delete()
    grant = floor.acquire(workspace_id=world.acme.pk, lead_id=lead.pk, holder="marketing")
    assert isinstance(grant, Grant)
    queue_message(
        conversation=Conversation.objects.get(lead=lead), voice="marketing", body="News", intent_key="news",
        grant=grant, now=world.now, purpose="marketing",
    )  # fmt: skip


def test_what_was_rightly_done_to_each_of_two_is_right_when_they_are_one(world: World) -> None:
    """One was advertised to and talked to by an agent; the other said no, and was taken over by a person."""
    for number in range(3):
        world.davi_says(f"What does it cost, {number}?")
    world.davi_says("Hello", phone=OTHER)
    with workspace_scope(world.acme):
        says_yes_or_no(world, DAVIS_PHONE, ConsentState.GRANTED)
        says_yes_or_no(world, OTHER, ConsentState.WITHDRAWN)
        other = Conversation.objects.get(lead=lead_of(OTHER))
        floor.take_over(workspace_id=world.acme.pk, lead_id=other.lead_id, user_id=world.bruno.pk)
        floor.clear(lead_id=other.lead_id)
    world.wait(days=2)
    with workspace_scope(world.acme):
        advertises(world, DAVIS_PHONE)
    world.wait(minutes=10)
    assert broken_promises(world) == {}
    with workspace_scope(world.acme):
        kept, gone = lead_of(DAVIS_PHONE), lead_of(OTHER)
        merge = merge_leads(kept=kept, gone=gone, reason="x", by=Decider(world.bruno), now=world.now)
    world.wait(minutes=10)
    assert broken_promises(world) == {}
    world.davi_says("And now?", phone=OTHER)
    world.wait(minutes=10)
    assert broken_promises(world) == {}
    with workspace_scope(world.acme):
        undo_merge(merge=merge, user=world.bruno, now=world.now)
    world.wait(minutes=10)
    assert broken_promises(world) == {}
