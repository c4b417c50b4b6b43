"""The canary on a real installation: it gets through; where a process is stopped it says so, and heals by itself."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

import pytest

from bench.system import NotReady
from tests.doubles.model import ModelDouble
from tests.system.installation import PASSWORD, Acme, acme_installation, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PERIOD = 4
SILENT = 3 * PERIOD
STAGES = ["begun", "posted", "applied", "turned", "queued", "accepted", "delivered"]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelDouble]:
    with ModelDouble() as double:
        yield double


@pytest.fixture(scope="module")
def acme(model: ModelDouble) -> Iterator[Acme]:
    """With a model, so that turns have a worker of their own."""
    with acme_installation(CANARY_SECONDS=f"{PERIOD}", OPENAI_BASE_URL=model.base_url) as running:
        eventually(lambda: well(running), seconds=60)
        yield running


def get(acme: Acme, path: str) -> str:
    with urllib.request.urlopen(f"{acme.system.url}{path}", timeout=10) as answer:
        return answer.read().decode()


def checks(acme: Acme) -> dict[str, str]:
    found: dict[str, str] = json.loads(get(acme, "/readyz"))["checks"]  # 200, or urlopen raises
    return found


def well(acme: Acme) -> bool:
    return checks(acme)["canary"] == "ok"


def metric(acme: Acme, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", get(acme, "/metrics"), re.MULTILINE)
    assert found, name
    return float(found[1])


@contextmanager
def stopped(acme: Acme, program: str) -> Iterator[None]:
    """Alive, and consuming nothing."""
    pid = eventually(lambda: acme.pid(program))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Browser:
    """Ana's, signed in."""

    def __init__(self, acme: Acme) -> None:
        self._url, self._jar = acme.system.url, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._opener.open(f"{self._url}/accounts/login/")
        token = next(cookie.value for cookie in self._jar if cookie.name == "csrftoken")
        form = {"login": "ana@acme.test", "password": PASSWORD, "csrfmiddlewaretoken": token or ""}
        self._opener.open(f"{self._url}/accounts/login/", urlencode(form).encode())

    def banner(self) -> str:
        page: http.client.HTTPResponse = self._opener.open(f"{self._url}/w/acme/alarm/")
        return " ".join(re.sub(r"<[^>]*>|{#.*?#}", " ", page.read().decode()).split())


def by_hand(acme: Acme, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = acme.manage("canary", *words)
    return answer


def test_a_conversation_gets_through_within_seconds_and_asks_no_model(acme: Acme, model: ModelDouble) -> None:
    asked = len(model.requests)
    answer = by_hand(acme)
    assert (answer["got_through"], answer["stuck_at"], answer["problem"]) == (True, None, "")
    assert [stage["stage"] for stage in answer["stages"]] == STAGES
    took = [stage["seconds"] for stage in answer["stages"]]
    assert all(seconds is not None for seconds in took) and took[-1] < 10
    assert len(model.requests) == asked
    assert not acme.twilio.messages()


def test_it_goes_on_by_itself(acme: Acme) -> None:
    eventually(lambda: well(acme))
    assert metric(acme, "baton_canary_age_seconds") < SILENT
    assert 0 < metric(acme, "baton_canary_seconds") < 10
    assert metric(acme, "baton_tick_age_seconds") < 20
    assert checks(acme)["tick"] == "ok"
    assert Browser(acme).banner() == ""


def test_a_worker_that_is_alive_and_consumes_nothing_is_told_of_and_heals(acme: Acme) -> None:
    browser = Browser(acme)
    with stopped(acme, "worker"):
        silence = eventually(lambda: told if (told := checks(acme)["canary"]) != "ok" else "", seconds=40)
        assert "neither the clock nor a worker is at work (stage “begun”)" in silence
        assert acme.pid("worker"), "its process is there"
        younger = metric(acme, "baton_canary_age_seconds")
        assert younger > SILENT
        assert "neither the clock nor a worker is at work" in eventually(browser.banner, seconds=20)
        eventually(lambda: metric(acme, "baton_canary_age_seconds") > younger + 1)
        eventually(lambda: checks(acme)["tick"] != "ok", seconds=40)
    eventually(lambda: well(acme), seconds=60)
    eventually(lambda: not browser.banner(), seconds=20)
    assert metric(acme, "baton_canary_age_seconds") < SILENT
    eventually(lambda: checks(acme)["tick"] == "ok")


def test_a_stage_that_nobody_works_on_is_named(acme: Acme) -> None:
    """The clock and the worker are well; only turns are not taken."""
    with stopped(acme, "reasoning"):
        silence = eventually(lambda: told if (told := checks(acme)["canary"]) != "ok" else "", seconds=60)
        assert "the agent does not take its turns (stage “turned”)" in silence
        assert checks(acme)["tick"] == "ok"
        with pytest.raises(NotReady, match="“turned” was not reached"):
            by_hand(acme, "--wait", "3")
    eventually(lambda: well(acme), seconds=60)


def test_a_web_process_that_takes_nothing_in_is_named_by_the_command(acme: Acme) -> None:
    with stopped(acme, "web"), pytest.raises(NotReady, match="“posted” was not reached"):
        by_hand(acme, "--wait", "1")
    assert by_hand(acme)["got_through"]


def test_its_conversations_are_clean_in_the_audit_and_shown_to_nobody(acme: Acme) -> None:
    assert acme.api("GET", "conversations/")["results"] == []
    assert [found["slug"] for found in acme.api("GET", "workspaces/")] == ["acme"]
    assert acme.manage("audit")["abandoned_handovers"] == 0
