"""When the code itself fails: a problem in the API's own shape, and the traceback in the log alone."""

import logging

import pytest
from django.test import Client

from inbox.api import queries
from tests.cast import Cast, gather_cast
from tests.inbox.screens import browser_of

pytestmark = pytest.mark.django_db

SECRET = "the password is 12345"


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


@pytest.fixture
def bruno(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Bruno, while the list of leads is broken."""

    def broken() -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(queries, "leads", broken)
    browser = browser_of(cast.bruno)
    browser.raise_request_exception = False
    return browser


def test_an_unexpected_error_is_a_problem_without_its_cause_and_the_log_has_it(
    bruno: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="django.request"):
        answer = bruno.get("/api/v1/leads/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/json")
    assert answer.json()["error"]["code"] == "server_error"
    assert SECRET not in answer.content.decode()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [SECRET]


def test_a_developer_sees_the_traceback(bruno: Client, settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    answer = bruno.get("/api/v1/leads/", headers={"Accept": "application/json"})
    assert answer.status_code == 500
    assert "RuntimeError" in answer.content.decode()


def test_a_request_for_somebody_else_s_host_is_refused_in_the_same_shape(bruno: Client, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["baton.test"]  # type: ignore[attr-defined]
    answer = bruno.get("/api/v1/leads/", headers={"Host": "forged.test"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")
    assert "json" not in bruno.get("/", headers={"Host": "forged.test"}).headers["Content-Type"]


def test_the_screens_keep_their_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("inbox.views.handovers.read_queue", broken)
    browser = browser_of(cast.bruno)
    browser.raise_request_exception = False
    answer = browser.get("/w/acme/handovers/")
    assert answer.status_code == 500
    assert "Something failed here" in answer.content.decode()
    assert SECRET not in answer.content.decode()
