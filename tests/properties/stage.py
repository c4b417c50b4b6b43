"""Where the machines play: Acme with Ana, Bruno and a WhatsApp channel that stay, and rows that each example leaves."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

from celery.app.task import Task
from django.apps import apps
from django.db import connection

from analytics.audit.checks import Family, Level, run_check
from crm.models import User, Workspace
from handover.models import HandoverPolicy
from messaging import live, transports
from messaging.models import Channel, Conversation, ServiceWindow
from messaging.services import dispatch
from messaging.services.channels import create_channel
from project.kernel.scope import workspace_scope
from tests.cast import NOON, TWILIO, found, join, meet

from .clock import VirtualClock, virtual_clock
from .processes import Process, stopping_after_commits
from .provider import Provider

SEVERAL_DAYS = timedelta(days=30)
_APPS = ("crm", "messaging", "agents", "handover", "analytics")
_STAY = {"Workspace", "User", "Membership", "Channel"}


@dataclass(slots=True)
class Stage:
    clock: VirtualClock
    provider: Provider
    workspace: Workspace
    people: tuple[User, User]
    channel: Channel
    processes: tuple[Process, Process]
    channel_at_noon: dict[str, Any]

    def clear(self) -> None:
        """As it was at noon: nobody known, nothing said."""
        _delete_rows()
        self.clock.set(NOON)
        self.provider.book.clear()
        self.provider.is_away = False
        Channel.objects.filter(pk=self.channel.pk).update(**self.channel_at_noon)
        Workspace.objects.filter(pk=self.workspace.pk).update(
            auto_return_minutes=None, booking_url="https://acme.test/book"
        )
        self.workspace.refresh_from_db()
        HandoverPolicy.objects.create(workspace=self.workspace)

    def meet(self, phone: str, name: str) -> Conversation:
        """Somebody who wrote some time ago, whose window is wide open."""
        _, conversation = meet(self.workspace, self.channel, phone, name)
        ServiceWindow.objects.create(
            workspace=self.workspace,
            conversation=conversation,
            channel=self.channel,
            address=f"whatsapp:{phone}",
            opened_at=NOON,
            closes_at=NOON + SEVERAL_DAYS,
        )
        return conversation

    def stop_processes(self) -> None:
        for process in self.processes:
            process.kill()

    def audited(self, *families: Family) -> dict[str, Any]:
        """The promises of these families that the audit finds broken, with examples."""
        checks = [check for family in families for check in family.checks if check.level == Level.VIOLATION]
        results = [run_check(check, workspace_id=None, since=None, now=self.clock.now) for check in checks]
        return {result.check.name: result.examples for result in results if result.count}


@contextmanager
def set_stage() -> Iterator[Stage]:
    """Committed rows, the virtual clock, a provider of our own; nobody is woken."""
    logging.disable(logging.CRITICAL)  # a provider that is away is no news here

    with virtual_clock() as clock, stopping_after_commits():
        provider = Provider(clock)
        with (
            mock.patch.object(Task, "apply_async", lambda task, **call: None),
            mock.patch.object(live, "_push", lambda *news: None),
            mock.patch.object(transports, "transport_for", lambda *settings: provider),
            mock.patch.object(dispatch, "monotonic", clock.monotonic),
        ):
            stage = _gather(clock, provider)
            try:
                with workspace_scope(stage.workspace):
                    yield stage
            finally:
                logging.disable(logging.NOTSET)
                for process in stage.processes:
                    process.end()


def _gather(clock: VirtualClock, provider: Provider) -> Stage:
    acme = found("acme", "ana@acme.test")
    bruno = join(acme, "bruno@acme.test", "sales", "Bruno")
    ana = User.objects.get(email="ana@acme.test")
    with workspace_scope(acme):
        channel = create_channel(workspace=acme, kind="whatsapp_twilio", name="Sales", values=TWILIO, now=NOON)
        at_noon = Channel.objects.filter(pk=channel.pk).values().get()
    processes = (Process("first"), Process("second"))
    return Stage(clock, provider, acme, (ana, bruno), channel, processes, at_noon)


def _delete_rows() -> None:
    """One round trip; the foreign keys are looked at when it commits."""
    models = [model for name in _APPS for model in apps.get_app_config(name).get_models()]
    tables = [model._meta.db_table for model in models if model.__name__ not in _STAY]
    with connection.cursor() as cursor:
        cursor.execute("BEGIN;" + ";".join(f"DELETE FROM {table}" for table in tables) + ";COMMIT")
