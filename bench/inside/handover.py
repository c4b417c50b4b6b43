"""One customer asks for a person, on the way every customer takes: whatever else is cloned from these rows."""

from __future__ import annotations

from urllib.parse import urlencode

from agents import bus
from agents.primary import turns
from messaging.models import Channel
from messaging.services.inbox import apply_one_due_event, store_event
from project.kernel import clock
from project.kernel.due import drain
from project.kernel.scope import across_workspaces
from tests.doubles.twilio import inbound_form


def measure() -> dict[str, int]:
    with across_workspaces():
        channel = Channel.objects.get()
    form = inbound_form("I want to talk to a human", sender="whatsapp:+5511000000000", message_sid="SM" + "f" * 32)
    store_event(
        workspace_id=channel.workspace_id,
        source=channel.kind,
        source_id=channel.pk,
        kind="inbound",
        key=form["MessageSid"],
        order_key=form["From"],
        body=urlencode(form).encode(),
        now=clock.now(),
    )
    sweepers = (apply_one_due_event, turns.take_one_due_turn, bus.deliver_one_due_agent_message)
    return {sweeper.__name__: drain(sweeper, clock=clock.now) for sweeper in sweepers}
