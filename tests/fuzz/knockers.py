"""How each source of events is knocked at: where, with which honest bodies, and signed how.

A source that has no knocker here is knocked at without a signature.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from handover.models import Booking, CalendlyConnection
from messaging.channels.canary.webhook import SIGNATURE_HEADER
from messaging.channels.canary.webhook import sign as sign_canary
from messaging.channels.telegram.webhook import HEADER, webhook_secret
from messaging.channels.voice_transcript.webhook import sign as sign_call
from messaging.channels.webchat.identity import Visitor, sign_visitor
from messaging.models import Channel
from messaging.services.channels import create_channel
from messaging.transports import CHANNELS
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.doubles.calendly_events import created, signature
from tests.doubles.cloud_updates import APP_SECRET, SIGNED, batch, encode, signed_headers, text
from tests.doubles.instagram import ACCOUNT_ID, VERIFY_TOKEN
from tests.doubles.instagram import batch as instagram_batch
from tests.doubles.instagram import message as instagram_message
from tests.doubles.mail_service import KEYS as MAIL_KEYS
from tests.doubles.mail_service import Sent, basic_auth, mailgun_mail, mime, postmark_mail, report
from tests.doubles.telegram import BOT_TOKEN, DAVI, message_update
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.doubles.twilio_forms import FORM_TYPE, inbound_form, sms_form, status_form
from tests.journeys.world import SENDER, World
from tests.messaging.channels.cloud import connect as connect_cloud
from tests.messaging.hooks import sign_bytes

JSON_TYPE = "application/json"
NOBODY = "http://127.0.0.1:9"
"""Where nobody listens: what is answered goes nowhere."""

INSTAGRAM_VALUES = {
    "api_base": NOBODY,
    "sender": "@acme",
    "account_id": ACCOUNT_ID,
    "access_token": "token",
    "verify_token": VERIFY_TOKEN,
}
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
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

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


def email(world: World) -> list[Knocker]:
    """One address for each way in which services prove themselves."""

    def at(provider: str, sender: str, door: str, sign: Callable[[bytes], Mapping[str, str]], honest: Any) -> Knocker:
        values = {"sender": sender, "provider": provider, "api_key": "key", "api_base": NOBODY, **MAIL_KEYS[provider]}
        known = Channel.objects.filter(kind="email", sender=sender).first()
        channel = known or create_channel(workspace=world.acme, kind="email", name=sender, values=values, now=world.now)
        content_type = FORM_TYPE if (provider, door) == ("mailgun", "inbound") else JSON_TYPE
        path = f"/hooks/email/{channel.token}/{door}/"
        row = {"provider": provider}
        return Knocker("email", channel.pk, path, content_type, sign, honest, settings=row, secrets=MAIL_KEYS[provider])

    def raw(number: int) -> bytes:
        sender = f"davi{number % 5}@lima.test"
        return mime(f"Hello {number}", sender=sender, message_id=f"<{number}@lima.test>", Date="Fri, 20 Nov 2026 12:00")

    @cache
    def mailgun(number: int) -> bytes:
        return mailgun_mail(raw(number), at=world.now, token=f"{number:050x}").body

    @cache
    def postmark(number: int) -> bytes:
        return postmark_mail(raw(number)).body

    @cache
    def told(number: int) -> bytes:
        sent = Sent("", f"id-{number}", "", "davi@lima.test", "", "", "", str(uuid.UUID(int=number)), {}, None)
        return report("postmark", "Delivery", sent, at=world.now).body

    def login(_: bytes) -> Mapping[str, str]:
        return basic_auth()

    return [
        at("mailgun", "sales@acme.test", "inbound", lambda _: {}, mailgun),
        at("postmark", "help@acme.test", "inbound", login, postmark),
        at("postmark", "help@acme.test", "status", login, told),
    ]


def instagram(world: World) -> list[Knocker]:
    values = {**INSTAGRAM_VALUES, "app_secret": APP_SECRET}
    channel = create_channel(workspace=world.acme, kind="instagram", name="Instagram", values=values, now=world.now)

    def honest(number: int) -> bytes:
        said = instagram_message(f"Hello {number}", at=world.now, person=f"178414{number % 5}")
        said["message"]["mid"] = f"mid.{number}"
        return json.dumps(instagram_batch(said)).encode()

    def sign(body: bytes) -> Mapping[str, str]:
        return {SIGNED: signed_headers(body)[SIGNED]}

    return [Knocker("instagram", channel.pk, f"/hooks/instagram/{channel.token}/", JSON_TYPE, sign, honest)]


def voice_transcript(world: World) -> list[Knocker]:
    values = {"sender": "+551140000000", "signing_key": SIGNING_KEY}
    channel = create_channel(workspace=world.acme, kind="voice_transcript", name="Calls", values=values, now=world.now)

    def honest(number: int) -> bytes:
        at = world.now.isoformat()
        who = {"phone": f"+55119{number % 5:08}", "name": "Davi"}
        turns = [{"speaker": "customer", "text": f"Hello {number}"}]
        told = {"id": f"call-{number}", "started_at": at, "ended_at": at, "participant": who, "turns": turns}
        return json.dumps({**told, "consent": True}).encode()

    def sign(body: bytes) -> Mapping[str, str]:
        return {"X-Baton-Signature": sign_call(signing_key=SIGNING_KEY, body=body, at=clock.now())}

    path = f"/hooks/voice_transcript/{channel.token}/calls/"
    return [Knocker("voice_transcript", channel.pk, path, JSON_TYPE, sign, honest)]


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
    "email": email,
    "instagram": instagram,
    "voice_transcript": voice_transcript,
}
