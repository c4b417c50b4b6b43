"""/readyz and /metrics: a process that is alive may consume nothing, and they say so."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from analytics.metrics import COUNTS, OLDEST_DUE
from analytics.models import Heartbeat
from analytics.models.canary import Stage
from analytics.services.heartbeat import EVERY, last_tick, record_tick
from messaging.models import WebhookEvent
from project.kernel import clock
from project.kernel.due import registered_sweeps
from project.kernel.scope import workspace_scope
from project.tasks import sweep
from tests.analytics.runs import a_run
from tests.cast import gather_cast
from tests.one_of_each import fill

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _canary_is_on(settings: Any) -> None:
    settings.CANARY_SECONDS = 60


def ready(client: Client) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]["canary"]


# -- /readyz -----------------------------------------------------------------------------------------------------


def test_a_conversation_that_got_through_lately_is_well(client: Client) -> None:
    a_run(2 * MINUTE, through=True)
    assert ready(client) == (200, "ok")
    assert client.get("/readyz").json()["seconds_since"]["canary"] == pytest.approx(119, abs=5)


@pytest.mark.parametrize(
    ("reached", "stage", "words"),
    [
        ((), Stage.POSTED, "is not taken in"),
        (("posted_at",), Stage.APPLIED, "is not applied"),
        (("posted_at", "applied_at"), Stage.TURNED, "does not take its turns"),
        (("posted_at", "applied_at", "turned_at", "queued_at"), Stage.ACCEPTED, "replies are not sent"),
    ],
)
def test_a_silent_canary_leaves_the_process_ready_and_names_the_stage(
    client: Client, reached: tuple[str, ...], stage: Stage, words: str
) -> None:
    a_run(10 * MINUTE, through=True)
    now = clock.now()
    for minutes in (3, 2, 1):  # all of them given up at the same stage
        a_run(minutes * MINUTE, **dict.fromkeys(reached, now), closed_at=now, stuck_at=stage)
    a_run(timedelta(seconds=1), posted_at=now)  # the newest is only on its way
    status, told = ready(client)
    assert status == 200
    assert re.match(r"the last test conversation got through (599|6\d\d) s ago; ", told)
    assert words in told and f"(stage “{stage}”)" in told


def test_when_no_run_is_begun_neither_clock_nor_worker_is_at_work(client: Client) -> None:
    a_run(10 * MINUTE, through=True)
    a_run(9 * MINUTE, posted_at=clock.now())  # the worker was stopped in the middle of it
    assert "neither the clock nor a worker is at work (stage “begun”)" in ready(client)[1]


def test_an_installation_where_nothing_ever_got_through_says_so(client: Client) -> None:
    assert ready(client)[1].startswith("no test conversation has got through yet; no test conversation is begun")


def test_off_is_said(client: Client, settings: Any) -> None:
    settings.CANARY_SECONDS = 0
    assert ready(client) == (200, "off")


def test_the_problem_of_the_call_is_told(client: Client) -> None:
    a_run(10 * MINUTE, through=True)
    a_run(MINUTE, closed_at=clock.now(), stuck_at="posted", problem="http://web:8000 answered 503")
    assert ready(client)[1].endswith(": http://web:8000 answered 503")


# -- the tick ----------------------------------------------------------------------------------------------------


def test_a_tick_leaves_its_time_and_is_no_write_a_second() -> None:
    Heartbeat.objects.all().delete()
    begun = clock.now()
    record_tick(begun)
    record_tick(begun + EVERY / 2)
    assert last_tick() == begun
    record_tick(begun + EVERY)
    assert last_tick() == begun + EVERY


def test_the_sweep_beats(client: Client) -> None:
    Heartbeat.objects.all().delete()
    assert client.get("/readyz").json()["checks"]["tick"] == "the clock has not ticked yet"
    sweep()
    answer = client.get("/readyz").json()
    assert (answer["checks"]["tick"], answer["seconds_since"]["tick"]) == ("ok", pytest.approx(0, abs=3))
    Heartbeat.objects.update(at=clock.now() - 2 * MINUTE)
    assert client.get("/readyz").json()["checks"]["tick"] == "the clock's last tick was worked on 120 s ago"


# -- /metrics ----------------------------------------------------------------------------------------------------


def scraped(client: Client, **headers: str) -> dict[str, float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_canary_s_age_and_what_its_conversation_took(client: Client) -> None:
    a_run(5 * MINUTE, through=True)
    record_tick(clock.now())
    numbers = scraped(client)
    assert numbers["baton_canary_age_seconds"] == pytest.approx(299, abs=5)
    assert numbers["baton_canary_seconds"] == pytest.approx(1)
    assert numbers["baton_tick_age_seconds"] == pytest.approx(0, abs=5)


def test_never_is_without_end_and_off_is_no_number(client: Client, settings: Any) -> None:
    assert scraped(client)["baton_canary_age_seconds"] == float("inf")
    settings.CANARY_SECONDS = 0
    assert "baton_canary_age_seconds" not in scraped(client)


def test_every_kind_of_due_row_has_its_age() -> None:
    assert set(OLDEST_DUE) == {due.name for due in registered_sweeps()}


def test_what_waits_is_counted_and_how_long(client: Client) -> None:
    quiet = scraped(client)
    assert {value for name, value in quiet.items() if name.startswith("baton_due_age")} == {0.0}
    cast = gather_cast()
    with workspace_scope(cast.acme):
        fill(cast)
    now = clock.now()
    WebhookEvent.objects.update(state="received", due_at=now - 3 * MINUTE)
    numbers = scraped(client)
    assert numbers["baton_events_waiting"] == 1
    assert numbers["baton_due_age_seconds events"] == pytest.approx(180, abs=5)
    assert numbers["baton_open_handovers"] == 1
    assert numbers["baton_ladder_late_seconds"] == numbers["baton_due_age_seconds ladder"]


def test_a_scrape_is_a_handful_of_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    a_run(10 * MINUTE, through=True)
    a_run(MINUTE, closed_at=clock.now(), stuck_at="applied")
    with django_assert_max_num_queries(9):
        client.get("/metrics")


@pytest.mark.parametrize("sql", [*OLDEST_DUE.values(), *(sql for _, sql in COUNTS.values())])
def test_what_a_scrape_asks_has_an_index_to_answer_from(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", {"now": clock.now()})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


def test_strangers_and_what_a_proxy_passes_on_learn_nothing(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.post("/metrics").status_code == 405


def test_with_a_token_the_token_decides(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "a token for the monitor"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer a guess"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer é"}).status_code == 403
    passed_on = {"Authorization": "Bearer a token for the monitor", "X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=passed_on, REMOTE_ADDR="203.0.113.9").status_code == 200
