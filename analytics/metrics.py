"""What a monitoring system asks every few seconds: how long things wait, and how many."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from messaging.services.sendable import SENDABLE

from .liveness import Liveness, read_liveness


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number of this moment; with a label, one number for each of its values."""

    name: str
    help: str
    value: float | dict[str, float]
    label: str = ""


OLDEST_DUE = {
    "events": "SELECT min(due_at) FROM messaging_webhookevent WHERE state = 'received'",
    "messages": f"SELECT min(message.due_at) {SENDABLE}",
    "channels": "SELECT min(sweep_due_at) FROM messaging_channel WHERE sweep_due_at IS NOT NULL",
    "attempts": """
        SELECT least((SELECT min(deadline_at) FROM messaging_attempt WHERE state = 'calling'),
                     (SELECT min(settle_at) FROM messaging_attempt WHERE state = 'unknown'))
    """,
    "turns": """
        SELECT least((SELECT min(turn_due_at) FROM messaging_conversation WHERE turn_due_at IS NOT NULL),
                     (SELECT min(CASE WHEN state = 'waiting' THEN due_at ELSE claimed_until END) FROM agents_turn
                       WHERE state IN ('waiting', 'taken')))
    """,
    "senders": "SELECT min(resumes_at) FROM messaging_channel WHERE resumes_at IS NOT NULL",
    "upkeep": "SELECT min(upkeep_due_at) FROM messaging_channel WHERE upkeep_due_at IS NOT NULL",
    "agent messages": "SELECT min(due_at) FROM agents_agentmessage WHERE due_at IS NOT NULL",
    "alerts": "SELECT min(due_at) FROM agents_staffalert WHERE due_at IS NOT NULL",
    "troubles": "SELECT min(last_at) FROM messaging_channeltrouble WHERE told_at IS NULL",
    "extractions": """
        SELECT min(CASE WHEN state = 'waiting' THEN due_at ELSE claimed_until END) FROM agents_extraction
         WHERE state IN ('waiting', 'taken')""",
    "scores": "SELECT min(due_at) FROM agents_leadscore WHERE due_at IS NOT NULL",
    "model troubles": "SELECT min(due_at) FROM agents_modeltrouble WHERE due_at IS NOT NULL",
    "proposals": "SELECT min(due_at) FROM crm_mergeproposal WHERE due_at IS NOT NULL",
    "attachments": "SELECT min(due_at) FROM messaging_attachment WHERE due_at IS NOT NULL",
    "mailboxes": "SELECT min(fetch_due_at) FROM messaging_channel WHERE fetch_due_at IS NOT NULL",
    "trained layers": "SELECT min(due_at) FROM agents_trainedlayer WHERE due_at IS NOT NULL",
    "knowledge sources": "SELECT min(due_at) FROM agents_knowledgesource WHERE due_at IS NOT NULL",
    "embeddings": "SELECT NULL::timestamptz",  # they have no time of their own: done when the server has room
    "webhook deliveries": "SELECT min(due_at) FROM webhooks_delivery WHERE state = 'pending'",
    "old webhook deliveries": """
        SELECT min(ended_at) + interval '30 days' FROM webhooks_delivery WHERE ended_at IS NOT NULL""",
    "lost words": "SELECT min(alert_due_at) FROM messaging_message WHERE alert_due_at IS NOT NULL",
    "returning floors": "SELECT min(returns_at) FROM messaging_floor WHERE returns_at IS NOT NULL",
    "ladder": "SELECT min(due_at) FROM handover_ladderstep WHERE state = 'pending'",
    "audits": "SELECT min(requested_at) FROM analytics_auditrun WHERE started_at IS NULL",
    "canary": "SELECT min(begun_at) FROM analytics_canaryrun WHERE closed_at IS NULL",
}
"""By the name of its sweep: when the row that is due longest fell due. Each reads a partial index."""

COUNTS = {
    "baton_events_waiting": (
        "Webhook events received and not applied.",
        "SELECT count(*) FROM messaging_webhookevent WHERE state = 'received'",
    ),
    "baton_messages_queued": (
        "Messages in the outbox that have not left.",
        "SELECT count(*) FROM messaging_message WHERE status = 'queued'",
    ),
    "baton_attempts_unknown": (
        "Calls to a provider of which nobody knows yet whether they were carried out.",
        "SELECT count(*) FROM messaging_attempt WHERE state = 'unknown'",
    ),
    "baton_dead_letters": (
        "Messages that failed or are in doubt, and wait for a person's decision.",
        "SELECT count(*) FROM messaging_message WHERE status IN ('failed', 'in_doubt') AND dismissed_at IS NULL",
    ),
    "baton_open_handovers": (
        "Customers who asked for a person and were not answered, booked or resolved yet.",
        """SELECT count(*) FROM handover_handover AS handover
             JOIN crm_workspace AS workspace ON workspace.id = handover.workspace_id AND NOT workspace.is_internal
            WHERE handover.state IN ('waiting', 'callback')""",
    ),
}


def read_gauges(now: datetime) -> Iterator[Gauge]:
    yield from _liveness(read_liveness(now))
    yield from _counts()
    late = _due_ages(now)
    yield Gauge("baton_due_age_seconds", "How long the row that is due longest has been due.", late, label="sweep")
    yield Gauge("baton_ladder_late_seconds", "How late the latest step of a handover's ladder is.", late["ladder"])


def _liveness(alive: Liveness) -> Iterator[Gauge]:
    """While the canary is off its age is no number. When nothing ever got through it is without end."""
    if alive.is_on:
        yield Gauge("baton_canary_age_seconds", "Since a test conversation last got through.", _seconds(alive.age))
        if alive.took is not None:
            took = alive.took.total_seconds()
            yield Gauge("baton_canary_seconds", "How long the last test conversation took.", took)
    yield Gauge("baton_tick_age_seconds", "Since the clock's last tick was worked on.", _seconds(alive.tick_age))


def _seconds(age: timedelta | None) -> float:
    return age.total_seconds() if age is not None else float("inf")


def _counts() -> Iterator[Gauge]:
    columns = ", ".join(f"({sql})" for _, sql in COUNTS.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}")
        row = cursor.fetchone()
    for (name, (told, _)), count in zip(COUNTS.items(), row, strict=True):
        yield Gauge(name, told, float(count))


def _due_ages(now: datetime) -> dict[str, float]:
    """0 where nothing is due."""
    columns = ", ".join(f"({sql})" for sql in OLDEST_DUE.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", {"now": now})
        row = cursor.fetchone()
    oldest = zip(OLDEST_DUE, row, strict=True)
    return {name: max((now - due).total_seconds(), 0.0) if due else 0.0 for name, due in oldest}
