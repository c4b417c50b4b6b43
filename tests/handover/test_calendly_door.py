"""Calendly's webhook door over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from crm.models import Workspace
from handover.models import CalendlyConnection
from messaging.models import WebhookEvent
from project.kernel.scope import across_workspaces
from tests.messaging.hooks import running_doors

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = {
    "event": "invitee.created",
    "payload": {"uri": "https://api.calendly.com/invitees/1", "tracking": {"utm_content": "our-token"}},
}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with running_doors() as client:
        yield client


@pytest.fixture
def connection() -> CalendlyConnection:
    workspace = Workspace.objects.create(slug="acme", name="Acme")
    with across_workspaces():
        return CalendlyConnection.objects.create(
            workspace=workspace,
            event_type="https://api.calendly.com/event_types/1",
            secrets={"token": "t", "signing_key": "calkey"},  # type: ignore[misc]
        )


def post(
    client: httpx.Client, connection: CalendlyConnection, body: bytes, *, key: str = "calkey", age: float = 0
) -> int:
    signed_at = int(time.time() - age)
    signature = hmac.new(key.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Calendly-Webhook-Signature": f"t={signed_at},v1={signature}", "Content-Type": "application/json"}
    return client.post(f"/hooks/calendly/{connection.door_token}/", content=body, headers=headers).status_code


def test_a_signed_event_is_stored_once_and_waits_for_its_booking(
    client: httpx.Client, connection: CalendlyConnection
) -> None:
    body = json.dumps(EVENT).encode()
    assert [post(client, connection, body), post(client, connection, body)] == [200, 200]
    event = WebhookEvent.objects.get()
    assert (event.source, event.source_id, event.kind) == ("calendly", connection.pk, "invitee.created")
    assert (event.order_key, event.workspace_id) == ("our-token", connection.workspace_id)


def test_a_forged_an_old_and_an_unsigned_event_are_refused(
    client: httpx.Client, connection: CalendlyConnection
) -> None:
    body = json.dumps(EVENT).encode()
    assert post(client, connection, body, key="another") == 403
    assert post(client, connection, body, age=600) == 403
    assert client.post(f"/hooks/calendly/{connection.door_token}/", content=body).status_code == 403
    assert not WebhookEvent.objects.exists()


def test_a_signed_body_that_is_no_event_is_refused_and_a_strange_event_is_kept(
    client: httpx.Client, connection: CalendlyConnection
) -> None:
    assert [post(client, connection, body) for body in (b"", b"[]", b'{"cut', b"\xff")] == [400] * 4
    strange = b'{"event": "\\ud800\\u0000", "payload": null}'
    assert post(client, connection, strange) == 200
    assert bytes(WebhookEvent.objects.get().body) == strange


def test_an_unknown_connection_is_not_found(client: httpx.Client, connection: CalendlyConnection) -> None:
    assert client.post(f"/hooks/calendly/{'x' * 22}/", content=b"{}").status_code == 404
    assert client.post(f"/hooks/calendly/{connection.door_token}/more/", content=b"{}").status_code == 404
