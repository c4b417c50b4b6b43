"""The settings that every channel on Twilio has."""

from __future__ import annotations

import json
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from messaging.channel_settings import BaseUrl, ChannelSettings, Rate, Token, base_url

from .webhook import SharedKeysUnreadable, read_shared_keys

SECRET_FIELDS: Final = frozenset({"auth_token", "auth_token_secondary", "shared_keys"})


def _account_sid(value: str) -> str:
    if len(value) != 34 or not value.startswith("AC") or not _is_hex(value[2:]):
        raise ValueError("must be AC followed by 32 hexadecimal digits")
    return value


def _is_hex(value: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in value)


def is_number(value: str) -> bool:
    """+ and the digits of a number with its country code."""
    digits = value.removeprefix("+")
    return digits != value and digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15


def _public_url(value: str) -> str:
    base = base_url(value)
    if "_" in (urlsplit(base).hostname or ""):
        raise ValueError("must not have an underscore in the host name: Twilio refuses such a callback")
    return base


def _shared_keys(value: str) -> str:
    try:
        return json.dumps(read_shared_keys(value), sort_keys=True)
    except SharedKeysUnreadable as error:
        raise ValueError(str(error)) from None


class TwilioSettings(ChannelSettings):
    """A kind adds its `sender`, which stands first on its form."""

    account_sid: Annotated[str, AfterValidator(_account_sid)] = Field(
        title="Account SID", description="AC and 32 digits, from Twilio's console."
    )
    auth_token: Token = Field(title="Auth token", description="Sealed when stored, never shown again.")
    auth_token_secondary: Token | None = Field(
        None, title="Second auth token", description="While the token is being rotated."
    )
    shared_keys: Annotated[str, AfterValidator(_shared_keys)] | None = Field(
        None, title="Webhook shared keys", description="keyid=secret pairs parted by commas."
    )
    public_base_url: Annotated[str, AfterValidator(_public_url)] | None = Field(
        None, title="Public address", description="When Twilio reaches this installation at another address."
    )
    api_base: BaseUrl | None = Field(
        None, title="Twilio's address", description="Empty: https://api.twilio.com. For a double or a region."
    )
    rate_per_second: Rate | None = Field(None, title="Messages a second", description="Of this sender.")
    account_rate_per_second: Rate | None = Field(
        None, title="Messages a second of the account", description="Empty: 2000, as Twilio allows."
    )
