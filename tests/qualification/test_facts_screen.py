"""The panel of what is known, and the trail of a turn: shown, changed, and closed to those who may not."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import KnowledgeEntry, LeadFact, LeadScore, LeadTag, Turn, TurnQuality
from crm.services.trail import record_decision
from messaging.models import Message
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.commands import run, run_json
from tests.inbox.api import Caller
from tests.inbox.screens import HTMX, Screens, open_screens, text_of
from tests.inbox.seed import say

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    screens = open_screens()
    with workspace_scope(screens.cast.acme):
        said = say(screens.cast.conversation, "customer", "our company is called Prado", clock.now())
        know(screens, "company", "Prado", message=said, words="our company is called Prado")
        LeadScore.objects.create(
            workspace=screens.cast.acme,
            lead=screens.cast.davi,
            fit=20,
            parts={"fit": [["company known", 20]]},
            computed_at=clock.now(),
        )
    return screens


def know(screens: Screens, field: str, value: str, **changes: Any) -> LeadFact:
    usual = {"source": "offline", "confidence": 0.8, "at": clock.now()}
    return LeadFact.objects.create(
        workspace=screens.cast.acme, lead=screens.cast.davi, field=field, value=value, **(usual | changes)
    )


def current(screens: Screens, field: str) -> LeadFact:
    with workspace_scope(screens.cast.acme):
        return LeadFact.objects.get(field=field, superseded_at=None)


def test_each_fact_shows_who_says_so_and_with_which_words(screens: Screens) -> None:
    page = screens.bruno.get(screens.thread)
    text = text_of(page)
    assert "our company is called Prado" in text
    assert "read from the words, sure" in text
    assert "company known +20" in text
    assert f'href="#m-{current(screens, "company").message_id}"' in page.content.decode()


def test_a_person_corrects_a_fact_and_is_named(screens: Screens) -> None:
    answer = screens.bruno.post(screens.thread + "facts/", {"field": "company", "value": "Prado Ltda"}, headers=HTMX)
    assert "by a person" in text_of(answer)
    assert "by Bruno" in text_of(answer)
    assert (current(screens, "company").value, current(screens, "company").user) == ("Prado Ltda", screens.cast.bruno)


def test_without_javascript_the_page_comes_back(screens: Screens) -> None:
    answer = screens.bruno.post(screens.thread + "facts/", {"field": "budget", "value": "R$ 5"}, follow=True)
    assert "R$ 5" in text_of(answer)
    wrong = screens.bruno.post(screens.thread + "facts/", {"field": "email", "value": "x"}, follow=True)
    assert "is not an e-mail address" in text_of(wrong)


def test_a_wrong_value_is_refused_with_the_reason(screens: Screens) -> None:
    answer = screens.bruno.post(screens.thread + "facts/", {"field": "email", "value": "x\0"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Email “x” is not an e-mail address" in text_of(answer)


def test_tags_are_added_and_taken_away(screens: Screens) -> None:
    assert "vip-dental" in text_of(screens.bruno.post(screens.thread + "tags/", {"tag": "VIP dental"}, headers=HTMX))
    gone = screens.bruno.post(screens.thread + "tags/remove/", {"tag": "vip-dental"}, headers=HTMX)
    assert "vip-dental" not in text_of(gone)
    with workspace_scope(screens.cast.acme):
        assert LeadTag.objects.get().removed_at is not None


@pytest.mark.parametrize("place", ["facts/", "tags/", "tags/remove/"])
def test_strangers_find_nothing_and_viewers_change_nothing(screens: Screens, place: str) -> None:
    sent = {"field": "company", "value": "X", "tag": "x"}
    assert screens.clara.post(screens.thread + place, sent).status_code == 404
    assert screens.vera.post(screens.thread + place, sent).status_code == 403
    assert current(screens, "company").value == "Prado"


def test_many_facts_cost_no_more_queries_than_few(screens: Screens) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        screens.bruno.get(screens.thread)
    with workspace_scope(screens.cast.acme):
        for number, field in enumerate(("full_name", "budget", "industry", "email", "phone", "urgency")):
            know(screens, field, f"value {number}", source="person", user=screens.cast.bruno)
            know(screens, field, f"before {number}", superseded_at=clock.now())
    with CaptureQueriesContext(connection) as many:
        screens.bruno.get(screens.thread)
    assert len(many) <= len(few)


def told_turn(screens: Screens, **analysis: Any) -> None:
    cast, now = screens.cast, clock.now()
    with workspace_scope(cast.acme):
        KnowledgeEntry.objects.create(workspace=cast.acme, question="Prices 2026", answer="R$ 89")
        newest = Message.objects.filter(direction="in").first()
        reply = say(cast.conversation, "ai", "It is R$ 89.", now, verdict={"outcome": "allow", "reason": ""})
        turn = Turn.objects.create(
            workspace=cast.acme,
            lead=cast.davi,
            conversation=cast.conversation,
            state="done",
            opened_at=now,
            due_at=now,
            finished_at=now,
            newest=newest,
            decision="reply",
            analysis=analysis,
            reply=reply,
        )
        TurnQuality.objects.create(workspace=cast.acme, turn=turn, step="reply", flaws=["a promise"], at=now)
        record_decision(
            lead=cast.davi, actor="primary", kind="turn.decided", reason="Answered: a price.", now=now, turn=turn.pk
        )


def test_the_trail_of_a_turn_tells_what_was_read_thought_and_spent(screens: Screens) -> None:
    told_turn(
        screens,
        tier="crew",
        intent="purchase_intent",
        sentiment=0.5,
        summary="Wants to buy.",
        cited=[7],
        sources=[[7, "Prices 2026"], [8, "Opening hours"]],
        said="how much?",
        messages=3,
        action="reply",
        advice="It is in the knowledge.",
        drafts=["It is about R$ 90.", "It is R$ 89."],
        tools=[{"name": "check_stock", "outcome": "3 left"}],
        guardrails=[{"rule": "grounded", "verdict": "repaired"}],
        usage={"calls": 2, "prompt_tokens": 900, "completion_tokens": 100, "seconds": 1.25},
        cost=0.0123,
        router_ms=0.7,
    )
    page = text_of(screens.bruno.get(screens.thread))
    for words in (
        "“how much?”",
        "with the 3 latest messages",
        "purchase intent, sounds pleased",
        "The model read it.",
        "Prices 2026 (used) Opening hours",
        "check_stock: 3 left",
        "grounded: repaired",
        "“It is about R$ 90.” “It is R$ 89.” (as it was said)",
        "The gate said allow",
        "A promise",
        "2 calls of the model, 1000 tokens, 1.2 s",
        "Cost 0.0123",
        "router ms 0.7",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    "analysis", [{}, {"tier": 5, "cited": "x", "sources": [1, []], "usage": [], "drafts": {"a": 1}}]
)
def test_a_turn_of_any_shape_is_shown(screens: Screens, analysis: dict[str, Any]) -> None:
    told_turn(screens, **analysis)
    assert "Answered: a price." in text_of(screens.bruno.get(screens.thread))


def test_the_trail_reads_all_its_turns_at_once(screens: Screens) -> None:
    told_turn(screens, tier="crew")
    with CaptureQueriesContext(connection) as few:
        screens.bruno.get(screens.thread + "trail/")
    for _ in range(5):
        told_turn(screens, tier="crew")
    with CaptureQueriesContext(connection) as many:
        screens.bruno.get(screens.thread + "trail/")
    assert len(many) <= len(few)


def test_the_api_tells_and_corrects(screens: Screens) -> None:
    bruno = Caller(screens.cast.bruno)
    place = f"leads/{screens.cast.davi.pk}/"
    known = bruno.get(place + "facts/")
    assert (known["facts"][0]["value"], known["facts"][0]["is_current"]) == ("Prado", True)
    assert known["scores"]["parts"]["fit"] == [["company known", 20]]
    changed = bruno.post(place + "facts/", {"field": "email", "value": "Davi@Prado.com"})
    assert changed["facts"][0]["value"] == "davi@prado.com"
    assert bruno.get(place)["email"] == "davi@prado.com"
    assert bruno.post(place + "tags/", {"name": "Hot"})["tags"] == ["hot"]
    assert bruno._answer(bruno.client.delete(f"/api/v1/{place}tags/hot/"), 200)["tags"] == []
    assert bruno._answer(bruno.client.delete(f"/api/v1/{place}tags/hot/"), 404)
    wrong = bruno.post(place + "facts/", {"field": "email", "value": "x"}, expect=400)
    assert "is not an e-mail address" in str(wrong["fields"])
    assert bruno.post(place + "facts/", {"field": "shoe", "value": "x"}, expect=400)
    assert bruno.patch(place, {"company": "Sol"})["company"] == "Sol"
    assert current(screens, "company").source == "person"


def test_the_api_is_closed_to_strangers_and_viewers(screens: Screens) -> None:
    place = f"leads/{screens.cast.davi.pk}/"
    Caller(screens.cast.clara).get(place + "facts/", expect=404)
    vera = Caller(screens.cast.vera)
    assert vera.get(place + "facts/")["facts"]
    vera.post(place + "facts/", {"field": "budget", "value": "5"}, expect=403)
    vera.post(place + "tags/", {"name": "x"}, expect=403)


def test_the_commands_tell_and_rescore(screens: Screens) -> None:
    lead = f"#{screens.cast.davi.pk}"
    told = run_json("facts", "--workspace", "acme", "--lead", lead)
    assert told["facts"][0]["words"] == "our company is called Prado"
    assert "company: Prado, offline: “our company is called Prado”" in run(
        "facts", "--workspace", "acme", "--lead", lead
    )
    assert run_json("rescore", "--workspace", "acme")["leads"] == 1
