"""Wake-up calls. Each drains its kind of due row; a lost call costs a second, because the tick calls again."""

from datetime import datetime

from celery import shared_task

from agents import alerts, bus, coordinator, corrections, lost_words
from agents.knowledge import meaning, sources
from agents.primary import turns
from agents.qualification import extraction, scoring
from project.kernel import clock
from project.kernel.due import drain


@shared_task(name="agents.tasks.take_turns")
def take_turns() -> int:
    return drain(turns.take_one_due_turn, clock=clock.now)


@shared_task(name="agents.tasks.deliver_agent_messages")
def deliver_agent_messages() -> int:
    return drain(bus.deliver_one_due_agent_message, clock=clock.now)


@shared_task(name="agents.tasks.mail_alerts")
def mail_alerts() -> int:
    return drain(alerts.mail_one_due_alert, clock=clock.now)


@shared_task(name="agents.tasks.alert_of_lost_words")
def alert_of_lost_words() -> int:
    return drain(lost_words.alert_of_one_lost_message, clock=clock.now)


@shared_task(name="agents.tasks.tell_troubles")
def tell_troubles() -> int:
    return drain(alerts.tell_one_trouble, clock=clock.now)


@shared_task(name="agents.tasks.tell_model_troubles")
def tell_model_troubles() -> int:
    return drain(alerts.tell_one_model_trouble, clock=clock.now)


@shared_task(name="agents.tasks.train_layers")
def train_layers() -> int:
    return drain(corrections.train_one_due_layer, clock=clock.now)


@shared_task(name="agents.tasks.return_floors")
def return_floors() -> int:
    return drain(coordinator.return_one_due_floor, clock=clock.now)


@shared_task(name="agents.tasks.extract_facts")
def extract_facts() -> int:
    """Nobody waits for facts: replies go first, and the next tick looks again."""
    return drain(_extract_while_nobody_waits, clock=clock.now)


def _extract_while_nobody_waits(now: datetime) -> bool:
    return not turns.has_due_turns(now) and extraction.extract_one_due(now)


@shared_task(name="agents.tasks.rescore_leads")
def rescore_leads() -> int:
    return drain(scoring.rescore_one_due_batch, clock=clock.now)


@shared_task(name="agents.tasks.read_sources")
def read_sources() -> int:
    return drain(sources.read_one_due_source, clock=clock.now)


@shared_task(name="agents.tasks.embed_knowledge")
def embed_knowledge() -> int:
    return drain(meaning.embed_one_due_batch, clock=clock.now, limit=20)
