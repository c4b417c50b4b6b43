"""A source whose applier tells what it did and when; the event's body says how it behaves."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from messaging.doors.sources import Source
from messaging.incoming import UnreadablePayload
from messaging.models import EventKey, WebhookEvent
from messaging.models.webhooks import EventState

SOURCE = Source(name="recorder", apply="tests.messaging.recorder.apply_event")
SOURCES = {"recorder": "tests.messaging.recorder.SOURCE"}


class ProcessEnded(BaseException):
    """What ends a process passes every `except Exception`, and its connection's transaction is undone."""


@dataclass
class Recorder:
    """Steps in the order in which they happened: (order key, event's key, begin or end)."""

    steps: list[tuple[str, str, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def keys(self, order_key: str) -> list[str]:
        return [key for sender, key, step in self.steps if sender == order_key and step == "begin"]

    def overlaps(self) -> int:
        """How often an event began while another of its sender was being applied."""
        under_way: dict[str, int] = {}
        count = 0
        for sender, _, step in self.steps:
            count += step == "begin" and under_way.get(sender, 0) > 0
            under_way[sender] = under_way.get(sender, 0) + (1 if step == "begin" else -1)
        return count


recorder = Recorder()


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState | None:
    recorder.steps.append((event.order_key, event.key, "begin"))
    try:
        return _behave(event, bytes(event.body), now)
    finally:
        recorder.steps.append((event.order_key, event.key, "end"))


def _behave(event: WebhookEvent, body: bytes, now: datetime) -> EventState | None:
    EventKey.objects.create(source="effect", source_id=0, key=event.key, received_at=now)
    if body == b"ignore":
        return EventState.IGNORED
    if body == b"unreadable":
        raise UnreadablePayload("no \x00 MessageSid")
    if body == b"deadly":
        raise ProcessEnded
    if body == b"broken":
        raise RuntimeError("it broke")
    if body == b"broken query":
        EventKey.objects.create(source="effect", source_id=0, key=event.key, received_at=now)
    if body == b"slow":
        time.sleep(0.003)
    if body == b"wait":
        recorder.entered.set()
        assert recorder.gate.wait(10)
    return None
