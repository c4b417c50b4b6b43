"""The way in: signing in, choosing a workspace, and the pages of refusal."""

import re

import pytest
from django.test import Client

from project.kernel.scope import across_workspaces
from tests.cast import PASSWORD, found, join
from tests.inbox.screens import HTMX, Screens, open_screens, text_of

pytestmark = pytest.mark.django_db

INLINE = re.compile(rb"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)")


@pytest.fixture
def screens() -> Screens:
    return open_screens()


def test_signing_in_leads_straight_to_the_one_workspace(screens: Screens) -> None:
    client = Client()
    credentials = {"login": "bruno@acme.test", "password": PASSWORD}
    response = client.post("/accounts/login/", credentials, follow=True)
    assert response.redirect_chain[-1][0] == "/w/acme/inbox/"


def test_a_wrong_password_is_told_on_the_page(screens: Screens) -> None:
    response = Client().post("/accounts/login/", {"login": "bruno@acme.test", "password": "wrong"})
    assert response.status_code == 200
    assert "not correct" in text_of(response)


def test_somebody_in_several_workspaces_chooses(screens: Screens) -> None:
    join(found("north", "nina@north.test"), "bruno@acme.test", "sales")
    page = text_of(screens.bruno.get("/"))
    assert "Where to?" in page and "Acme" in page and "North" in page


def test_somebody_in_none_learns_what_to_do(screens: Screens) -> None:
    with across_workspaces():
        screens.cast.clara.memberships.all().delete()
    assert "belongs to no workspace" in text_of(screens.clara.get("/"))


@pytest.mark.parametrize(
    "place", ["/accounts/login/", "/accounts/password/reset/", "/w/acme/inbox/", "/w/acme/handovers/", "thread"]
)
def test_no_page_needs_what_the_content_policy_forbids(screens: Screens, place: str) -> None:
    client = Client() if place.startswith("/accounts") else screens.bruno
    response = client.get(screens.thread if place == "thread" else place)
    assert response.status_code == 200
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not INLINE.findall(response.content)


def test_refusals_are_pages_that_say_why(screens: Screens) -> None:
    assert "There is nothing here" in text_of(screens.clara.get(screens.thread))
    refused = screens.vera.post(screens.thread + "resolve/")
    assert refused.status_code == 403
    assert "Your role (viewer) does not allow this." in text_of(refused)


def test_a_page_whose_session_ended_goes_to_sign_in_as_a_whole(screens: Screens) -> None:
    screens.bruno.logout()
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{screens.thread}?view=open"}
    response = screens.bruno.get(screens.thread + "since/?seq=1", headers=headers)
    assert response["HX-Redirect"].startswith("/accounts/login/?next=/w/acme/conversations/")
