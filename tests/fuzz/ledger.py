"""Who knocked, what was answered, and whether what was taken is still there."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from messaging.doors.sources import HookRequest, Knock, SourceRow, source_named
from messaging.models import WebhookEvent
from project.kernel import clock
from tests.doubles.cloud_updates import APP_SECRET
from tests.doubles.telegram import BOT_TOKEN
from tests.fuzz.knockers import SIGNING_KEY, Knocker
from tests.fuzz.verdicts import assert_nothing_leaks
from tests.messaging.hooks import AUTH_TOKEN

Identity = tuple[str, int, str]

SECRETS = {
    "auth_token": AUTH_TOKEN,
    "signing_key": SIGNING_KEY,
    "bot_token": BOT_TOKEN,
    "app_secret": APP_SECRET,
}


class Ledger:
    """The provider's own book: the first body of every event that was answered with 2xx."""

    def __init__(self) -> None:
        self._taken: dict[Identity, bytes] = {}
        self._lock = threading.Lock()

    def knock(self, client: httpx.Client, knocker: Knocker, body: bytes, **headers: str) -> int:
        sent = {**knocker.headers(body), **headers}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
        answer = client.post(knocker.path, content=body, headers=raw)
        assert answer.status_code < 500, (answer.status_code, body[:300])
        assert_nothing_leaks(answer.text, secrets=list(SECRETS.values()), asked=body.decode("latin-1"))
        if answer.is_success:
            self._write_down(knocker, body, sent)
        return answer.status_code

    def knock_honestly(self, client: httpx.Client, knocker: Knocker, number: int) -> None:
        status = self.knock(client, knocker, knocker.honest(number))
        assert (status < 300) is knocker.is_signed, status

    def _write_down(self, knocker: Knocker, body: bytes, headers: Mapping[str, str]) -> None:
        found = read(knocker, body, headers)
        kept = body if found.kept is None else found.kept
        with self._lock:
            self._taken.setdefault((knocker.source, knocker.source_id, found.key), kept)

    def assert_all_is_kept(self) -> None:
        events = WebhookEvent.objects.values_list("source", "source_id", "key", "body")
        kept = {(source, source_id, key): bytes(body) for source, source_id, key, body in events}
        lost = [identity for identity in self._taken if identity not in kept]
        assert not lost
        changed = [
            identity
            for identity, body in self._taken.items()
            if source_named(identity[0]).door and kept[identity] != body
        ]
        assert not changed

    def stored_of(self, knocker: Knocker) -> int:
        kinds = {"status"} if "/status/" in knocker.path else None
        found = WebhookEvent.objects.filter(source=knocker.source, source_id=knocker.source_id)
        return (found.filter(kind__in=kinds) if kinds else found.exclude(kind="status")).count()


def read(knocker: Knocker, body: bytes, headers: Mapping[str, str]) -> Knock:
    """As its door reads it; a visitor's as the chat makes it."""
    door = source_named(knocker.source).door
    if door is None:
        key = f"{hashlib.md5(body, usedforsecurity=False).hexdigest()}:{json.loads(body)['id']}"
        return Knock("message", key, "")
    path = urlsplit(knocker.path).path
    rest = path.split("/", 4)[4].rstrip("/")
    lower = {name.lower(): value for name, value in headers.items()}
    request = HookRequest(rest, path, "", lower, body)
    known = {"public_base_url": settings.PUBLIC_BASE_URL, **knocker.settings}
    row = SourceRow(0, knocker.source_id, {**SECRETS, **knocker.secrets}, known)
    return door.read(request, row, clock.now())
