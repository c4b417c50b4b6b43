"""Bugs on the way in."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from tests.chaos.patching import around, replace

from . import bug


@bug
def applied_before_effect() -> None:
    """The event is marked applied in a commit of its own, and its effect follows: a kill in between loses it."""
    from django.db import transaction

    from messaging.models import WebhookEvent
    from messaging.services import inbox

    def mark_then_apply(now: Any, *, claim: Any = inbox.claim_next_in_order) -> bool:
        with transaction.atomic():
            event = claim(now)
            if event is None:
                return False
            WebhookEvent.objects.filter(pk=event.pk).update(state="applied", applied_at=now)
        time.sleep(0.05)
        with transaction.atomic():
            inbox._apply(event, now)
        return True

    replace("messaging.tasks.apply_one_due_event", mark_then_apply)


@bug
def answered_before_commit() -> None:
    """The webhook's 204 leaves while its row is still on its way to the database."""
    import asyncio

    from messaging.doors.store import EventStore, StoreUnavailable

    async def answer_at_once(add: Any, store: EventStore, event: Any) -> bool:
        async def write() -> None:
            with suppress(StoreUnavailable):
                await add(store, event)

        store.__dict__.setdefault("writing", set()).add(asyncio.create_task(write()))
        return True

    around("messaging.doors.store.EventStore.add", answer_at_once)


@bug
def no_unique_key() -> None:
    """Every delivery of a webhook counts as a new event, and every event as a new message."""
    import uuid

    def always_new(read: Any, *args: Any, **kwargs: Any) -> str:
        return f"{read(*args, **kwargs)[:34]}:{uuid.uuid4().hex[:8]}"[:64]

    around("messaging.channels.twilio.webhook.inbound_key", always_new)


@bug
def no_list_sweep() -> None:
    """The provider's own list is never read."""
    replace("messaging.services.missed._sweep", lambda channel, now: None)
