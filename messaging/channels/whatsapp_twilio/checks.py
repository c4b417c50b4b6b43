"""What a WhatsApp sender on Twilio can do, and the settings that it needs."""

from __future__ import annotations

import json
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from messaging.transports import Capabilities

from .webhook import SharedKeysUnreadable, read_shared_keys

SECRET_FIELDS: Final = frozenset({"auth_token", "auth_token_secondary", "shared_keys"})

CAPABILITIES: Final = Capabilities(
    window_hours=24,
    templates=True,
    max_text=1600,  # Twilio's own cap, below WhatsApp's 4096
    media_kinds=("image", "audio", "video", "document"),
    max_media=1,  # Twilio takes ten, WhatsApp shows the first
    read_receipts=True,
    typing=True,
    status_callbacks=True,
    lists_sent=True,
    lists_received=True,
    # Meta's limits, and Twilio's for the account. What is too much for Meta within one second waits at Twilio.
    bulk_rate_per_second=80.0,
    pair_seconds=6.0,
    pair_burst=45,
    account_field="account_sid",
    account_rate_per_second=2000.0,
)


def _account_sid(value: str) -> str:
    if len(value) != 34 or not value.startswith("AC") or not _is_hex(value[2:]):
        raise ValueError("must be AC followed by 32 hexadecimal digits")
    return value


def _is_hex(value: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in value)


def _secret(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be a non-empty token without spaces")
    return value


def _sender(value: str) -> str:
    number = value.removeprefix("whatsapp:+")
    if number == value or not number.isascii() or not number.isdigit() or not 7 <= len(number) <= 15:
        raise ValueError("must be whatsapp:+ and the number with its country code, like whatsapp:+14155238886")
    return value


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_base = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_base = False
    if not is_base or any(character.isspace() for character in value):
        raise ValueError("must be an http or https address")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must not carry a query, a fragment or a login")
    return value.rstrip("/")


def _public_url(value: str) -> str:
    base = _base_url(value)
    if "_" in (urlsplit(base).hostname or ""):
        raise ValueError("must not have an underscore in the host name: Twilio refuses such a callback")
    return base


def _rate(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 10_000:
        raise ValueError("must be a number from 0 (no limit) to 10000")
    return f"{number:g}"


def _shared_keys(value: str) -> str:
    try:
        return json.dumps(read_shared_keys(value), sort_keys=True)
    except SharedKeysUnreadable as error:
        raise ValueError(str(error)) from None


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    account_sid: Annotated[str, AfterValidator(_account_sid)]
    auth_token: Annotated[str, AfterValidator(_secret)]
    auth_token_secondary: Annotated[str, AfterValidator(_secret)] | None = None
    sender: Annotated[str, AfterValidator(_sender)]
    api_base: Annotated[str, AfterValidator(_base_url)] | None = None
    public_base_url: Annotated[str, AfterValidator(_public_url)] | None = None
    shared_keys: Annotated[str, AfterValidator(_shared_keys)] | None = Field(default=None)
    rate_per_second: Annotated[str, AfterValidator(_rate)] | None = None
    account_rate_per_second: Annotated[str, AfterValidator(_rate)] | None = None
    pair_seconds: Annotated[str, AfterValidator(_rate)] | None = None
