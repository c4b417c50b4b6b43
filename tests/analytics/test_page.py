"""The audit's page: for those who may configure, with every promise, its number, and the way to the conversation."""

import pytest
from django.test import Client

from analytics.audit.catalogue import all_checks
from analytics.models import AuditRun
from analytics.services.audits import run_audit, run_one_requested_audit
from project.kernel import clock
from project.kernel.scope import across_workspaces
from tests.analytics.history import History
from tests.inbox.screens import HTMX, browser_of, text_of

PAGE = "/w/acme/audit/"


@pytest.fixture
def ana(history: History) -> Client:
    return browser_of(history.cast.ana)


def test_before_the_first_run_the_page_invites_to_one(ana: Client) -> None:
    assert "Not looked at yet" in text_of(ana.get(PAGE))


def test_the_button_asks_and_the_page_waits_and_shows_the_result(ana: Client) -> None:
    assert "The audit is running" in text_of(ana.post(f"{PAGE}run/", follow=True))
    waiting = ana.get(PAGE).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    assert "disabled" in waiting
    assert run_one_requested_audit(clock.now())
    shown = ana.get(PAGE, headers=HTMX).content.decode()
    assert "hx-trigger" not in shown
    assert "<html" not in shown
    for check in all_checks():
        assert check.title in shown


def test_a_violation_leads_to_its_conversation(ana: Client, history: History) -> None:
    history.says()
    run_audit(workspace=history.cast.acme, since=None, now=history.now)
    page = ana.get(PAGE).content.decode()
    assert f"/w/acme/conversations/{history.cast.conversation.pk}/" in page
    assert page.count("Broken promises") == 1
    assert page.count("<b>Unanswered customers</b>") == 1
    assert "nobody has answered or decided since" in page


def test_what_others_ran_or_broke_is_not_shown(ana: Client, history: History) -> None:
    history.says()
    run_audit(workspace=history.cast.other, since=None, now=history.now)
    run_audit(workspace=None, since=None, now=history.now)
    assert "Not looked at yet" in text_of(ana.get(PAGE))


def test_a_run_older_than_a_check_shows_no_number_for_it(ana: Client, history: History) -> None:
    run = run_audit(workspace=history.cast.acme, since=None, now=history.now)
    del run.counts["late_steps"]
    run.save()
    assert "—" in text_of(ana.get(PAGE))


@pytest.mark.parametrize(("who", "status"), [("bruno", 403), ("vera", 403), ("clara", 404)])
def test_only_owners_and_managers_see_and_run_it(history: History, who: str, status: int) -> None:
    browser = browser_of(getattr(history.cast, who))
    assert browser.get(PAGE).status_code == status
    assert browser.post(f"{PAGE}run/").status_code == status
    with across_workspaces():
        assert not AuditRun.objects.exists()
