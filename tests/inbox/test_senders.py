"""A sender that stands still is told of where people look, and goes on when somebody says so."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from messaging.models import Channel, SenderChange
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.inbox.screens import HTMX, Screens, browser_of, open_screens, text_of

pytestmark = pytest.mark.django_db

REFUSED = "The account SID or auth token is not accepted."


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def ana(screens: Screens) -> Client:
    return browser_of(screens.cast.ana)


def hold(screens: Screens, **columns: Any) -> None:
    with workspace_scope(screens.cast.acme):
        Channel.objects.filter(pk=screens.cast.channel.pk).update(**columns)


def inbox(browser: Client, screens: Screens, **options: Any) -> str:
    return text_of(browser.get(screens.url("inbox/"), **options))


def test_a_paused_sender_is_told_of_to_those_who_may_resume_it(screens: Screens, ana: Client) -> None:
    assert "is paused" not in inbox(ana, screens)
    hold(screens, paused_at=clock.now(), paused_reason=REFUSED)
    for options in ({}, {"headers": HTMX}):
        assert f"Sales is paused. {REFUSED} Resume" in inbox(ana, screens, **options)
    assert "is paused" not in inbox(screens.bruno, screens)


def test_a_pause_that_ends_by_itself_says_when(screens: Screens, ana: Client) -> None:
    soon = clock.now() + timedelta(minutes=5)
    hold(screens, paused_at=clock.now(), paused_reason="Too many refusals", resumes_at=soon)
    at = f"{soon.astimezone(screens.cast.acme.zone):%H:%M}"
    assert f"Sales is paused until {at}" in inbox(ana, screens)


def test_a_rest_is_told_without_a_button_and_a_moment_s_rest_is_not(screens: Screens, ana: Client) -> None:
    hold(screens, rests_until=clock.now() + timedelta(minutes=2), rest_reason="Sales does not answer.")
    shown = inbox(ana, screens)
    assert "Sales rests until" in shown
    assert "Resume" not in shown
    hold(screens, rests_until=clock.now() + timedelta(seconds=2))
    assert "Sales rests" not in inbox(ana, screens)


def test_resuming_is_recorded_with_who_did_it(screens: Screens, ana: Client) -> None:
    url = screens.url(f"senders/{screens.cast.channel.pk}/resume/")
    for options, status in (({}, 302), ({"headers": HTMX}, 200)):
        hold(screens, paused_at=clock.now(), paused_reason=REFUSED)
        answer = ana.post(url, **options)
        assert answer.status_code == status
        assert "is paused" not in text_of(answer)
    with workspace_scope(screens.cast.acme):
        assert not Channel.objects.filter(paused_at__isnull=False).exists()
        assert list(SenderChange.objects.values_list("sending", "user")) == [("resumed", screens.cast.ana.pk)] * 2


def test_nobody_else_resumes_it(screens: Screens) -> None:
    url = screens.url(f"senders/{screens.cast.channel.pk}/resume/")
    assert screens.bruno.post(url).status_code == 403
    assert screens.clara.post(url).status_code == 404
    assert screens.clara.post(url.replace("/acme/", "/other/")).status_code == 404
