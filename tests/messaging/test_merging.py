"""Two leads become one and can be parted again; nothing is lost, nobody speaks twice, the stricter word counts."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from agents.models import AgentState, Turn
from crm.access import access_lead
from crm.models import Activity, Consent, Hold, Identity, Lead, LeadMerge, MergeProposal, PeoplePolicy, TrailEntry
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services.consent import consent_state, record_consent
from crm.services.holds import holds_in_force, place_hold
from crm.services.leads import find_lead, find_or_create_lead
from handover.models import Handover
from messaging import floor
from messaging.access import access_conversation
from messaging.models import Attempt, Channel, Conversation, Message, ServiceWindow
from messaging.services.conversations import lock_conversation
from messaging.services.merging import (
    KEPT_IN_PLACE,
    CannotMerge,
    Decider,
    merge_leads,
    merge_one_due_proposal,
    undo_merge,
)
from messaging.services.moving import references_to
from messaging.services.receiving import receive_message
from project.kernel.scope import workspace_scope
from tests.cast import DAVIS_PHONE, NOON, Cast, gather_cast
from tests.one_of_each import fill, waiting_handover

pytestmark = pytest.mark.django_db

WHATSAPP, TELEGRAM = "whatsapp_twilio", "telegram"
MANY = 60


class Two:
    """Davi on WhatsApp and, not known to be the same person, dave on Telegram."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.telegram = Channel.objects.create(workspace=cast.acme, kind=TELEGRAM, name="Bot")
        self.words = 0
        self.says(cast.channel, (IdentityKind.PHONE, DAVIS_PHONE), "one", 0)
        self.says(self.telegram, (IdentityKind.TELEGRAM, "77"), "two", 1)
        self.says(cast.channel, (IdentityKind.PHONE, DAVIS_PHONE), "three", 2)
        self.says(self.telegram, (IdentityKind.TELEGRAM, "77"), "four", 3)

    def says(self, channel: Channel, name: Any, body: str, minutes: int) -> Message:
        self.words += 1
        at = NOON + timedelta(minutes=minutes)
        message = receive_message(
            channel=channel,
            identities=[name],
            address=f"address of {name[1]}",
            provider_id=f"in-{self.words}",
            body=body,
            at=at,
            now=at,
        )
        assert message is not None
        return message

    @property
    def davi(self) -> Lead:
        return Lead.everything.get(pk=self.cast.davi.pk)

    @property
    def dave(self) -> Lead:
        return Identity.objects.get(value="77").lead

    def conversation(self, lead: Lead) -> Conversation:
        return Conversation.everything.get(lead=lead)

    def merge(self, **changes: Any) -> LeadMerge:
        wanted = {"kept": self.davi, "gone": self.dave, "reason": "they said so", "by": Decider(self.cast.bruno)}
        return merge_leads(**{**wanted, **changes}, now=NOON + timedelta(minutes=10))

    def undo(self, merge: LeadMerge) -> LeadMerge:
        return undo_merge(merge=merge, user=self.cast.bruno, now=NOON + timedelta(minutes=20))

    def thread(self, lead: Lead) -> list[str]:
        return list(Message.objects.filter(conversation__lead=lead).order_by("position").values_list("body", flat=True))

    def allows(self, lead: Lead, state: ConsentState, *, minutes: int = 0, channel: str = WHATSAPP) -> None:
        record_consent(
            lead=lead,
            channel_kind=channel,
            purposes=(Purpose.MARKETING,),
            state=state,
            source="keyword",
            proof="words",
            now=NOON + timedelta(minutes=minutes),
        )


@pytest.fixture
def two() -> Any:
    cast = gather_cast()
    with workspace_scope(cast.acme):
        yield Two(cast)


class TestOneOfTwo:
    def test_the_thread_is_one_in_the_order_of_time_and_found_by_either_name(self, two: Two) -> None:
        gone = two.dave
        two.merge()
        assert two.thread(two.davi) == ["one", "two", "three", "four"]
        for name in ((IdentityKind.PHONE, DAVIS_PHONE), (IdentityKind.TELEGRAM, "77")):
            assert find_lead(workspace=two.cast.acme, identities=[name]) == two.davi
        assert not Lead.objects.filter(pk=gone.pk).exists()
        assert Conversation.objects.count() == 1

    def test_the_next_word_comes_after_all_of_them_and_is_answered_where_it_was_written(self, two: Two) -> None:
        two.merge()
        two.says(two.telegram, (IdentityKind.TELEGRAM, "77"), "five", 11)
        conversation = two.conversation(two.davi)
        assert two.thread(two.davi)[-1] == "five"
        assert conversation.channel == two.telegram
        assert ServiceWindow.objects.filter(conversation=conversation).count() == 2

    def test_what_waits_for_an_answer_goes_on_waiting(self, two: Two) -> None:
        Conversation.objects.filter(lead=two.davi).update(turn_due_at=None, unanswered_since=None)
        two.merge()
        conversation = two.conversation(two.davi)
        assert conversation.turn_due_at is not None
        assert conversation.unanswered_since == NOON + timedelta(minutes=1)
        assert conversation.last_preview == "four"

    def test_old_links_lead_to_the_one_who_is_left(self, two: Two) -> None:
        gone, conversation = two.dave, two.conversation(two.dave)
        two.merge()
        ana = two.cast.ana
        assert access_lead(ana, two.cast.acme, gone.pk) == two.davi
        assert access_conversation(ana, two.cast.acme, conversation.pk) == two.conversation(two.davi)
        assert lock_conversation(conversation) == two.conversation(two.davi)

    def test_the_trail_tells_it_and_holds_both_pasts(self, two: Two) -> None:
        gone = two.dave
        two.merge()
        assert not TrailEntry.objects.filter(lead=gone).exists()
        told = TrailEntry.objects.get(lead=two.davi, kind="lead.merged")
        assert "Bruno merged" in told.reason
        assert "they said so" in told.reason

    def test_empty_fields_are_filled_and_written_ones_stay(self, two: Two) -> None:
        Lead.objects.filter(pk=two.dave.pk).update(name="Dave", company="Dave & Co", is_vip=True)
        merge = two.merge()
        assert (two.davi.name, two.davi.company, two.davi.is_vip) == ("Davi", "Dave & Co", True)
        two.undo(merge)
        assert (two.davi.name, two.davi.company, two.davi.is_vip) == ("Davi", "", False)

    def test_the_one_with_a_conversation_is_kept(self, two: Two) -> None:
        silent = find_or_create_lead(
            workspace=two.cast.acme, identities=[(IdentityKind.EMAIL, "d@x.test")], name="D", now=NOON
        )
        merge = two.merge(kept=silent, gone=two.davi)
        assert (merge.kept, merge.gone) == (two.davi, silent)


class TestRefusals:
    def test_an_agent_at_work_is_not_disturbed(self, two: Two) -> None:
        for lead in (two.davi, two.dave):
            floor.acquire(workspace_id=lead.workspace_id, lead_id=lead.pk, holder="primary")
            with pytest.raises(CannotMerge, match="An agent is speaking"):
                two.merge()
            floor.clear(lead_id=lead.pk)
        two.merge()

    def test_a_person_may_hold_the_one_who_is_kept_and_not_the_other(self, two: Two) -> None:
        floor.take_over(workspace_id=two.cast.acme.pk, lead_id=two.dave.pk, user_id=two.cast.bruno.pk)
        with pytest.raises(CannotMerge, match="Bruno holds the conversation"):
            two.merge()
        two.merge(kept=two.dave, gone=two.davi)
        current = floor.current_floor(two.dave.pk)
        assert current is not None
        assert current.holder == "human"

    def test_nothing_moves_under_a_message_in_flight(self, two: Two) -> None:
        message = queued(two, two.dave, voice="ai")
        Attempt.objects.create(
            workspace=two.cast.acme, lead=two.dave, message=message, number=1, epoch=1, state="calling",
            started_at=NOON, deadline_at=NOON,
        )  # fmt: skip
        with pytest.raises(CannotMerge, match="on its way"):
            two.merge()

    def test_a_persons_words_are_never_lost_by_it_and_an_agents_are_withheld(self, two: Two) -> None:
        word = queued(two, two.dave, voice="human", author=two.cast.bruno)
        with pytest.raises(CannotMerge, match="Words of Bruno"):
            two.merge()
        Message.objects.filter(pk=word.pk).update(voice="ai", author=None)
        two.merge()
        word.refresh_from_db()
        assert (word.status, word.verdict["code"], word.lead) == ("suppressed", "merged", two.davi)

    def test_who_is_thought_about_is_left_alone(self, two: Two) -> None:
        Turn.objects.create(
            workspace=two.cast.acme, lead=two.dave, conversation=two.conversation(two.dave), state="taken",
            opened_at=NOON, due_at=NOON, claimed_until=NOON, newest=Message.objects.get(body="four"),
        )  # fmt: skip
        with pytest.raises(CannotMerge, match="agents are at work"):
            two.merge()

    def test_nobody_is_merged_twice_or_with_themselves_or_with_a_stranger(self, two: Two) -> None:
        gone = two.dave
        with pytest.raises(CannotMerge, match="same lead"):
            two.merge(gone=two.davi)
        two.merge()
        with pytest.raises(CannotMerge, match="before"):
            two.merge(gone=Lead.everything.get(pk=gone.pk))
        with workspace_scope(two.cast.other):
            stranger = find_or_create_lead(
                workspace=two.cast.other, identities=[(IdentityKind.PHONE, DAVIS_PHONE)], now=NOON
            )
        with pytest.raises(CannotMerge, match="different workspaces"):
            two.merge(gone=stranger)


class TestConsent:
    @pytest.mark.parametrize(("first", "second"), [(0, 5), (5, 0)])
    @pytest.mark.parametrize("who_refused", ["davi", "dave"])
    def test_the_strictest_wins_whoever_said_it_and_whenever(
        self, two: Two, who_refused: str, first: int, second: int
    ) -> None:
        refused = getattr(two, who_refused)
        agreed = two.dave if who_refused == "davi" else two.davi
        two.allows(refused, ConsentState.WITHDRAWN, minutes=first)
        two.allows(agreed, ConsentState.GRANTED, minutes=second)
        merge = two.merge()
        assert consent_state(two.davi.pk, WHATSAPP, Purpose.MARKETING) == "withdrawn"
        assert "unsubscribed" in holds_in_force(two.davi.pk, NOON)
        two.undo(merge)
        for lead, state in ((refused, "withdrawn"), (agreed, "granted")):
            assert consent_state(lead.pk, WHATSAPP, Purpose.MARKETING) == state

    def test_undoing_releases_no_hold_that_was_there_before(self, two: Two) -> None:
        two.allows(two.davi, ConsentState.WITHDRAWN, channel=TELEGRAM)
        Consent.objects.create(
            workspace=two.cast.acme, lead=two.davi, channel_kind=WHATSAPP, purpose="marketing", state="granted",
            source="x", at=NOON,
        )  # fmt: skip
        two.allows(two.dave, ConsentState.WITHDRAWN, minutes=-5)
        two.undo(two.merge())
        assert consent_state(two.davi.pk, WHATSAPP, Purpose.MARKETING) == "granted"
        assert holds_in_force(two.davi.pk, NOON + timedelta(hours=25)) == ["unsubscribed"]

    def test_what_only_one_of_them_said_stands(self, two: Two) -> None:
        two.allows(two.dave, ConsentState.GRANTED, channel=TELEGRAM)
        two.merge()
        assert consent_state(two.davi.pk, TELEGRAM, Purpose.MARKETING) == "granted"
        assert not Consent.objects.filter(source="merge").exists()

    def test_the_longer_hold_counts(self, two: Two) -> None:
        for lead, hours in ((two.davi, 2), (two.dave, 30)):
            Hold.objects.filter(lead=lead).delete()
            place_hold(lead=lead, kind="in_conversation", reason="x", until=NOON + timedelta(hours=hours), now=NOON)
        two.merge()
        assert holds_in_force(two.davi.pk, NOON + timedelta(hours=29)) == ["in_conversation"]


class TestHandovers:
    def test_of_two_requests_for_a_person_the_older_goes_on(self, two: Two) -> None:
        older = waiting_handover(two.cast)
        newer = Handover.objects.create(
            workspace=two.cast.acme, lead=two.dave, conversation=two.conversation(two.dave), trigger="explicit_request",
            reason="r", request="q", requested_at=NOON + timedelta(minutes=1),
        )  # fmt: skip
        two.merge()
        older.refresh_from_db()
        newer.refresh_from_db()
        assert (older.state, newer.state) == ("waiting", "renewed")
        assert newer.lead == two.davi
        assert states(two.davi)["monitor"] == "ACTIVE"

    def test_a_request_that_moves_brings_its_states_along_and_takes_them_back(self, two: Two) -> None:
        gone = two.dave
        Handover.objects.create(
            workspace=two.cast.acme, lead=gone, conversation=two.conversation(gone), trigger="explicit_request",
            reason="r", request="q", requested_at=NOON,
        )  # fmt: skip
        merge = two.merge()
        assert states(two.davi) == {"primary": "HANDOVER", "monitor": "ACTIVE"}
        two.undo(merge)
        assert states(two.davi) == {"primary": "ACTIVE", "monitor": "STANDBY"}
        assert states(gone)["primary"] == "HANDOVER"
        assert Handover.objects.get().lead == gone


class TestUndoing:
    def test_both_are_as_they_were(self, two: Two) -> None:
        before = picture(two.davi), picture(two.dave)
        gone = two.dave
        merge = two.merge()
        assert picture(gone) != before[1]
        two.undo(merge)
        assert (picture(two.davi), picture(gone)) == before
        assert (two.thread(two.davi), two.thread(gone)) == (["one", "three"], ["two", "four"])
        assert find_lead(workspace=two.cast.acme, identities=[(IdentityKind.TELEGRAM, "77")]) == gone
        assert Conversation.objects.count() == 2

    def test_what_came_since_stays_where_it_came(self, two: Two) -> None:
        gone = two.dave
        merge = two.merge()
        two.says(two.telegram, (IdentityKind.TELEGRAM, "77"), "five", 12)
        two.undo(merge)
        assert two.thread(two.davi) == ["one", "three", "five"]
        two.says(two.telegram, (IdentityKind.TELEGRAM, "77"), "six", 21)
        assert two.thread(gone) == ["two", "four", "six"]

    def test_what_was_moved_on_by_hand_stays_with_whom_it_was_given(self, two: Two) -> None:
        merge = two.merge()
        third = Lead.objects.create(workspace=two.cast.acme, name="Third")
        Identity.objects.filter(value="77").update(lead=third)
        two.undo(merge)
        assert two.dave == third

    def test_only_once_and_only_while_nothing_is_under_way(self, two: Two) -> None:
        merge = two.merge()
        floor.acquire(workspace_id=two.cast.acme.pk, lead_id=two.davi.pk, holder="bridge")
        with pytest.raises(CannotMerge, match="An agent is speaking"):
            two.undo(merge)
        floor.clear(lead_id=two.davi.pk)
        two.undo(merge)
        with pytest.raises(CannotMerge, match="undone before"):
            two.undo(merge)

    def test_merges_in_a_row_are_undone_from_the_last(self, two: Two) -> None:
        gone = two.dave
        first = two.merge()
        third = find_or_create_lead(workspace=two.cast.acme, identities=[(IdentityKind.PHONE, "+4930123456")], now=NOON)
        two.says(two.cast.channel, (IdentityKind.PHONE, "+4930123456"), "five", 5)
        second = two.merge(kept=third, gone=two.davi)
        assert Lead.everything.get(pk=gone.pk).merged_into == third
        assert two.thread(third) == ["one", "two", "three", "four", "five"]
        with pytest.raises(CannotMerge, match="undo that first"):
            two.undo(first)
        two.undo(second)
        two.undo(first)
        assert two.thread(gone) == ["two", "four"]
        assert two.thread(third) == ["five"]


class TestTheRule:
    def both_named(self, two: Two) -> None:
        """One webhook bears both names: Davi shared his contact."""
        receive_message(
            channel=two.telegram,
            identities=[(IdentityKind.TELEGRAM, "77"), (IdentityKind.PHONE, DAVIS_PHONE)],
            address="77",
            provider_id="contact",
            body="",
            at=NOON,
            now=NOON,
        )

    def test_a_message_merges_nobody_and_proposes_it_once(self, two: Two) -> None:
        self.both_named(two)
        self.both_named(two)
        assert MergeProposal.objects.get().due_at is None
        assert Lead.objects.count() == 2
        assert not merge_one_due_proposal(NOON + timedelta(days=1))
        assert TrailEntry.objects.filter(kind="lead.merge_proposed").count() == 2

    def test_the_workspaces_rule_merges_what_is_free_and_waits_for_what_is_not(self, two: Two) -> None:
        PeoplePolicy.objects.create(workspace=two.cast.acme, merges_by_rule=True)
        self.both_named(two)
        grant = floor.acquire(workspace_id=two.cast.acme.pk, lead_id=two.davi.pk, holder="primary")
        assert merge_one_due_proposal(NOON)
        assert Lead.objects.count() == 2
        assert not merge_one_due_proposal(NOON)
        assert floor.release(grant)
        assert merge_one_due_proposal(NOON + timedelta(minutes=3))
        assert Lead.objects.count() == 1
        assert MergeProposal.objects.get().settled_as == "merged"
        assert LeadMerge.objects.get().actor == "the rule"

    def test_what_a_person_undid_the_rule_does_not_do_again(self, two: Two) -> None:
        PeoplePolicy.objects.create(workspace=two.cast.acme, merges_by_rule=True)
        two.undo(two.merge())
        self.both_named(two)
        assert not merge_one_due_proposal(NOON + timedelta(days=1))


def test_every_table_that_points_to_a_lead_or_a_conversation_follows_it(two: Two) -> None:
    """A table that is added tomorrow included: nobody has to remember it."""
    gone = two.dave
    with workspace_scope(two.cast.acme):
        Message.objects.all().delete()
        Hold.objects.all().delete()
        ServiceWindow.objects.all().delete()
        fill(two.cast)
    floor.clear(lead_id=two.cast.davi.pk)
    merge = two.merge(kept=gone, gone=two.davi)
    left = {
        column
        for target, row in ((Lead, two.cast.davi), (Conversation, two.cast.conversation))
        for column, model, name in references_to(target)
        if model._base_manager.filter(**{name: row.pk}).exists()
    }
    assert left <= KEPT_IN_PLACE
    assert {"crm.Activity.lead", "agents.Turn.conversation", "handover.Booking.lead"} <= set(merge.moved)
    assert Activity.objects.get().lead == gone


def test_the_columns_that_must_not_be_moved_exist(two: Two) -> None:
    for column in KEPT_IN_PLACE:
        label, _, field = column.rpartition(".")
        apps.get_model(label)._meta.get_field(field)


def test_a_long_thread_is_interleaved_and_parted(two: Two) -> None:
    for number in range(MANY):
        name = (IdentityKind.PHONE, DAVIS_PHONE) if number % 3 else (IdentityKind.TELEGRAM, "77")
        two.says(two.cast.channel if number % 3 else two.telegram, name, f"n{number}", 4 + number)
    gone = two.dave
    threads = two.thread(two.davi), two.thread(gone)
    merge = two.merge()
    assert two.thread(two.davi) == ["one", "two", "three", "four", *(f"n{number}" for number in range(MANY))]
    two.undo(merge)
    assert (two.thread(two.davi), two.thread(gone)) == threads


def queued(two: Two, lead: Lead, **fields: Any) -> Message:
    return Message.objects.create(
        **{
            "workspace": two.cast.acme, "lead": lead, "conversation": two.conversation(lead), "channel": two.telegram,
            "direction": "out", "body": "hello", "status": "queued", "position": 900, "seq": 900, "at": NOON,
            "due_at": NOON + timedelta(days=1), "intent_key": "q", "epoch": 1, "priority": 2, **fields,
        }
    )  # fmt: skip


def states(lead: Lead) -> dict[str, str]:
    return dict(AgentState.objects.filter(lead=lead, agent__in=["primary", "monitor"]).values_list("agent", "state"))


def picture(lead: Lead) -> list[Any]:
    """How many rows of each kind point to the lead and its conversation, but for what tells of the merge."""
    conversation = Conversation.everything.get(lead=lead)
    told = {"crm.TrailEntry.lead", "crm.LeadMerge.kept", "crm.LeadMerge.gone", "agents.AgentState.lead"}
    told |= {"crm.MergeProposal.first", "crm.MergeProposal.second", "agents.AgentMessage.lead"}
    return [
        (column, model._base_manager.filter(**{name: row.pk}).count())
        for target, row in ((Lead, lead), (Conversation, conversation))
        for column, model, name in references_to(target)
        if column not in told
    ]
