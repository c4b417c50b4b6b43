"""Finding the workspace's own answer, on PostgreSQL."""

import time

import pytest
from django.db import connection

from agents.knowledge.search import search_knowledge
from agents.models.knowledge import KnowledgeEntry
from crm.models import Workspace
from project.kernel.scope import across_workspaces
from tests.cast import found

pytestmark = pytest.mark.django_db

ENTRIES = [
    ("en", "What are your opening hours?", "We are open Monday to Friday, 9 am to 6 pm."),
    ("en", "Where do you ship?", "To all of Brazil and Portugal, in 3 to 5 days."),
    ("en", "How much does the Pro plan cost?", "The Pro plan costs 49 dollars a month."),
    ("en", "What is your refund policy?", "You can return anything within 30 days."),
    ("en", "Do you integrate with Salesforce?", "Yes, out of the box."),
    ("pt-BR", "Quais são os preços?", "O plano Pro custa R$ 99 por mês."),
    ("pt", "Vocês entregam em Campinas?", "Entregamos em todo o estado de São Paulo."),
    ("es", "¿Cuál es el horario de atención?", "De lunes a viernes de 9 a 18."),
    ("de", "Was kostet der Versand?", "Der Versand kostet 5 Euro."),
    ("hi", "आपके खुलने का समय क्या है?", "सुबह 9 बजे से"),
    ("ar", "ما هي ساعات العمل؟", "من 9 إلى 5"),
    ("", "Do you offer a free trial?", "Yes, 14 days."),
]


@pytest.fixture
def acme() -> Workspace:
    workspace = found("acme", "ana@acme.test")
    for language, question, answer in ENTRIES:
        enter(workspace, question, answer, language=language)
    return workspace


def enter(workspace: Workspace, question: str, answer: str, **more: object) -> KnowledgeEntry:
    with across_workspaces():
        return KnowledgeEntry.objects.create(workspace=workspace, question=question, answer=answer, **more)


def best(workspace: Workspace, text: str, language: str | None = None) -> str | None:
    found_sources = search_knowledge(workspace_id=workspace.pk, text=text, language=language)
    return found_sources[0].title if found_sources else None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hi, what time do you open?", "What are your opening hours?"),
        ("are you open on sunday", "What are your opening hours?"),
        ("do you deliver to Portugal?", "Where do you ship?"),
        ("What's the delivery time to Lisbon", "Where do you ship?"),
        ("how much is it", "How much does the Pro plan cost?"),
        ("pricing?", "How much does the Pro plan cost?"),
        ("I want my money back, can I return it?", "What is your refund policy?"),
        ("does it work with salesforce", "Do you integrate with Salesforce?"),
        ("any free trials?", "Do you offer a free trial?"),
        ("qual o preco?", "Quais são os preços?"),
        ("quanto custa o plano pro?", "Quais são os preços?"),
        ("vcs entregam em campinas", "Vocês entregam em Campinas?"),
        ("¿a qué hora abren?", "¿Cuál es el horario de atención?"),
        ("horario", "¿Cuál es el horario de atención?"),
        ("was kostet der versand?", "Was kostet der Versand?"),
        ("समय क्या है", "आपके खुलने का समय क्या है?"),
        ("متى ساعات العمل", "ما هي ساعات العمل؟"),
    ],
)
def test_a_question_in_the_customers_own_words_finds_its_answer(acme: Workspace, text: str, title: str) -> None:
    assert best(acme, text) == title


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "tell me a joke",
        "asdkjh qwe",
        "do you have parking",
        "I would like to know about the weather in Paris tomorrow",
        "the of and",
        "hello",
        "ok",
        "",
        "   ",
    ],
)
def test_what_the_knowledge_does_not_know_finds_nothing(acme: Workspace, text: str) -> None:
    assert search_knowledge(workspace_id=acme.pk, text=text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "trial\x00",
        "trial \ud83d",
        "trial & | ! ( ) :* <-> '' \\",
        "'; drop table; -- trial",
        "trial " + "x" * 100_000,
        "%s %(terms)s trial",
        "ＴＲＩＡＬ",
    ],
)
def test_strange_texts_are_safe_and_their_words_still_count(acme: Workspace, text: str) -> None:
    assert best(acme, text) == "Do you offer a free trial?"


def test_a_language_with_a_region_is_understood(acme: Workspace) -> None:
    assert best(acme, "versand", language="de-AT") == "Was kostet der Versand?"


def test_the_best_comes_first_with_the_share_of_the_question_it_covers(acme: Workspace) -> None:
    sources = search_knowledge(workspace_id=acme.pk, text="what does the pro plan cost")
    assert sources[0].title == "How much does the Pro plan cost?"
    assert sources[0].text == "The Pro plan costs 49 dollars a month."
    assert sources[0].rank == 1.0
    assert [source.rank for source in sources] == sorted((source.rank for source in sources), reverse=True)


def test_no_more_than_the_limit_is_found(acme: Workspace) -> None:
    for number in range(5):
        enter(acme, f"Is there a guarantee on model {number}?", "Two years.", language="en")
    assert len(search_knowledge(workspace_id=acme.pk, text="guarantee", limit=2)) == 2


def test_only_active_entries_of_the_own_workspace_are_found(acme: Workspace) -> None:
    other = found("other", "clara@other.test")
    enter(other, "Do you sell elephants?", "Only grey ones.", language="en")
    enter(acme, "Do you sell giraffes?", "Not any more.", language="en", is_active=False)
    assert best(acme, "elephants") is None
    assert best(other, "elephants") == "Do you sell elephants?"
    assert best(acme, "giraffes") is None


def test_an_edited_entry_is_found_by_its_new_words(acme: Workspace) -> None:
    entry = enter(acme, "Do you sell giraffes?", "Yes.", language="en")
    with across_workspaces():
        entry.question = "Do you sell llamas?"
        entry.save(update_fields=["question", "updated_at"])
    assert best(acme, "llamas") == "Do you sell llamas?"
    assert best(acme, "giraffes") is None


def test_among_thousands_of_entries_the_index_is_used(acme: Workspace) -> None:
    with across_workspaces():
        KnowledgeEntry.objects.bulk_create(
            KnowledgeEntry(workspace=acme, question=f"Part{n} fits model{n}?", answer=f"Yes{n}", language="en")
            for n in range(3000)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE agents_knowledgeentry")
    best(acme, "warm up")
    started = time.perf_counter()
    assert best(acme, "does part1234 fit?") == "Part1234 fits model1234?"
    assert time.perf_counter() - started < 0.1
