"""The inbox list: what stands in which view, in which order, at what price."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.models.conversations import ConversationStatus
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.inbox.screens import HTMX, Screens, open_screens, text_of
from tests.inbox.seed import full_inbox, say, talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    screens = open_screens()
    cast = screens.cast
    with workspace_scope(cast.acme):
        full_inbox(cast.acme, cast.channel, cast.bruno, clock.now())
    return screens


def rows(screens: Screens, query: str = "") -> list[str]:
    response = screens.bruno.get(screens.url(f"inbox/{query}"))
    assert response.status_code == 200
    return [row.who for row in response.context["page"].rows]


def test_whoever_waits_for_a_person_comes_first_by_the_next_step_and_calls_owed_come_last(screens: Screens) -> None:
    assert rows(screens) == ["Otávio Lins", "Helena Prado", "Mei Tanaka", "Paulo Dias"]


def test_when_nobody_waits_the_open_conversations_are_shown(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        screens.cast.acme.handovers.all().delete()
    response = screens.bruno.get(screens.url("inbox/"))
    assert response.context["view"].key == "open"


def test_each_view_holds_what_its_name_says(screens: Screens) -> None:
    assert rows(screens, "?view=mine") == ["Rui Barros"]
    assert "Camila Souza" in rows(screens, "?view=ai")
    assert "Rui Barros" not in rows(screens, "?view=ai")
    assert "Helena Prado" not in rows(screens, "?view=ai")
    assert rows(screens, "?view=resolved") == []
    assert len(rows(screens, "?view=open")) == 10


def test_a_window_that_closes_within_four_hours_is_pointed_out(screens: Screens) -> None:
    cast = screens.cast
    with workspace_scope(cast.acme):
        talk(cast.acme, cast.channel, "Nearly Late", clock.now(), ago=21 * 60)
    assert rows(screens, "?view=closing") == ["Nearly Late"]
    assert "closes in 2 h" in text_of(screens.bruno.get(screens.url("inbox/?view=closing")))


def test_the_counts_agree_with_the_views(screens: Screens) -> None:
    response = screens.bruno.get(screens.url("inbox/"))
    for counted in response.context["views"]:
        if counted.count is not None:
            assert counted.count == len(rows(screens, f"?view={counted.view.key}")), counted.view.label


def test_a_row_says_who_has_the_voice_and_what_comes_next(screens: Screens) -> None:
    page = text_of(screens.bruno.get(screens.url("inbox/?view=open")))
    assert "booking link in 7 min" in page
    assert "team alert in 2 min" in page
    assert "call back owed" in page
    assert "You: It has both options in it." in page
    assert "AI: The starter plan covers two numbers" in page


def test_a_lead_without_a_name_is_called_by_their_number(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        screens.cast.davi.name = ""
        screens.cast.davi.save()
    assert "+55 11 98765-4321" in rows(screens, "?view=open")


def test_search_finds_people_numbers_and_words_in_every_view(screens: Screens) -> None:
    with workspace_scope(screens.cast.acme):
        screens.cast.conversation.status = ConversationStatus.RESOLVED
        screens.cast.conversation.resolved_at = clock.now()
        screens.cast.conversation.save()
    assert rows(screens, "?view=mine&q=prado") == ["Helena Prado"]
    assert rows(screens, "?q=98765-4321") == ["Davi"]
    assert rows(screens, "?q=discount") == ["Otávio Lins", "Helena Prado"] or rows(screens, "?q=discount") == [
        "Helena Prado",
        "Otávio Lins",
    ]
    assert "Nothing found for “zebra”" in text_of(screens.bruno.get(screens.url("inbox/?q=zebra")))


@pytest.mark.parametrize("q", ["%00", "%ED%A0%80", "%25", "_", "'--", "a" * 5000, "😀"])
def test_search_survives_every_kind_of_text(screens: Screens, q: str) -> None:
    assert screens.bruno.get(screens.url(f"inbox/?q={q}")).status_code == 200


@pytest.mark.parametrize("cursor", ["x", "1~", "~", "9" * 40 + "~1", "1~" + "9" * 40, "-1~-1"])
def test_a_cursor_that_was_never_handed_out_is_no_error_of_the_server(screens: Screens, cursor: str) -> None:
    assert screens.bruno.get(screens.url(f"inbox/?before={cursor}")).status_code in (200, 404)


@pytest.mark.parametrize("view", ["waiting", "open"])
def test_older_pages_follow_without_a_gap_or_a_repetition_and_a_refresh_keeps_them(screens: Screens, view: str) -> None:
    cast, now = screens.cast, clock.now()
    with workspace_scope(cast.acme):
        same_moment = now - timedelta(hours=5)
        for number in range(95):
            row = talk(cast.acme, cast.channel, f"Lead {number}", now)
            say(row, "ai", "Hello", same_moment)
    expected = 105 if view == "open" else 4
    seen, query = [], f"?view={view}"
    while True:
        page = screens.bruno.get(screens.url(f"inbox/{query}"), headers=HTMX).context["page"]
        seen += [row.id for row in page.rows]
        if not page.older:
            break
        query = f"?view={view}&before={page.older}"
    assert len(seen) == len(set(seen)) == expected
    until = page.rows[-1].cursor
    again = screens.bruno.get(screens.url(f"inbox/?view={view}&until={until}"), headers=HTMX).context["page"]
    assert [row.id for row in again.rows] == seen
    assert again.older is None


def test_the_number_of_queries_does_not_grow_with_the_rows(screens: Screens) -> None:
    cast = screens.cast

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            screens.bruno.get(screens.url("inbox/?view=open"))
        return len(captured)

    few = queries()
    with workspace_scope(cast.acme):
        full_inbox(cast.acme, cast.channel, cast.bruno, clock.now())
        full_inbox(cast.acme, cast.channel, cast.bruno, clock.now())
    assert queries() == few
    assert few <= 14


def test_strangers_find_nothing_and_the_anonymous_sign_in_first(screens: Screens) -> None:
    assert screens.clara.get(screens.url("inbox/")).status_code == 404
    screens.bruno.logout()
    response = screens.bruno.get(screens.url("inbox/"))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_row_s_words_cannot_become_markup(screens: Screens) -> None:
    cast = screens.cast
    with workspace_scope(cast.acme):
        row = talk(cast.acme, cast.channel, "<script>alert(1)</script>", clock.now())
        say(row, "customer", "<img src=x onerror=alert(1)>", clock.now())
    page = screens.bruno.get(screens.url("inbox/?view=open")).content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
