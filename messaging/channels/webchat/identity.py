"""Who a visitor is: a random id that we signed, kept by the visitor's browser, never in a URL or a log."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core.signing import BadSignature, TimestampSigner

from messaging.models import Channel

LIFETIME: Final = timedelta(days=400)
"""A visit renews the signature; who stays away longer starts afresh."""

SCHEME: Final = "Visitor "
"""`Authorization: Visitor <signed id>`. A cookie would be blocked in other people's pages."""


class ForgedVisitor(Exception):
    """The identity is missing, expired, signed by somebody else, or belongs to another chat."""


@dataclass(frozen=True, slots=True)
class Visitor:
    channel: Channel
    id: str


def new_visitor(channel: Channel) -> Visitor:
    return Visitor(channel, uuid.uuid4().hex)


def sign_visitor(visitor: Visitor) -> str:
    return _signer(visitor.channel).sign(visitor.id)


def read_visitor(channel: Channel, signed: object) -> Visitor:
    """The visitor behind a signed id; raises ForgedVisitor."""
    if not isinstance(signed, str) or not signed.isascii():
        raise ForgedVisitor
    try:
        return Visitor(channel, _signer(channel).unsign(signed, max_age=LIFETIME))
    except BadSignature:
        raise ForgedVisitor from None


def read_authorization(channel: Channel, header: str) -> Visitor:
    if not header.startswith(SCHEME):
        raise ForgedVisitor
    return read_visitor(channel, header.removeprefix(SCHEME).strip())


def _signer(channel: Channel) -> TimestampSigner:
    # The channel is part of the salt: an identity of one company's chat opens no other.
    return TimestampSigner(salt=f"webchat.{channel.pk}.{channel.token}")
