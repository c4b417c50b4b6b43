"""Facts in a conversation: learned after the reply, merged with their source, never over a person's word."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from agents.models import Extraction, LeadFact, LeadScore, LeadTag
from agents.primary import turns
from agents.qualification import extraction
from agents.qualification.corrections import correct_fact, correct_lead, tag_lead, untag_lead
from agents.qualification.planning import why_extract
from agents.qualification.scoring import rescore_workspace
from crm.models import Identity, Lead
from crm.services.activity import record_activity
from messaging.services.inbox import apply_one_due_event
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces, workspace_scope
from tests.journeys.world import World


def facts(world: World, **filters: Any) -> dict[str, str]:
    with workspace_scope(world.acme):
        current = LeadFact.objects.filter(superseded_at=None, **filters)
        return dict(current.values_list("field", "value"))


def history(world: World, field: str) -> list[tuple[str, str, bool]]:
    with workspace_scope(world.acme):
        rows = LeadFact.objects.filter(field=field).order_by("id")
        return [(row.value, row.source, row.superseded_at is None) for row in rows]


def lead(world: World) -> Lead:
    with workspace_scope(world.acme):
        return Lead.objects.get()


@pytest.mark.parametrize(
    ("unread", "intent", "text", "why"),
    [
        (5, "small_talk", "ok", "5 messages since the last look"),
        (4, "small_talk", "ok", ""),
        (1, "pricing", "how much", "an opportunity: pricing"),
        (1, "", "my name is Davi Souza", "the customer said something about themselves"),
        (0, "pricing", "my name is Davi Souza", ""),
    ],
)
def test_when_a_conversation_is_read(unread: int, intent: str, text: str, why: str) -> None:
    assert why_extract(unread=unread, intent=intent, text=text) == why


def test_what_the_customer_says_is_learned_with_the_message_that_said_so(world: World) -> None:
    world.davi_says("My name is Davi Souza and I work at Prado Clinics. Mail: davi@prado.com")
    assert facts(world)["company"] == "Prado Clinics"
    with workspace_scope(world.acme):
        fact = LeadFact.objects.get(field="company")
        assert (fact.source, fact.message, fact.words) == ("offline", world.messages(direction="in")[0], fact.words)
        assert "Prado Clinics" in fact.words
    assert lead(world).company == "Prado Clinics"
    [learned] = world.trail("lead.learned")
    assert "company Prado Clinics" in learned.reason
    assert learned.facts["tier"] == "offline"


def test_the_reply_is_queued_before_anything_is_read(world: World) -> None:
    world.davi_writes("Hello, my name is Davi Souza")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    assert world.messages(direction="out")
    assert facts(world) == {}
    with workspace_scope(world.acme):
        assert Extraction.objects.get().state == "waiting"
    world.settle()
    assert facts(world)["full_name"] == "Davi Souza"


def test_five_messages_are_read_although_nothing_stood_out(world: World) -> None:
    for number in range(5):
        world.davi_says(f"ok {number}")
    with workspace_scope(world.acme):
        [row] = Extraction.objects.all()
    assert (row.state, row.why) == ("done", "5 messages since the last look")
    assert row.read_to == world.messages(direction="in")[-1].position


def test_addresses_are_facts_to_confirm_and_never_identities(world: World) -> None:
    world.davi_says("write to davi@prado.com or call +55 21 98877-1200")
    assert facts(world)["email"] == "davi@prado.com"
    assert lead(world).email == ""
    with workspace_scope(world.acme):
        assert not Identity.objects.filter(value__in=["davi@prado.com", "+5521988771200"]).exists()
        correct_fact(lead=lead(world), field="email", value="davi@prado.com", user=world.bruno, now=world.now)
    assert lead(world).email == "davi@prado.com"
    assert world.trail("lead.fact_corrected")[-1].reason == "Bruno confirmed the e-mail: davi@prado.com."


def test_a_later_word_replaces_an_earlier_one_and_the_history_stays(world: World) -> None:
    world.davi_says("our company is called Prado")
    world.davi_says("sorry, our company is called Sol Nascente")
    assert history(world, "company") == [("Prado", "offline", False), ("Sol Nascente", "offline", True)]
    assert lead(world).company == "Sol Nascente"
    assert "(before: Prado)" in world.trail("lead.learned")[-1].reason


def test_a_persons_word_wins_whatever_is_said_later(world: World) -> None:
    world.davi_says("our company is called Prado")
    with workspace_scope(world.acme):
        correct_fact(lead=lead(world), field="company", value="Prado Clínicas Ltda", user=world.bruno, now=world.now)
    world.davi_says("our company is called Sol")
    assert facts(world)["company"] == lead(world).company == "Prado Clínicas Ltda"
    assert history(world, "company")[-1] == ("Sol", "offline", False)
    world.davi_says("our company is called Sol")
    assert len(history(world, "company")) == 3


def test_what_a_person_took_away_stays_away(world: World) -> None:
    world.davi_says("our company is called Prado")
    with workspace_scope(world.acme):
        correct_fact(lead=lead(world), field="company", value="", user=world.bruno, now=world.now)
    assert lead(world).company == ""
    world.davi_says("our company is called Prado")
    assert (facts(world)["company"], lead(world).company) == ("", "")


def test_a_change_of_the_profile_is_a_persons_word_as_well(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        correct_lead(lead=lead(world), changes={"company": "Acme", "is_vip": True}, user=world.bruno, now=world.now)
    world.davi_says("our company is called Prado")
    assert lead(world).company == facts(world)["company"] == "Acme"


def test_a_column_that_somebody_else_filled_is_left_alone(world: World) -> None:
    world.davi_says("Hello", ProfileName="Davi")
    assert lead(world).name == "Davi"
    world.davi_says("my name is Davi Souza")
    assert lead(world).name == "Davi"
    assert facts(world)["full_name"] == "Davi Souza"


def test_wrong_values_are_refused_and_change_nothing(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        for field, value in (("email", "x"), ("shoe_size", "44"), ("urgency", "very")):
            with pytest.raises(WrongValues):
                correct_fact(lead=lead(world), field=field, value=value, user=world.bruno, now=world.now)
    assert facts(world) == {}


def test_tags_come_from_facts_and_stay_away_once_taken_away(world: World) -> None:
    world.davi_says("we run a dental clinic")
    with workspace_scope(world.acme):
        assert list(LeadTag.objects.values_list("name", flat=True)) == ["healthcare"]
        assert untag_lead(lead=lead(world), name="healthcare", user=world.bruno, now=world.now)
        assert not untag_lead(lead=lead(world), name="healthcare", user=world.bruno, now=world.now)
    world.davi_says("as I said, we run a dental clinic")
    with workspace_scope(world.acme):
        assert not LeadTag.objects.filter(removed_at=None).exists()
        tag_lead(lead=lead(world), name="Key account", user=world.bruno, now=world.now)
        assert LeadTag.objects.get(removed_at=None).name == "key-account"


def test_a_failing_reading_is_tried_five_times_and_parked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no extractor")

    monkeypatch.setattr(extraction, "extract_offline", broken)
    world.davi_says("my name is Davi Souza")
    for _ in range(5):
        world.wait(minutes=3)
    with workspace_scope(world.acme):
        row = Extraction.objects.get()
    assert (row.state, row.attempts_made) == ("parked", 5)
    assert row.error == "RuntimeError: no extractor"


def test_a_worker_that_slept_past_its_lease_records_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "LEASE", timedelta(seconds=-1))
    world.davi_writes("my name is Davi Souza")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    with across_workspaces():
        sleeper = extraction._claim(world.now)
        waker = extraction._claim(world.now)
    assert sleeper and waker and waker.attempts_made == 2
    with workspace_scope(world.acme):
        extraction._extract(sleeper, world.now)
        assert facts(world) == {}
        extraction._extract(waker, world.now)
    assert facts(world)["full_name"] == "Davi Souza"


def test_one_extraction_is_open_at_a_time(world: World) -> None:
    world.davi_writes("my name is Davi Souza")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    with workspace_scope(world.acme), pytest.raises(IntegrityError), transaction.atomic():
        twin = Extraction.objects.get()
        twin.pk = None
        twin.save(force_insert=True)


def test_scores_follow_what_happens_and_age(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("How much does it cost? My budget is R$ 5.000")
    with workspace_scope(world.acme):
        score = LeadScore.objects.get()
        assert score.engagement == 20  # replies alone: 5 of 25
        assert ["asked about the price", 20] in score.parts["intent"]
        assert ["named a budget", 15] in score.parts["intent"]
        record_activity(lead=score.lead, kind="referral_made", key="r", now=world.now)
    world.wait(days=1, minutes=1)
    with workspace_scope(world.acme):
        assert LeadScore.objects.get().engagement == round(100 * 30 / 50)
    world.wait(days=31)
    with workspace_scope(world.acme):
        aged = LeadScore.objects.get()
    assert (aged.engagement, aged.due_at) == (0, None)
    assert aged.intent == 15  # the budget is still known


def test_all_leads_are_rescored_in_as_many_statements_as_one(world: World, django_assert_max_num_queries: Any) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        Lead.objects.bulk_create([Lead(workspace=world.acme, name=f"Lead {n}", company="X") for n in range(30)])
        with django_assert_max_num_queries(14):
            assert rescore_workspace(workspace=world.acme, now=world.now) == 31
        assert LeadScore.objects.filter(fit=25).count() == 30


def test_the_installations_own_talk_is_not_read(world: World) -> None:
    world.acme.is_internal = True
    world.acme.save(update_fields=["is_internal"])
    world.davi_says("my name is Davi Souza")
    with across_workspaces():
        assert not Extraction.objects.exists()
        assert not LeadScore.objects.exists()


def test_no_more_are_read_at_once_than_there_are_seats(world: World) -> None:
    world.davi_writes("my name is Davi Souza")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    for _ in range(extraction.SEATS):
        assert extraction._reading.acquire(blocking=False)
    try:
        assert not extraction.extract_one_due(world.now)
    finally:
        for _ in range(extraction.SEATS):
            extraction._reading.release()
    assert extraction.extract_one_due(world.now)
