"""Tracked links: what is shortened, where it leads, and what counts as a person's click."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.models import Activity
from messaging.models import LinkClick, Message, TrackedLink
from messaging.prefetch import is_person
from messaging.services.links import change_link_policy, follow_link
from messaging.short_links import may_be_tracked, replace_urls, with_utm
from project.kernel.scope import workspace_scope
from tests.journeys.world import World

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
MINUTE = timedelta(minutes=1)


# -- pure ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://acme.test/a.", ["https://acme.test/a"]),
        ("(https://acme.test/a_(b))", ["https://acme.test/a_(b)"]),
        ("https://a.test, and http://b.test?x=1&y=2!", ["https://a.test", "http://b.test?x=1&y=2"]),
        ("“https://acme.test”", ["https://acme.test"]),
        ("no address: http:// ftp://x.test", []),
    ],
)
def test_addresses_are_found_without_their_sentence(text: str, found: list[str]) -> None:
    seen: list[str] = []
    assert replace_urls(text, lambda url: seen.append(url) or url) == text  # type: ignore[func-returns-value]
    assert seen == found


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass@acme.test/",
        "https://calendly.com/d/x",
        "https://api.calendly.com/",
        "https://[bad",
        "https://",
    ],
)
def test_some_addresses_stay_as_they_are(url: str) -> None:
    assert not may_be_tracked(url, untracked=())


def test_hosts_of_the_policy_and_those_below_them_stay_as_they_are() -> None:
    assert not may_be_tracked("https://shop.acme.test/", untracked=["acme.test"])
    assert may_be_tracked("https://notacme.test/", untracked=["acme.test"])


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("https://a.test/p", "https://a.test/p?utm_source=baton&utm_medium=sms&utm_campaign=marketing"),
        ("https://a.test/?x=1#top", "https://a.test/?x=1&utm_source=baton&utm_medium=sms&utm_campaign=marketing#top"),
        ("https://a.test/?utm_source=mine", "https://a.test/?utm_source=mine"),
        ("https://a.test/?X-Amz-Signature=1", "https://a.test/?X-Amz-Signature=1"),
    ],
)
def test_utm_is_added_where_it_harms_nothing(url: str, becomes: str) -> None:
    assert with_utm(url, medium="sms", campaign="marketing") == becomes


@pytest.mark.parametrize(
    ("method", "headers", "since", "counts"),
    [
        ("GET", {"user-agent": PHONE}, MINUTE, True),
        ("GET", {"user-agent": PHONE}, None, True),
        ("GET", {"user-agent": PHONE}, timedelta(seconds=1), False),
        ("HEAD", {"user-agent": PHONE}, MINUTE, False),
        ("GET", {}, MINUTE, False),
        ("GET", {"user-agent": "WhatsApp/2.24.1 A"}, MINUTE, False),
        ("GET", {"user-agent": "TelegramBot (like TwitterBot)"}, MINUTE, False),
        ("GET", {"user-agent": "Slackbot-LinkExpanding 1.0"}, MINUTE, False),
        ("GET", {"user-agent": "facebookexternalhit/1.1"}, MINUTE, False),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, MINUTE, False),
        ("GET", {"user-agent": "python-requests/2.32"}, MINUTE, False),
        ("GET", {"user-agent": PHONE, "purpose": "prefetch"}, MINUTE, False),
        ("GET", {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"}, MINUTE, False),
        ("GET", {"user-agent": f"{PHONE} Instagram 350.0"}, MINUTE, True),
    ],
)
def test_only_a_person_counts(method: str, headers: dict[str, str], since: timedelta | None, counts: bool) -> None:
    assert is_person(method=method, headers=headers, since_sent=since) == counts


# -- over the whole way --------------------------------------------------------------------------------------------


@pytest.fixture
def tracking(world: World) -> Iterator[World]:
    """Acme tracks the links of its people too, and Bruno has just sent two of them."""
    with workspace_scope(world.acme):
        change_link_policy(workspace=world.acme, changes={"tracks_service": True})
    world.davi_says("Hello")
    world.bruno_says("Look: https://acme.test/a, https://acme.test/b and again https://acme.test/a.")
    yield world


def links(world: World) -> list[TrackedLink]:
    with workspace_scope(world.acme):
        return list(TrackedLink.objects.order_by("id").select_related("message"))


def follow(world: World, link: TrackedLink, **headers: str) -> str:
    asked = {"user-agent": PHONE, **headers}
    return follow_link(token=link.token, method="GET", headers=asked, now=world.now)


def counted(world: World) -> tuple[int, int]:
    with workspace_scope(world.acme):
        return LinkClick.objects.count(), Activity.objects.filter(kind="link_click", points=3).count()


pytestmark_db = pytest.mark.django_db(transaction=True)


@pytestmark_db
def test_a_message_leaves_with_short_links(tracking: World, settings: Any) -> None:
    first, second = links(tracking)
    base = settings.PUBLIC_BASE_URL
    said = f"Look: {base}/l/{first.token}, {base}/l/{second.token} and again {base}/l/{first.token}."

    assert tracking.heard()[-1] == said
    assert first.destination == "https://acme.test/a?utm_source=baton&utm_medium=whatsapp&utm_campaign=service"


@pytestmark_db
def test_a_workspace_that_did_not_ask_sends_service_links_as_they_are(world: World) -> None:
    world.davi_says("Hello")
    world.bruno_says("Look: https://acme.test/a")
    assert world.heard()[-1] == "Look: https://acme.test/a"
    assert links(world) == []


@pytestmark_db
def test_a_click_counts_once_a_day_and_a_program_never(tracking: World) -> None:
    first, second = links(tracking)
    tracking.wait(minutes=5)

    assert follow(tracking, first, **{"user-agent": "WhatsApp/2.24"}) == first.destination
    assert counted(tracking) == (0, 0)
    for link in (first, first, second):
        follow(tracking, link)
    assert counted(tracking) == (2, 2)
    tracking.wait(days=1)
    follow(tracking, first)
    assert counted(tracking) == (3, 3)
    assert [entry.kind for entry in tracking.trail("link.clicked")] == ["link.clicked"] * 3


@pytestmark_db
def test_the_short_address_leads_where_it_was_made_for_and_nowhere_else(tracking: World, client: Client) -> None:
    link = links(tracking)[0]
    answer = client.get(f"/l/{link.token}?next=https://evil.test", headers={"User-Agent": PHONE})

    assert (answer.status_code, answer.headers["Location"]) == (302, link.destination)
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.head(f"/l/{link.token}").status_code == 302
    assert client.get("/l/made-up").status_code == 404
    assert client.post(f"/l/{link.token}").status_code == 405
    with workspace_scope(tracking.acme):
        TrackedLink.objects.filter(pk=link.pk).update(expires_at=tracking.now)
    assert client.get(f"/l/{link.token}").status_code == 410


@pytestmark_db
def test_a_click_shows_as_news_in_the_thread(tracking: World) -> None:
    tracking.wait(minutes=5)
    link = links(tracking)[0]
    before = link.message.seq
    follow(tracking, link)
    with workspace_scope(tracking.acme):
        assert Message.objects.get(pk=link.message_id).seq > before
