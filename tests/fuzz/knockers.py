"""How each source of events is knocked at: where, with which honest bodies, and signed how.

A source that has no knocker here is knocked at without a signature.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlencode

from django.conf import settings

from handover.models import Booking, CalendlyConnection
from messaging.channels.canary.webhook import SIGNATURE_HEADER
from messaging.channels.canary.webhook import sign as sign_canary
from messaging.channels.telegram.webhook import HEADER, webhook_secret
from messaging.channels.webchat.identity import Visitor, sign_visitor
from messaging.models import Channel
from messaging.services.channels import create_channel
from messaging.transports import CHANNELS
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.doubles.calendly_events import created, signature
from tests.doubles.cloud_updates import SIGNED, batch, encode, signed_headers, text
from tests.doubles.telegram import BOT_TOKEN, DAVI, message_update
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.doubles.twilio_forms import FORM_TYPE, inbound_form, sms_form, status_form
from tests.journeys.world import SENDER, World
from tests.messaging.channels.cloud import connect as connect_cloud
from tests.messaging.hooks import sign_bytes

JSON_TYPE = "application/json"
SIGNING_KEY = "the-signing-key-of-these-tests"


@dataclass(frozen=True, slots=True)
class Knocker:
    """`sign` gives the headers for a body; `honest(n)` the n-th body that this source really sends."""

    source: str
    source_id: int
    path: str
    content_type: str
    sign: Callable[[bytes], Mapping[str, str]]
    honest: Callable[[int], bytes]
    is_signed: bool = True

    def headers(self, body: bytes) -> dict[str, str]:
        return {"Content-Type": self.content_type, **self.sign(body)}


def knockers_of(source: str, world: World) -> list[Knocker]:
    make = KNOCKERS.get(source, unsigned)
    with workspace_scope(world.acme):
        return make(world) if make is not unsigned else unsigned(world, source)


def twilio(world: World) -> list[Knocker]:
    def at(door: str, honest: Callable[[int], bytes]) -> Knocker:
        path = f"/hooks/whatsapp_twilio/{world.channel.token}/{door}/"

        def sign(body: bytes) -> Mapping[str, str]:
            return {"X-Twilio-Signature": sign_bytes(settings.PUBLIC_BASE_URL + path, body)}

        return Knocker("whatsapp_twilio", world.channel.pk, path, FORM_TYPE, sign, honest)

    return [at("inbound", _inbound), at("status", _status)]


def sms(world: World) -> list[Knocker]:
    values = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": "+14155550100"}
    channel = create_channel(workspace=world.acme, kind="sms_twilio", name="Text", values=values, now=world.now)
    path = f"/hooks/sms_twilio/{channel.token}/inbound/"

    def sign(body: bytes) -> Mapping[str, str]:
        return {"X-Twilio-Signature": sign_bytes(settings.PUBLIC_BASE_URL + path, body)}

    def honest(number: int) -> bytes:
        sender = f"+55119{number % 5:08}"
        return urlencode(sms_form(f"Hello {number}", message_sid=f"SM{number:032x}", sender=sender)).encode()

    return [Knocker("sms_twilio", channel.pk, path, FORM_TYPE, sign, honest)]


def telegram(world: World) -> list[Knocker]:
    values = {"sender": "@AcmeBot", "bot_token": BOT_TOKEN}
    channel = create_channel(workspace=world.acme, kind="telegram", name="Bot", values=values, now=world.now)
    path = f"/hooks/telegram/{channel.token}/inbound/"

    def honest(number: int) -> bytes:
        user = {**DAVI, "id": 7_000 + number % 5}
        update = message_update(f"Hello {number}", user=user, message_id=number + 1)
        return json.dumps({**update, "update_id": number}).encode()

    return [Knocker("telegram", channel.pk, path, JSON_TYPE, lambda _: {HEADER: webhook_secret(BOT_TOKEN)}, honest)]


def _inbound(number: int) -> bytes:
    phone = f"whatsapp:+55119{number % 5:08}"
    return urlencode(inbound_form(f"Hello {number}", message_sid=f"SM{number:032x}", sender=phone, to=SENDER)).encode()


def _status(number: int) -> bytes:
    to = "whatsapp:+5511900000001"
    return urlencode(status_form(message_sid=f"SM{number:032x}", status="delivered", to=to, sender=SENDER)).encode()


def cloud(world: World) -> list[Knocker]:
    channel = connect_cloud(world.acme, now=world.now)

    def honest(number: int) -> bytes:
        said = text(f"Hello {number}", at=world.now, sender=f"55119{number % 5:08}", user_id="")
        return encode(batch(messages=[{**said, "id": f"wamid.{number}"}]))

    def sign(body: bytes) -> Mapping[str, str]:
        return {SIGNED: signed_headers(body)[SIGNED]}

    path = f"/hooks/whatsapp_cloud/{channel.token}/"
    return [Knocker("whatsapp_cloud", channel.pk, path, JSON_TYPE, sign, honest)]


def calendly(world: World) -> list[Knocker]:
    connection = CalendlyConnection.objects.create(
        workspace=world.acme,
        event_type="https://api.calendly.com/event_types/1",
        secrets={"token": "t", "signing_key": SIGNING_KEY},
    )
    world.davi_says("Hello")
    lead = world.conversation.lead
    offered = Booking.objects.create(
        workspace=world.acme, lead=lead, url="https://calendly.test/d/abc", offered_at=world.now
    )

    @cache
    def honest(number: int) -> bytes:
        uri = f"https://api.calendly.com/scheduled_events/{number}/invitees/{number}"
        return json.dumps(created(offered.token, invitee_uri=uri)).encode()

    def sign(body: bytes) -> Mapping[str, str]:
        return {"Calendly-Webhook-Signature": signature(body, SIGNING_KEY, at=time.time())}

    path = f"/hooks/calendly/{connection.door_token}/"
    return [Knocker("calendly", connection.pk, path, JSON_TYPE, sign, honest)]


def webchat(world: World) -> list[Knocker]:
    """It has no door of its own kind: its visitors knock at Django's views."""
    channel = create_channel(workspace=world.acme, kind="webchat", name="Site", values={}, now=world.now)

    def sign(body: bytes) -> Mapping[str, str]:
        visitor = Visitor(channel, hashlib.md5(body, usedforsecurity=False).hexdigest())
        return {"Authorization": f"Visitor {sign_visitor(visitor)}"}

    def honest(number: int) -> bytes:
        return json.dumps({"id": str(uuid.UUID(int=number)), "text": f"Hello {number}", "name": "Davi"}).encode()

    return [Knocker("webchat", channel.pk, f"/chat/{channel.token}/messages/", JSON_TYPE, sign, honest)]


def canary(world: World) -> list[Knocker]:
    channel = Channel.objects.create(
        workspace=world.acme,
        kind="canary",
        name="Canary",
        settings={"sender": "canary", "public_base_url": settings.PUBLIC_BASE_URL},
        secrets={"signing_key": SIGNING_KEY},
    )

    def at(door: str, honest: Callable[[int], bytes]) -> Knocker:
        path = f"/hooks/canary/{channel.token}/{door}/"

        def sign(body: bytes) -> Mapping[str, str]:
            return {SIGNATURE_HEADER: sign_canary(signing_key=SIGNING_KEY, target=path, body=body, at=clock.now())}

        return Knocker("canary", channel.pk, path, JSON_TYPE, sign, honest)

    def said(number: int) -> bytes:
        return json.dumps({"run": number + 1, "text": f"Hello {number}"}).encode()

    def reported(number: int) -> bytes:
        return json.dumps({"message": str(uuid.UUID(int=number)), "status": "delivered"}).encode()

    return [at("inbound", said), at("status", reported)]


def unsigned(world: World, source: str) -> list[Knocker]:
    """A door that these tests do not know: a channel of its kind where there are such, and nobody's signature."""
    if source not in CHANNELS:
        return []
    channel = Channel.objects.create(workspace=world.acme, kind=source, name=source)
    path = f"/hooks/{source}/{channel.token}/inbound/"
    honest = json.dumps({"message": "Hello"}).encode()
    return [Knocker(source, channel.pk, path, JSON_TYPE, lambda _: {}, lambda _: honest, is_signed=False)]


KNOCKERS: dict[str, Callable[[World], list[Knocker]]] = {
    "whatsapp_cloud": cloud,
    "whatsapp_twilio": twilio,
    "sms_twilio": sms,
    "telegram": telegram,
    "calendly": calendly,
    "webchat": webchat,
    "canary": canary,
}
