"""Threads of one worker that send what is due, and threads that make the same calls with nothing around them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from bench.dispatch import WARM_UP
from messaging import transports
from messaging.models import Channel
from messaging.services import dispatch
from project.kernel import clock
from project.kernel.scope import across_workspaces
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN

PATH = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


def measure(*, threads: int, bare_calls: int = 0) -> dict[str, Any]:
    """Says “ready” when it is warm and waits for the word to begin. With `bare_calls`, so many a thread, and no row."""
    work = _bare(bare_calls) if bare_calls else _send_all
    warm_up = _bare(WARM_UP) if bare_calls else _send_a_few
    counts: list[int] = []

    def run() -> None:
        warm_up()
        ready.wait()
        started.wait()
        counts.append(work())
        connection.close()

    ready, started = threading.Barrier(threads + 1), threading.Event()
    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    ready.wait(60)
    print("ready", flush=True)
    sys.stdin.readline()
    began, spent = time.monotonic(), time.process_time()
    started.set()
    for thread in running:
        thread.join()
    return {
        "done": sum(counts),
        "began": began,
        "ended": time.monotonic(),
        "cpu_seconds": time.process_time() - spent,
    }


def _send_all() -> int:
    """Until nothing is due: as the task does, which is woken as long as there is."""
    count = 0
    while dispatch.send_one_due_message(clock.now()):
        count += 1
    return count


def _send_a_few() -> int:
    return sum(dispatch.send_one_due_message(clock.now()) for _ in range(WARM_UP))


def _bare(calls: int) -> Callable[[], int]:
    with across_workspaces():
        channel = Channel.objects.get(kind="whatsapp_twilio")
    transport = transports.transport_for(channel.kind, channel.settings, channel.secrets)
    http: Any = transport._client.http_client  # type: ignore[attr-defined]
    form = {
        "To": "whatsapp:+5511987654321",
        "From": channel.sender,
        "Body": "We have three plans. Which one suits you depends on how many people will use it.",
        "StatusCallback": "https://baton.example/hooks/whatsapp_twilio/token/status/?mid=x",
    }

    def call() -> int:
        for _ in range(calls):
            answer = http.request("POST", PATH, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN))
            assert answer.status_code == 201, answer.text
        return calls

    return call
