"""Knowledge, unanswered questions, products and tools: by screen and by API, for those whose role covers it."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.knowledge.sources import add_source, read_one_due_source
from agents.models import Asking, KnowledgeEntry, KnowledgeSource, Turn, UnansweredQuestion, WorkspaceTool
from crm.models import Product, StockAlert
from crm.services.catalogue import import_products, parse_price
from project.kernel import clock
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces, workspace_scope
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of
from tests.one_of_each import words_of_davi

pytestmark = pytest.mark.django_db
TABLE = b"sku,name,price,currency,stock\nMUG,Azulejo Mug,16.00,EUR,0\nGRD,Grinder,59.00,EUR,7\n"


@pytest.fixture
def screens() -> Screens:
    return open_screens()


def ask(screens: Screens, text: str = "Do you have parking?", times: int = 1) -> UnansweredQuestion:
    cast, now = screens.cast, clock.now()
    with workspace_scope(cast.acme):
        question = UnansweredQuestion.objects.create(
            workspace=cast.acme, text=text, times_asked=times, first_asked_at=now, last_asked_at=now, terms=["x"]
        )
        message = words_of_davi(cast, text, position=100 + UnansweredQuestion.objects.count())
        turn = Turn.objects.create(
            workspace=cast.acme,
            lead=cast.davi,
            conversation=cast.conversation,
            state="done",
            opened_at=now,
            due_at=now,
            newest=message,
        )
        Asking.objects.create(workspace=cast.acme, question=question, lead=cast.davi, turn=turn, text=text, at=now)
    return question


def stocked(screens: Screens) -> Product:
    cast = screens.cast
    with workspace_scope(cast.acme):
        import_products(workspace=cast.acme, table=TABLE, now=clock.now())
        mug = Product.objects.get(sku="MUG")
        StockAlert.objects.create(
            workspace=cast.acme, lead=cast.davi, product=mug, context="Tell me!", requested_at=clock.now()
        )
    return mug


# -- screens ---------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_on_its_screen_and_then_known(screens: Screens) -> None:
    question = ask(screens)
    page = text_of(screens.bruno.get(screens.url("unanswered/")))
    assert "Do you have parking?" in page
    refused = screens.bruno.post(screens.url(f"unanswered/{question.pk}/answer/"), {"answer": " "})
    assert refused.status_code == 422
    assert "Write the answer" in text_of(refused)
    assert screens.bruno.post(screens.url(f"unanswered/{question.pk}/answer/"), {"answer": "Yes."}).status_code == 302
    with across_workspaces():
        assert KnowledgeEntry.objects.get().answer == "Yes."
    again = screens.bruno.post(screens.url(f"unanswered/{question.pk}/answer/"), {"answer": "No."}, follow=True)
    assert "answered by Bruno already" in text_of(again)


def test_many_unanswered_questions_cost_no_query_each(screens: Screens, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        ask(screens, f"Question {number}?")
    with django_assert_max_num_queries(20):
        assert screens.bruno.get(screens.url("unanswered/")).status_code == 200


def test_products_are_imported_counted_and_show_who_waits(screens: Screens, django_assert_max_num_queries: Any) -> None:
    ana = browser_of(screens.cast.ana)
    upload = SimpleUploadedFile("catalogue.csv", TABLE, "text/csv")
    assert "2 new" in text_of(ana.post(screens.url("products/import/"), {"table": upload}, follow=True))
    mug = stocked(screens)
    with django_assert_max_num_queries(18):
        assert "Azulejo Mug" in text_of(screens.vera.get(screens.url("products/")))
    assert "Tell me!" in text_of(screens.bruno.get(screens.url(f"products/{mug.pk}/waiting/")))
    screens.bruno.post(screens.url(f"products/{mug.pk}/stock/"), {"stock": "5"})
    mug.refresh_from_db(fields=["stock"])
    assert mug.stock == 5
    wrong = screens.bruno.post(screens.url(f"products/{mug.pk}/stock/"), {"stock": "-1"}, follow=True)
    assert "whole number" in text_of(wrong)
    bad = SimpleUploadedFile("catalogue.csv", b"sku,name,price\nA,Mug,cheap\n", "text/csv")
    refused = ana.post(screens.url("products/import/"), {"table": bad})
    assert refused.status_code == 422
    assert "line 2" in text_of(refused)


def test_a_source_is_added_read_switched_and_removed(screens: Screens) -> None:
    ana, settings = browser_of(screens.cast.ana), screens.url("settings/knowledge/")
    upload = SimpleUploadedFile("care.txt", b"# Kettles\nDescaled with vinegar.", "text/plain")
    assert ana.post(f"{settings}sources/add/", {"file": upload}).status_code == 302
    read_one_due_source(clock.now())
    assert "1 passage" in text_of(ana.get(settings))
    with across_workspaces():
        source = KnowledgeSource.objects.get()
    assert "Descaled with vinegar." in text_of(ana.get(f"{settings}sources/{source.pk}/"))
    for act in ("read", "switch", "remove"):
        assert ana.post(f"{settings}sources/{source.pk}/{act}/").status_code == 302
    assert "None yet. Add the pages" in text_of(ana.get(settings))
    refused = ana.post(f"{settings}sources/add/", {"url": "nonsense"})
    assert refused.status_code == 422
    assert "not a web address" in text_of(refused)


def test_a_tool_is_made_its_key_shown_once_and_removed(screens: Screens) -> None:
    ana, settings = browser_of(screens.cast.ana), screens.url("settings/tools/")
    form = {
        "name": "order_status",
        "description": "Where it is.",
        "url": "https://acme.test/orders",
        "inputs": json.dumps({"type": "object", "properties": {}}),
        "callers": ["customer"],
        "timeout_seconds": "4",
    }
    made = text_of(ana.post(f"{settings}add/", form))
    with across_workspaces():
        tool = WorkspaceTool.objects.get()
    assert tool.secrets["signing_key"] in made
    assert tool.secrets["signing_key"] not in text_of(ana.get(settings))
    refused = ana.post(f"{settings}add/", {**form, "name": "search_products"})
    assert (refused.status_code, "one of Baton's own" in text_of(refused)) == (422, True)
    assert ana.post(f"{settings}{tool.pk}/remove/").status_code == 302


def test_strangers_find_nothing_and_viewers_change_nothing(screens: Screens) -> None:
    question, mug = ask(screens), stocked(screens)
    with workspace_scope(screens.cast.acme):
        source = add_source(
            workspace=screens.cast.acme, kind="text", title="Kettles", original=b"Hot.", now=clock.now()
        )
        alert = StockAlert.objects.get()
    reads = ["unanswered/", "products/", f"products/{mug.pk}/waiting/"]
    configured = ["settings/knowledge/", "settings/knowledge/sources/add/", f"settings/knowledge/sources/{source.pk}/"]
    configured += ["settings/tools/", "settings/tools/add/"]
    writes = [f"unanswered/{question.pk}/answer/", f"unanswered/{question.pk}/dismiss/", f"products/{mug.pk}/stock/"]
    writes += ["products/import/", f"products/{mug.pk}/waiting/{alert.pk}/withdraw/"]
    writes += [f"settings/knowledge/sources/{source.pk}/{act}/" for act in ("read", "switch", "remove")]
    for place in (*reads, *configured):
        assert screens.clara.get(screens.url(place)).status_code == 404, place
    for place in writes:
        assert screens.clara.post(screens.url(place)).status_code == 404, place
        assert screens.vera.post(screens.url(place)).status_code == 403, place
    for place in configured:
        assert screens.vera.get(screens.url(place)).status_code == 403, place
    for place in reads:
        assert screens.vera.get(screens.url(place)).status_code == 200, place


def test_a_stranger_does_not_reach_rows_through_a_workspace_of_their_own(screens: Screens) -> None:
    question, mug = ask(screens), stocked(screens)
    for place in (f"unanswered/{question.pk}/answer/", f"products/{mug.pk}/stock/"):
        assert screens.clara.post(f"/w/other/{place}", {"answer": "x", "stock": "9"}).status_code == 404


# -- API -------------------------------------------------------------------------------------------------------------


def test_the_api_does_what_the_screens_do(screens: Screens) -> None:
    ana, bruno = Caller(screens.cast.ana), Caller(screens.cast.bruno)
    source = ana.post("knowledge/sources/", {"kind": "text", "title": "Care", "text": "Use vinegar."}, expect=201)
    read_one_due_source(clock.now())
    assert bruno.get(f"knowledge/sources/{source['id']}/")["state"] == "ready"
    assert bruno.get("knowledge/search/", text="vinegar")[0]["title"] == "Care"
    assert ana.patch(f"knowledge/sources/{source['id']}/", {"is_active": False})["is_active"] is False
    question = ask(screens)
    assert bruno.get("knowledge/unanswered/")["results"][0]["examples"][0]["text"] == "Do you have parking?"
    entry = bruno.post(f"knowledge/unanswered/{question.pk}/answer/", {"answer": "Yes."}, expect=201)
    assert bruno.post(f"knowledge/unanswered/{question.pk}/dismiss/", expect=409)["code"] == "already_settled"
    assert ana.patch(f"knowledge/entries/{entry['id']}/", {"answer": "Sure."})["answer"] == "Sure."
    assert ana.post("products/import/", {"table": TABLE.decode()}) == {"created": 2, "updated": 0, "unchanged": 0}
    [grinder, mug] = sorted(bruno.get("products/")["results"], key=lambda row: row["sku"])
    assert (grinder["stock"], mug["waiting"]) == (7, 0)
    assert bruno.patch(f"products/{mug['id']}/", {"stock": 3})["stock"] == 3
    made = {
        "name": "order_status",
        "description": "x",
        "url": "https://acme.test/x",
        "inputs": {},
        "callers": ["staff"],
    }
    assert ana.post("tools/", {**made, "callers": ["staff"]}, expect=201)["signing_key"]
    assert "signing_key" not in bruno.get("tools/")[0]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("knowledge/sources/", {"kind": "page", "url": "nonsense"}),
        ("knowledge/sources/", {"kind": "pdf", "title": "x", "content_base64": "###"}),
        ("knowledge/sources/", {"kind": "film"}),
        ("products/import/", {"table": "name\nx\n"}),
        ("tools/", {"name": "x"}),
        ("knowledge/entries/", {"question": ""}),
    ],
)
def test_what_cannot_be_used_is_named(screens: Screens, path: str, body: dict[str, Any]) -> None:
    assert Caller(screens.cast.ana).post(path, body, expect=400)["fields"]


def test_strangers_and_viewers_are_refused_by_the_api(screens: Screens) -> None:
    question, mug = ask(screens), stocked(screens)
    clara, vera, bruno = (Caller(who) for who in (screens.cast.clara, screens.cast.vera, screens.cast.bruno))
    for path in (
        "knowledge/sources/",
        "knowledge/entries/",
        "knowledge/unanswered/",
        "products/",
        "stock-alerts/",
        "tools/",
    ):
        vera.get(path)
        assert clara.get(path, workspace="acme", expect=404)
    for path in (f"knowledge/unanswered/{question.pk}/answer/", f"knowledge/unanswered/{question.pk}/dismiss/"):
        vera.post(path, {"answer": "x"}, expect=403)
        clara.post(path, {"answer": "x"}, expect=404)
    vera.patch(f"products/{mug.pk}/", {"stock": 1}, expect=403)
    clara.patch(f"products/{mug.pk}/", {"stock": 1}, expect=404)
    for path in ("knowledge/sources/", "knowledge/entries/", "products/import/", "tools/"):
        bruno.post(path, {}, expect=403)


# -- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("€ 12", "12.00"),
        ("14,5", "14.50"),
        ("", None),
        ("1.200", "1200.00"),
    ],
)
def test_prices_are_read_as_people_write_them(text: str, price: str | None) -> None:
    read = parse_price(text)
    assert (str(read) if read is not None else None) == price


def test_a_table_with_a_wrong_row_changes_nothing(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        table = b"sku,name,price,currency,stock\nA,Mug,10,EUR,1\nA,Again,1,EUR,1\nB,,5,EUR,x\nC,Cup,5,,1\n"
        with pytest.raises(WrongValues) as refused:
            import_products(workspace=screens.cast.acme, table=table, now=clock.now())
        assert set(refused.value.problems) == {"line 3", "line 4", "line 5"}
        assert not Product.objects.exists()


def test_importing_twice_changes_only_what_differs(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        import_products(workspace=screens.cast.acme, table=TABLE, now=clock.now())
        again = import_products(workspace=screens.cast.acme, table=TABLE.replace(b"16.00", b"17.00"), now=clock.now())
        assert (again.created, again.updated, again.unchanged) == (0, 1, 1)
