"""What an Instagram account can do, and the settings that it needs."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from messaging.channel_settings import BaseUrl, ChannelSettings, Rate, Token
from messaging.media_rules import MB, MediaRule
from messaging.transports import About, Capabilities

ABOUT: Final = About(label="Instagram")

SECRET_FIELDS: Final = frozenset({"access_token", "app_secret", "instagram_app_secret", "verify_token"})
MAX_BYTES: Final = 1000

CAPABILITIES: Final = Capabilities(
    window_hours=24,
    human_window_hours=7 * 24,  # with the tag HUMAN_AGENT, which is a promise that a person wrote it
    max_text=MAX_BYTES,  # of bytes: fewer letters where they are not Latin
    media_kinds=("image", "audio", "video"),
    max_media=1,
    media_rules=(
        MediaRule("image", ("image/jpeg", "image/png"), 8 * MB, 0),
        MediaRule("audio", ("audio/mp4", "audio/aac", "audio/wav", "audio/x-wav"), 25 * MB, 0),
        MediaRule("video", ("video/mp4", "video/quicktime", "video/webm"), 25 * MB, 0),
    ),
    read_receipts=True,
    status_callbacks=False,  # that they read it comes to the one callback URL
    lists_sent=False,
    bulk_rate_per_second=10.0,
)


def _account(value: str) -> str:
    if not re.fullmatch(r"[0-9]{5,25}", value):
        raise ValueError("must be the digits that Meta shows, such as 17841400008460056")
    return value


def _username(value: str) -> str:
    match = re.fullmatch(r"@?([A-Za-z0-9._]{1,30})", value)
    if match is None:
        raise ValueError("must be the account's name, like @acme")
    return f"@{match[1].lower()}"


def _secret(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        raise ValueError("must be 32 hexadecimal digits")
    return value


def _verify_token(value: str) -> str:
    if len(value) < 8:
        raise ValueError("must have at least 8 characters")
    return value


def _graph_version(value: str) -> str:
    if not re.fullmatch(r"v[0-9]{2}\.0", value):
        raise ValueError("must be a version of the Graph API, like v25.0")
    return value


class Settings(ChannelSettings):
    sender: Annotated[str, AfterValidator(_username)] = Field(
        title="Account's name", description="As customers find it, such as @acme."
    )
    account_id: Annotated[str, AfterValidator(_account)] = Field(
        title="Account ID", description="Of the Instagram account: stands in every webhook, begins with 17841."
    )
    access_token: Token = Field(
        title="Access token", description="Long-lived, of the account or of its page. Sealed, never shown again."
    )
    app_secret: Annotated[str, AfterValidator(_secret)] = Field(
        title="App secret", description="From “App settings”, “Basic”: what Meta signs its webhooks with."
    )
    verify_token: Annotated[Token, AfterValidator(_verify_token)] = Field(
        title="Verify token", description="A word of your own; enter the same beside the callback URL at Meta."
    )
    instagram_app_secret: Annotated[str, AfterValidator(_secret)] | None = Field(
        None,
        title="Instagram app secret",
        description="From “Instagram”, “API setup with Instagram login”: apps of that kind sign with it.",
    )
    page_id: Annotated[str, AfterValidator(_account)] | None = Field(
        None, title="Page ID", description="Of the Facebook page, when the token is a page's. Empty: Instagram login."
    )
    graph_version: Annotated[str, AfterValidator(_graph_version)] | None = Field(
        None, title="Graph API version", description="Empty: v25.0."
    )
    api_base: BaseUrl | None = Field(
        None, title="Meta's address", description="Empty: https://graph.instagram.com, or graph.facebook.com of a page."
    )
    public_base_url: BaseUrl | None = Field(
        None, title="Public address", description="When Meta reaches this installation at another address."
    )
    rate_per_second: Rate | None = Field(None, title="Messages a second", description="Of this account. Empty: 10.")
