"""Sources: taken in, read by a due row, found, quoted by their sentences, read again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.knowledge import meaning
from agents.knowledge.search import search_knowledge
from agents.knowledge.sources import add_source, read_again, read_one_due_source, remove_source, switch_source
from agents.models import KnowledgeChunk, KnowledgeEntry, KnowledgeSource
from crm.models import Workspace
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces
from tests.cast import NOON, found
from tests.doubles.documents import pdf_of
from tests.doubles.embeddings import EmbeddingsDouble
from tests.doubles.pages import TERMS, WebSite
from tests.doubles.server import Response

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Iterator[Workspace]:
    with across_workspaces():
        yield found("acme", "ana@acme.test")


@pytest.fixture
def site(settings: Any) -> Iterator[WebSite]:
    settings.REACHABLE_NETWORKS = ["127.0.0.0/8"]
    with WebSite() as site:
        yield site


def give(workspace: Workspace, **source: Any) -> KnowledgeSource:
    """Take it in and read it."""
    added = add_source(workspace=workspace, now=NOON, **source)
    read_one_due_source(NOON)
    return KnowledgeSource.objects.get(pk=added.pk)


def page(workspace: Workspace, url: str, **more: Any) -> KnowledgeSource:
    return give(workspace, kind="page", url=url, **more)


def titles(workspace: Workspace, text: str, **more: Any) -> list[str]:
    return [source.title for source in search_knowledge(workspace_id=workspace.pk, text=text, **more)]


def test_a_page_is_read_cut_and_found_by_its_headings(acme: Workspace, site: WebSite) -> None:
    source = page(acme, f"{site.url}/terms")
    assert (source.state, source.title, source.language, source.chunk_count) == ("ready", "Terms of Acme", "en", 2)
    [best, *_] = search_knowledge(workspace_id=acme.pk, text="how long is the warranty of a kettle?")
    assert best.title == "Terms of Acme · Warranty"
    assert best.ref.startswith("chunk:")
    assert "cookie" not in site.asked[0].headers


def test_a_pdf_and_a_price_list_are_found(acme: Workspace) -> None:
    give(acme, kind="pdf", title="Manual", original=pdf_of("The filter is changed every 90 days."))
    give(acme, kind="prices", title="Prices", original=b"Product,Price\nEspresso beans,EUR 24\nDecaf beans,EUR 26\n")
    assert titles(acme, "how often is the filter changed?")[0] == "Manual · page 1"
    [best, *_] = search_knowledge(workspace_id=acme.pk, text="price of the espresso beans")
    assert best.text == "Product: Espresso beans. Price: EUR 24."


def test_an_entry_that_a_person_wrote_wins_a_tie(acme: Workspace) -> None:
    give(acme, kind="text", title="Do you repair kettles?", original=b"Kettles are repaired in Porto.")
    KnowledgeEntry.objects.create(workspace=acme, question="Do you repair kettles?", answer="Yes.", language="en")
    [first, second] = search_knowledge(workspace_id=acme.pk, text="do you repair kettles")
    assert (first.ref.partition(":")[0], second.ref.partition(":")[0]) == ("entry", "chunk")


def test_what_is_switched_off_or_removed_or_of_others_is_not_found(acme: Workspace) -> None:
    source = give(acme, kind="text", title="Kettles", original=b"Kettles are repaired in Porto.")
    other = found("other", "clara@other.test")
    assert titles(other, "are kettles repaired?") == []
    switch_source(source=source, is_active=False)
    assert titles(acme, "are kettles repaired?") == []
    switch_source(source=source, is_active=True)
    assert titles(acme, "are kettles repaired?") == ["Kettles"]
    remove_source(source=source)
    assert titles(acme, "are kettles repaired?") == []
    assert not KnowledgeChunk.objects.exists()


def test_a_page_is_read_again_on_schedule_and_its_old_words_go(acme: Workspace, site: WebSite) -> None:
    source = page(acme, f"{site.url}/terms", refetch_hours=24)
    assert source.due_at == NOON + timedelta(hours=24)
    site.pages["/terms"] = Response.html(200, TERMS.replace("45 days", "60 days"))
    assert read_one_due_source(NOON + timedelta(hours=23)) is False
    assert read_one_due_source(NOON + timedelta(hours=24)) is True
    [best, *_] = search_knowledge(workspace_id=acme.pk, text="what can be returned?")
    assert "60 days" in best.text
    assert KnowledgeChunk.objects.count() == 2


def test_a_page_that_did_not_change_keeps_its_passages(acme: Workspace, site: WebSite) -> None:
    source = page(acme, f"{site.url}/terms")
    before = set(KnowledgeChunk.objects.values_list("pk", flat=True))
    read_again(source=source, now=NOON)
    read_one_due_source(NOON)
    assert set(KnowledgeChunk.objects.values_list("pk", flat=True)) == before


def test_what_was_read_is_quoted_on_while_the_page_is_away(acme: Workspace, site: WebSite) -> None:
    source = page(acme, f"{site.url}/terms", refetch_hours=24)
    del site.pages["/terms"]
    now = NOON + timedelta(hours=24)
    for _ in range(4):
        read_one_due_source(now)
        now += timedelta(hours=1)
    source.refresh_from_db()
    assert (source.state, source.error) == ("failed", "The server answered 404.")
    assert source.due_at is not None
    assert titles(acme, "how long is the warranty of a kettle?")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/x", "not a public address"),
        ("http://169.254.169.254/latest/meta-data/", "not a public address"),
        ("http://localhost/x", "not a public address"),
        ("http://[::1]/x", "not a public address"),
        ("http://10.0.0.1/", "not a public address"),
    ],
)
def test_a_private_address_is_never_called(acme: Workspace, url: str, why: str) -> None:
    add_source(workspace=acme, kind="page", url=url, now=NOON)
    read_one_due_source(NOON)
    assert why in KnowledgeSource.objects.get().error


def test_a_redirect_into_the_private_network_is_not_followed(acme: Workspace, site: WebSite, settings: Any) -> None:
    site.moved("/out", "http://169.254.169.254/latest/")
    assert "not a public address" in page(acme, f"{site.url}/out").error
    site.moved("/file", "file:///etc/passwd")
    assert "not a web address" in page(acme, f"{site.url}/file").error
    site.moved("/loop", "/loop")
    assert "redirects more than" in page(acme, f"{site.url}/loop").error
    site.moved("/moved", "/terms")
    assert page(acme, f"{site.url}/moved").state == "ready"


def test_what_is_too_large_or_no_text_is_refused_with_the_reason(acme: Workspace, site: WebSite) -> None:
    site.pages["/huge"] = Response.html(200, "x" * (8 * 1024 * 1024 + 1))
    assert "larger than 8 MB" in page(acme, f"{site.url}/huge").error
    site.pages["/image"] = Response(200, b"\x89PNG\r\n", "image/png")
    assert "image/png" in page(acme, f"{site.url}/image").error
    site.pages["/empty"] = Response.html(200, "<html><body><script>1</script></body></html>")
    assert "no text on the page" in page(acme, f"{site.url}/empty").error
    site.pages["/pdf"] = Response(200, pdf_of("Filters are changed every 90 days."), "application/pdf")
    assert page(acme, f"{site.url}/pdf").state == "ready"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"kind": "page", "url": "ftp://x.test"}, "url"),
        ({"kind": "page", "url": "not an address"}, "url"),
        ({"kind": "page", "url": "https://x.test", "refetch_hours": 0}, "refetch_hours"),
        ({"kind": "text", "title": "x", "original": b" "}, "original"),
        ({"kind": "text", "original": b"x"}, "title"),
        ({"kind": "text", "title": "x", "original": b"x" * (8 * 1024 * 1024 + 1)}, "original"),
        ({"kind": "video", "title": "x", "original": b"x"}, "kind"),
    ],
)
def test_what_cannot_be_a_source_is_named(acme: Workspace, given: dict[str, Any], name: str) -> None:
    with pytest.raises(WrongValues) as refused:
        add_source(workspace=acme, now=NOON, **given)
    assert name in refused.value.problems


def test_the_same_page_twice_is_refused(acme: Workspace) -> None:
    add_source(workspace=acme, kind="page", url="https://x.test/terms", now=NOON)
    with pytest.raises(WrongValues, match="a source already"):
        add_source(workspace=acme, kind="page", url="https://x.test/terms", now=NOON)


def test_a_reader_that_died_leaves_the_source_to_the_next(acme: Workspace) -> None:
    source = add_source(workspace=acme, kind="text", title="Kettles", original=b"Repaired in Porto.", now=NOON)
    KnowledgeSource.objects.filter(pk=source.pk).update(attempts_made=1, due_at=NOON + timedelta(minutes=3))
    assert read_one_due_source(NOON) is False
    assert read_one_due_source(NOON + timedelta(minutes=3)) is True
    assert KnowledgeSource.objects.get().state == "ready"


# -- by meaning ------------------------------------------------------------------------------------------------------


@pytest.fixture
def embeddings(settings: Any) -> Iterator[EmbeddingsDouble]:
    with EmbeddingsDouble() as double:
        settings.EMBEDDINGS_MODEL_NAME = "double"
        settings.EMBEDDINGS_BASE_URL = double.base_url
        yield double


def teach(workspace: Workspace) -> None:
    for question, answer in (("How do returns work?", "Within 30 days."), ("Is there a warranty?", "Three years.")):
        KnowledgeEntry.objects.create(workspace=workspace, question=question, answer=answer, language="en")
    give(workspace, kind="text", title="Visiting", original=b"Parking is behind the shop.")


needs_pgvector = pytest.mark.usefixtures("_pgvector")


@pytest.fixture
def _pgvector(db: None) -> None:
    if not meaning.has_pgvector():
        pytest.skip("this PostgreSQL has no pgvector")


@needs_pgvector
def test_a_question_in_other_words_is_found_by_its_meaning(acme: Workspace, embeddings: EmbeddingsDouble) -> None:
    teach(acme)
    assert titles(acme, "can I undo my purchase") == []
    while meaning.embed_one_due_batch(NOON):
        pass
    assert {asked["encoding_format"] for asked in embeddings.asked} == {"float"}
    vector = meaning.meaning_of("can I undo my purchase")
    assert titles(acme, "can I undo my purchase", vector=vector) == ["How do returns work?"]
    vector = meaning.meaning_of("where may I leave my car")
    assert titles(acme, "where may I leave my car", vector=vector) == ["Visiting"]
    assert meaning.has_unembedded(NOON) is False


@needs_pgvector
def test_words_and_meaning_are_fused(acme: Workspace, embeddings: EmbeddingsDouble) -> None:
    teach(acme)
    while meaning.embed_one_due_batch(NOON):
        pass
    text = "is there a warranty if it breaks"
    found_titles = titles(acme, text, vector=meaning.meaning_of(text))
    assert found_titles[0] == "Is there a warranty?"
    assert len(found_titles) == len(set(found_titles))


def test_an_edited_text_falls_due_again(acme: Workspace, embeddings: EmbeddingsDouble) -> None:
    teach(acme)
    while meaning.embed_one_due_batch(NOON):
        pass
    entry = KnowledgeEntry.objects.first()
    assert entry is not None
    entry.answer = "Within 40 days."
    entry.save(update_fields=["answer", "updated_at"])
    assert meaning.has_unembedded(NOON) is True


def test_a_text_that_the_server_refuses_does_not_keep_the_others(acme: Workspace, embeddings: EmbeddingsDouble) -> None:
    teach(acme)
    KnowledgeEntry.objects.create(workspace=acme, question="poison", answer="x")
    embeddings.fault = "rejects"
    while meaning.embed_one_due_batch(NOON):
        pass
    assert meaning.has_unembedded(NOON) is False
    assert KnowledgeEntry.objects.filter(embedding__isnull=True).count() == 1


@pytest.mark.parametrize("fault", ["server_error", "cut"])
def test_a_server_of_embeddings_that_is_away_costs_nothing_but_the_meaning(
    acme: Workspace, embeddings: EmbeddingsDouble, fault: str
) -> None:
    teach(acme)
    embeddings.fault = fault
    assert meaning.embed_one_due_batch(NOON) is False
    assert meaning.meaning_of("returns") is None
    assert titles(acme, "how do returns work?") == ["How do returns work?"]


def test_without_a_model_of_embeddings_nothing_is_due(acme: Workspace) -> None:
    teach(acme)
    assert meaning.has_unembedded(NOON) is False
    assert meaning.embed_one_due_batch(NOON) is False
    assert meaning.meaning_of("x") is None


# -- commands --------------------------------------------------------------------------------------------------------


def test_an_operator_adds_a_file_and_asks(acme: Workspace, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "care.txt"
    path.write_text("Kettles are descaled with vinegar.")
    call_command("add_knowledge", workspace="acme", file=str(path), json=True)
    assert '"state": "ready"' in capsys.readouterr().out
    call_command("search_knowledge", "how are kettles descaled?", workspace="acme")
    assert "care.txt" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [{}, {"file": "/nowhere"}, {"url": "https://x.test", "file": "x"}, {"url": "x"}])
def test_an_operators_wrong_values_are_named(acme: Workspace, wrong: dict[str, str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("add_knowledge", workspace="acme", **wrong)
    assert refused.value.returncode == 2
