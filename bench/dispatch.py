"""Outbox rows to accepted, a second, beside as many bare calls of the same client's HTTP at the same concurrency.

The Twilio double answers after 20 ms. Each message is of another lead and goes the whole way: claim, gate, tokens,
attempt, call, settlement, trail, and news for the screens. Eight at once are two processes of four threads.
"""

from __future__ import annotations

import json
import subprocess
import urllib.request
from typing import Any

from bench.ground import Ground, NotReady, running_servers
from bench.results import Figure, result
from bench.system import SENDER, running_double
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN

LATENCY_MS = 20
PROCESSES = 2
THREADS = 4
WARM_UP = 5
"""Messages of each thread before the clock starts."""
A_SECOND = 100
"""Messages for each second that the measurement is asked to last."""

ROWS = """
INSERT INTO crm_lead (workspace_id, name, company, email, language, timezone, is_vip, created_at)
SELECT workspace_id, 'Davi', '', '', '', '', false, now() FROM messaging_channel, generate_series(1, {count});

INSERT INTO messaging_conversation
    (workspace_id, lead_id, channel_id, status, seq, unread, last_message_at, last_inbound_at, last_preview, last_voice,
     created_at)
SELECT lead.workspace_id, lead.id, channel.id, 'open', 1, 0, now(), now(), '', '', now()
  FROM crm_lead AS lead, messaging_channel AS channel WHERE channel.workspace_id = lead.workspace_id;

INSERT INTO messaging_servicewindow (workspace_id, conversation_id, channel_id, address, opened_at, closes_at)
SELECT workspace_id, id, channel_id, 'whatsapp:+55119' || lpad(id::text, 8, '0'), now(), now() + interval '1 day'
  FROM messaging_conversation;

INSERT INTO messaging_floor (workspace_id, lead_id, holder, priority, epoch, expires_at, changed_at)
SELECT workspace_id, lead_id, 'primary', 2, 1, now() + interval '1 day', now() FROM messaging_conversation;

INSERT INTO messaging_message
    (id, workspace_id, conversation_id, lead_id, channel_id, direction, voice, purpose, body, media, payload, status,
     position, seq, at, provider_id, intent_key, epoch, priority, due_at, attempts_made, attempts_forgiven, verdict,
     error_code)
SELECT gen_random_uuid(), workspace_id, id, lead_id, channel_id, 'out', 'ai', 'service',
       'We have three plans. Which one suits you depends on how many people will use it.', '[]', '{{}}', 'queued',
       1, 1, now(), '', 'bench:' || id, 1, 2, now(), 0, 0, '{{}}', ''
  FROM messaging_conversation;

VACUUM ANALYZE messaging_message;
VACUUM ANALYZE messaging_conversation
"""


def measure(*, seconds: float = 8) -> dict[str, Any]:
    count = int(seconds * A_SECOND)
    total = count + PROCESSES * THREADS * WARM_UP
    with running_servers() as ground, running_double("twilio", "--statuses", "") as twilio:
        _slow_down(twilio)
        _connect(ground, twilio)
        before = _run(ground, bare_calls=count // 2 // (PROCESSES * THREADS))
        _queue(ground, total)
        sent = _run(ground)
        after = _run(ground, bare_calls=count // 2 // (PROCESSES * THREADS))
        accepted = ground.number("SELECT count(*) FROM messaging_message WHERE status = 'accepted'")
        limit = (before["per_second"] + after["per_second"]) / 2
        figures = [
            Figure("messages accepted", sent["per_second"], "messages per second", limit, at_least=0.5),
            Figure("messages left behind", total - accepted, "messages", at_most=0),
        ]
        return result(
            "dispatch",
            figures,
            place=ground,
            messages=count,
            concurrency=f"{PROCESSES} processes of {THREADS} threads",
            latency_ms=LATENCY_MS,
            worker_cpu_ms_per_message=round(sent["cpu_seconds"] * 1000 / sent["done"], 2),
            bare_cpu_ms_per_call=round(after["cpu_seconds"] * 1000 / after["done"], 2),
            bare_calls_per_second=[round(before["per_second"], 1), round(after["per_second"], 1)],
            limit_is="as many bare calls through the same HTTP client, half before and half after",
        )


def _slow_down(twilio: str) -> None:
    fault = json.dumps({"fault": "slow", "times": 10**9, "ms": LATENCY_MS}).encode()
    request = urllib.request.Request(f"{twilio}/_control/faults", data=fault, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


def _connect(ground: Ground, twilio: str) -> None:
    """The sender's rate is set beyond what can be reached: its tokens are taken, and not waited for."""
    ground.manage(
        "create_workspace", "--slug", "bench", "--name", "Bench", "--timezone", "UTC",
        "--owner-email", "ana@bench.test", "--owner-password", "a long bench password",
    )  # fmt: skip
    settings = {
        "account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": SENDER, "api_base": twilio,
        "public_base_url": "https://baton.example", "rate_per_second": "10000",
    }  # fmt: skip
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    ground.manage("create_channel", "whatsapp_twilio", "--workspace", "bench", "--name", "Sales", *words)


def _queue(ground: Ground, count: int) -> None:
    with ground.connect() as connection:
        for statement in ROWS.format(count=count).split(";"):
            connection.execute(statement)  # type: ignore[call-overload]


def _run(ground: Ground, **words: int) -> dict[str, float]:
    """All processes begin together; from the first's beginning to the last's end."""
    given = json.dumps({"threads": THREADS, **words})
    processes = [ground.start("-m", "bench.inside", "dispatch", given) for _ in range(PROCESSES)]
    for process in processes:
        _expect_ready(process)
    for process in processes:
        assert process.stdin
        process.stdin.write(b"begin\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate()[0]) for process in processes]
    seconds = max(answer["ended"] for answer in answers) - min(answer["began"] for answer in answers)
    done = sum(answer["done"] for answer in answers)
    cpu_seconds = sum(answer["cpu_seconds"] for answer in answers)
    return {"done": done, "seconds": seconds, "per_second": done / seconds, "cpu_seconds": cpu_seconds}


def _expect_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout
    if process.stdout.readline().strip() != b"ready":
        raise NotReady(process.communicate()[1].decode(errors="replace")[-2000:])
