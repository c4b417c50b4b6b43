"""What the settings promise: strict headers, a cache that may be away, a schedule that is what the file says."""

import os
import subprocess
import sys
import time
from datetime import timedelta

import psycopg
import pytest
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django_celery_beat.models import PeriodicTask

from project.cache import TolerantRedisCache
from project.csp import EMBEDDABLE, ContentSecurityPolicyMiddleware
from project.env import InvalidEnvironment
from project.installation import CHECKOUT
from project.schedule import TICKS, Tick, sync_schedule
from project.settings.databases import postgres
from project.settings.logs import hide_secrets
from project.settings.redis import celery_broker

NOBODY_LISTENS = "unix:///nobody/listens/here.sock"


# Health


def test_healthz_answers_without_a_database(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_says_what_it_looked_at(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert {name: answer.json()["checks"][name] for name in ("database", "migrations", "redis")} == {
        "database": "ok",
        "migrations": "ok",
        "redis": "ok",
    }


@pytest.mark.django_db
def test_without_redis_it_is_still_ready_and_says_so(client, settings):
    settings.REDIS_URL = NOBODY_LISTENS
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["redis"]) == (200, "unavailable")


# Content-Security-Policy


def header_for(response: HttpResponse, path: str = "/") -> str:
    return ContentSecurityPolicyMiddleware(lambda _: response)(RequestFactory().get(path)).headers[
        "Content-Security-Policy"
    ]


def test_pages_allow_no_inline_script_and_no_foreign_frame(client: Client):
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy


def test_a_view_widens_its_own_response_only():
    embeddable = HttpResponse()
    embeddable.csp = EMBEDDABLE
    assert "frame-ancestors *" in header_for(embeddable)
    assert "frame-ancestors 'self'" in header_for(HttpResponse())


# Redis may be away


def test_the_cache_forgets_when_redis_is_away_and_does_so_at_once():
    cache = TolerantRedisCache(NOBODY_LISTENS, {})
    started = time.monotonic()
    cache.set("name", "value")
    assert cache.get("name", "nothing") == "nothing"
    assert cache.add("lock", True) is True
    assert cache.delete("name") is False
    assert time.monotonic() - started < 1


def test_the_cache_remembers_when_redis_is_there(settings):
    cache = TolerantRedisCache(settings.REDIS_URL, {})
    cache.set("name", "value")
    assert cache.get("name") == "value"
    assert cache.add("name", "other") is False
    assert cache.delete("name") is True


def test_the_test_settings_do_not_share_the_cache_between_runs():
    assert "locmem" in str(type(caches["default"]))


def test_a_publish_to_a_redis_that_is_away_gives_up_within_a_second_and_a_half():
    script = f"""
import os, time
os.environ.update(REDIS_URL={NOBODY_LISTENS!r})
import django; django.setup()
from project.celery import app
started = time.monotonic()
try:
    app.send_task("project.tasks.sweep")
except Exception as error:
    print(type(error).__name__, time.monotonic() - started)
"""
    shown = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    name, seconds = shown.stdout.split()
    assert name == "OperationalError"
    assert float(seconds) < 1.5


# Addresses in the words of each library


def test_a_socket_is_spelled_the_way_celery_wants():
    assert celery_broker("unix:///run/redis.sock?db=3") == "redis+socket:///run/redis.sock?virtual_host=3"
    assert celery_broker("redis://cache:6379/1") == "redis://cache:6379/1"


def test_a_database_url_becomes_settings_with_a_pool():
    database = postgres("postgresql://ana:p%40ss@db:5433/baton?sslmode=require", pool_size=7)
    assert (database["USER"], database["PASSWORD"], database["HOST"], database["PORT"], database["NAME"]) == (
        ("ana", "p@ss", "db", "5433", "baton")
    )
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 7
    assert database["CONN_MAX_AGE"] == 0


def test_a_forgotten_transaction_is_ended_by_postgresql():
    options = postgres(os.environ["DATABASE_URL"], pool_size=2)["OPTIONS"]["options"]
    with psycopg.connect(os.environ["DATABASE_URL"], options=options) as session:
        assert session.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10s",)


def test_what_the_database_url_says_of_its_own_wins():
    url = "postgresql://db/baton?options=-c%20idle_in_transaction_session_timeout%3D5min"
    assert postgres(url, pool_size=2)["OPTIONS"]["options"].endswith("-c idle_in_transaction_session_timeout=5min")


@pytest.mark.parametrize("url", ["mysql://db/baton", "postgresql://db", "baton"])
def test_what_is_no_database_url_is_refused_without_repeating_it(url):
    with pytest.raises(InvalidEnvironment, match="DATABASE_URL") as refusal:
        postgres(url, pool_size=5)
    assert url not in str(refusal.value).replace("DATABASE_URL", "")


# Logs


def test_no_secret_reaches_the_log():
    event = hide_secrets(
        None, "info", {"event": "broker redis://user:hunter2@cache:6379", "auth_token": "hunter2", "lead": 3}
    )
    assert event == {"event": "broker redis://…@cache:6379", "auth_token": "…", "lead": 3}


# Schedule


def entries() -> set[tuple[str, str, timedelta]]:
    return {
        (row.name, row.task, row.schedule.run_every)
        for row in PeriodicTask.objects.exclude(task="celery.backend_cleanup")
    }


@pytest.mark.django_db
def test_the_schedule_in_the_database_is_what_the_file_says():
    sync_schedule()
    assert entries() == {(tick.name, tick.task, tick.every) for tick in TICKS}
    assert sync_schedule() == 0


@pytest.mark.django_db
def test_an_entry_that_left_the_file_leaves_the_database_and_the_operators_own_stays():
    old = Tick(name="old", task="gone", every=timedelta(minutes=1), expires=timedelta(minutes=1))
    sync_schedule((*TICKS, old))
    own = PeriodicTask.objects.get(name="old")
    own.pk, own.name, own.description = None, "operator's own", ""
    own.save()

    sync_schedule()
    assert {name for name, _, _ in entries()} == {"sweep", "operator's own"}


@pytest.mark.django_db
def test_a_changed_interval_is_written():
    sync_schedule()
    slower = Tick(name="sweep", task="project.tasks.sweep", every=timedelta(seconds=7), expires=timedelta(seconds=2))
    assert sync_schedule((slower,)) == 1
    assert entries() == {("sweep", "project.tasks.sweep", timedelta(seconds=7))}


# Production


def production_check(**environment: str) -> "subprocess.CompletedProcess[str]":
    base = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "project.settings.production",
        "SECRET_KEY": "x" * 60 + "1234567890abcdefghij",
        "FIELD_ENCRYPTION_KEY": "field key",
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": os.environ["REDIS_URL"],
        "PUBLIC_BASE_URL": "https://baton.example",
        "BATON_DATA": "/nonexistent",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR"],
        cwd=CHECKOUT,
        env=base | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
def test_production_settings_pass_djangos_own_check():
    shown = production_check()
    assert shown.returncode == 0, shown.stderr


@pytest.mark.slow
def test_production_refuses_an_address_without_tls():
    shown = production_check(PUBLIC_BASE_URL="http://baton.example")
    assert shown.returncode == 2
    assert "PUBLIC_BASE_URL='http://baton.example'" in shown.stderr
