"""Which question helps, and when it is better not to ask: pure, then in a conversation."""

import pytest

from agents.models import KnowledgeEntry, Turn
from agents.qualification.asking import OF_COMPANIES, Ground, choose_question, question_for, sells_to_companies
from agents.qualification.fields import FIELDS
from agents.reasoning.phrasebook import LANGUAGES
from project.kernel.scope import workspace_scope
from tests.journeys.world import World


def ground(**changes: object) -> Ground:
    usual: dict[str, object] = {
        "intent": "pricing",
        "sentiment": 0.0,
        "known": frozenset(),
        "asked": (),
        "to_companies": True,
    }
    return Ground(**(usual | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "company_size"),
        ({"known": frozenset({"company_size"})}, "budget"),
        ({"asked": ["", "", "company_size"]}, "budget"),
        ({"asked": ["company_size"]}, ""),
        ({"asked": ["", "company_size"]}, ""),
        ({"asked": ["", "", "budget", "", "", "email", "", "", "company"]}, ""),
        ({"sentiment": -0.5}, ""),
        ({"intent": "complaint"}, ""),
        ({"intent": "small_talk"}, ""),
        ({"to_companies": False}, ""),
        ({"intent": "booking", "to_companies": False}, "full_name"),
        ({"known": frozenset({"company_size", "budget"})}, ""),
    ],
)
def test_one_thing_at_a_time_and_only_when_it_helps(changes: dict[str, object], field: str) -> None:
    assert choose_question(ground(**changes)) == field


def test_every_question_is_there_in_nine_languages() -> None:
    fields = [*OF_COMPANIES, "full_name", "email", "product_interest"]
    assert set(fields) <= set(FIELDS)
    for field in fields:
        texts = {question_for(field, language) for language in LANGUAGES}
        assert len(texts) == len(LANGUAGES)
        assert all(text.rstrip().endswith(("?", "؟")) or "?" in text for text in texts)
    assert question_for("budget", "pt-BR") == question_for("budget", "pt")
    assert question_for("budget", "xx") == question_for("budget", "en")


@pytest.mark.parametrize(
    ("business", "expected"),
    [
        ("Software for clinics and other companies.", True),
        ("Atendimento para empresas", True),
        ("We sell shoes.", False),
        ("", False),
    ],
)
def test_whether_companies_are_the_customers(business: str, expected: bool) -> None:
    assert sells_to_companies(business) is expected


@pytest.fixture
def priced(world: World) -> World:
    world.acme.business = "Software for companies"
    world.acme.save(update_fields=["business"])
    with workspace_scope(world.acme):
        KnowledgeEntry.objects.create(
            workspace=world.acme, question="What is the price of the team plan?", answer="The team plan is R$ 89."
        )
    return world


def test_a_price_is_followed_by_one_question_that_is_not_repeated(priced: World) -> None:
    priced.davi_says("What is the price of the team plan?")
    asked = question_for("company_size", "en")
    assert priced.heard()[-1].endswith(asked)
    priced.wait(minutes=1)
    priced.davi_says("And the price of the team plan please?")
    assert "R$ 89" in priced.heard()[-1]
    assert "?" not in priced.heard()[-1]
    with workspace_scope(priced.acme):
        turns = Turn.objects.order_by("id")
        assert [turn.analysis.get("asked_for") for turn in turns] == ["company_size", None]


def test_nobody_is_asked_while_they_complain(priced: World) -> None:
    priced.davi_says("This is terrible, awful service. What is the price of the team plan?")
    assert question_for("company_size", "en") not in priced.heard()[-1]


def test_what_was_said_is_not_asked(priced: World) -> None:
    priced.davi_says("We are 12 people. Hello")
    priced.wait(minutes=1)
    priced.davi_says("What is the price of the team plan?")
    assert question_for("company_size", "en") not in priced.heard()[-1]
    assert question_for("budget", "en") in priced.heard()[-1]
