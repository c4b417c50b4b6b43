"""The banner: those who may act are told what stopped, since when, and what to do; nobody else is disturbed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from analytics.liveness import read_liveness
from analytics.models import CanaryRun
from inbox import alarm
from project.kernel import clock
from tests.analytics.runs import a_run
from tests.inbox.screens import HTMX, Screens, browser_of, open_screens, text_of

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def ana(screens: Screens) -> Client:
    return browser_of(screens.cast.ana)


@pytest.fixture(autouse=True)
def _watched_for_an_hour(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CANARY_SECONDS = 60
    monkeypatch.setattr(alarm, "STARTED_AT", clock.now() - timedelta(hours=1))
    alarm._alarm_at.cache_clear()
    yield
    alarm._alarm_at.cache_clear()


def stopped(ago: timedelta = 10 * MINUTE) -> CanaryRun:
    """The last that got through."""
    through = a_run(ago, through=True)
    now = clock.now()
    a_run(MINUTE, posted_at=now, applied_at=now, closed_at=now, stuck_at="turned")
    return through


def test_an_owner_reads_what_stopped_since_when_and_what_to_do(screens: Screens, ana: Client) -> None:
    since = stopped().delivered_at.astimezone(screens.cast.acme.zone)
    page = text_of(ana.get(screens.url("inbox/")))
    assert f"No test conversation has got through since {since:%H:%M}: the agent does not take its turns" in page
    assert "What was taken in is kept; answers may wait." in page
    assert "docs/operate.md, “Is it alive?”" in page


def test_it_stands_on_every_screen_and_not_before_those_who_cannot_act(screens: Screens, ana: Client) -> None:
    stopped()
    for place in ("inbox/", "handovers/", "settings/", "audit/"):
        assert "got through" in text_of(ana.get(screens.url(place))), place
    for colleague in (screens.bruno, screens.vera):
        page = colleague.get(screens.url("inbox/"))
        assert "got through" not in text_of(page)
        assert b'id="alarm"' not in page.content
    assert screens.bruno.get(screens.url("alarm/")).status_code == 403
    assert screens.clara.get(screens.url("alarm/")).status_code == 404


def test_while_all_is_well_nothing_is_said_and_the_screen_goes_on_asking(screens: Screens, ana: Client) -> None:
    a_run(2 * MINUTE, through=True)
    page = ana.get(screens.url("inbox/"))
    assert "got through" not in text_of(page)
    assert b'hx-get="/w/acme/alarm/"' in page.content
    alarm._alarm_at.cache_clear()
    a_run(timedelta(0), through=True).__class__.objects.all().delete()
    stopped()
    assert "the agent does not take its turns" in text_of(ana.get(screens.url("alarm/"), headers=HTMX))


def test_with_the_canary_off_nothing_is_asked(screens: Screens, ana: Client, settings: Any) -> None:
    stopped()
    settings.CANARY_SECONDS = 0
    page = ana.get(screens.url("inbox/"))
    assert "got through" not in text_of(page)
    assert b"alarm" not in page.content


def test_after_a_night_switched_off_nothing_has_stopped_yet(screens: Screens) -> None:
    stopped(ago=timedelta(hours=9))
    now = clock.now()
    assert alarm.alarm_of(read_liveness(now), watched_since=now - 2 * MINUTE) == alarm.Alarm()
    assert alarm.alarm_of(read_liveness(now), watched_since=now - 4 * MINUTE).what


def test_many_screens_cost_one_look(
    screens: Screens, ana: Client, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped()
    now = clock.now()
    alarm.current_alarm(now)
    with django_assert_num_queries(0):
        for _ in range(10):
            assert alarm.current_alarm(now)
