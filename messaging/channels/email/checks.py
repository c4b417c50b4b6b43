"""What an e-mail address can do, and the settings that it needs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crm.emails import NotAnEmail, to_email
from messaging.channel_settings import BaseUrl, ChannelSettings, Rate, Token
from messaging.media_rules import ANY, MB, MediaRule
from messaging.transports import About, Capabilities

ABOUT: Final = About(label="E-mail")

SECRET_FIELDS: Final = frozenset({"smtp_password", "api_key", "webhook_login", "webhook_key", "imap_password"})

MAX_TEXT: Final = 100_000

CAPABILITIES: Final = Capabilities(
    window_hours=None,
    max_text=MAX_TEXT,
    max_media=10,
    media_rules=(MediaRule("document", (ANY,), 15 * MB, MAX_TEXT),),  # a third more on its way; servers take 25
    status_callbacks=False,  # a service's events come to the one address, with our id in them
    lists_sent=False,  # whether a lost answer hid a mail that left is decided on by a person
    bulk_rate_per_second=10.0,
    has_threads=True,
    fetches=True,
)

SECURITY: Final = ("starttls", "tls", "none")
PROVIDERS: Final = ("smtp", "mailgun", "postmark", "sendgrid", "resend")
NEEDED: Final = {
    "smtp": ("smtp_host",),
    "mailgun": ("api_key",),
    "postmark": ("api_key",),
    "sendgrid": ("api_key",),
    "resend": ("api_key",),
}
"""Beside the address itself."""

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def _address(value: str) -> str:
    try:
        return to_email(value)
    except NotAnEmail as error:
        raise ValueError("must be an e-mail address, like sales@acme.com") from error


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("must be the name of a server, like smtp.acme.com")
    return value.lower()


def _port(value: str) -> str:
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65_536:
        raise ValueError("must be a number from 1 to 65535")
    return str(int(value))


def _line(value: str) -> str:
    if not value.strip() or any(not character.isprintable() for character in value):
        raise ValueError("must be one line of text")
    return value.strip()


def _login(value: str) -> str:
    name, _, password = value.partition(":")
    if not name or len(password) < 8 or not value.isascii() or not value.isprintable():
        raise ValueError("must be name:password, with a password of at least 8 characters")
    return value


def _provider(value: str) -> str:
    if value not in PROVIDERS:
        raise ValueError(f"must be one of: {', '.join(PROVIDERS)}")
    return value


Host = Annotated[str, AfterValidator(_host)]
Port = Annotated[str, AfterValidator(_port)]
Line = Annotated[str, AfterValidator(_line)]
Address = Annotated[str, AfterValidator(_address)]


class Settings(ChannelSettings):
    model_config = ConfigDict(validate_default=True)

    sender: Address = Field(title="Address", description="What customers write to and get answers from.")
    provider: Annotated[str, AfterValidator(_provider)] = Field(
        title="Sent by",
        description=f"One of {', '.join(PROVIDERS)}. smtp is any mail server; Amazon SES has one, too.",
        json_schema_extra={"choices": list(PROVIDERS)},
    )
    from_name: Line | None = Field(
        None, title="Company's name", description="Stands before the address. What a person writes bears their name."
    )
    subject: Line | None = Field(
        None, title="Subject", description="Of a mail that begins a thread. Empty: “A message from” and the name."
    )
    api_key: Token | None = Field(
        None, title="API key", description="Of Mailgun, SendGrid or Resend; at Postmark the server's API token."
    )
    webhook_key: Token | None = Field(
        None,
        title="Webhook key",
        description="Mailgun: HTTP webhook signing key. SendGrid: the event webhook's public key. Resend: whsec_….",
    )
    webhook_login: Annotated[str, AfterValidator(_login)] | None = Field(
        None,
        title="Webhook login",
        description="name:password of your own choice, to be put into the address at Postmark or SendGrid.",
    )
    mailgun_domain: Host | None = Field(
        None, title="Mailgun domain", description="Where it is not the address's own domain."
    )
    smtp_host: Host | None = Field(None, title="SMTP server", description="For smtp, such as smtp.acme.com.")
    smtp_port: Port | None = Field(None, title="SMTP port", description="Empty: 587, or 465 with tls.")
    smtp_security: Literal["starttls", "tls", "none"] | None = Field(
        None, title="SMTP security", description="Empty: starttls.", json_schema_extra={"choices": list(SECURITY)}
    )
    smtp_user: Line | None = Field(None, title="SMTP user", description="Empty: the server wants no login.")
    smtp_password: Line | None = Field(None, title="SMTP password", description="Sealed, never shown again.")
    imap_host: Host | None = Field(
        None, title="IMAP server", description="Where mails are fetched from each minute, when no service calls Baton."
    )
    imap_port: Port | None = Field(None, title="IMAP port", description="Empty: 993, or 143 without tls.")
    imap_security: Literal["starttls", "tls", "none"] | None = Field(
        None, title="IMAP security", description="Empty: tls.", json_schema_extra={"choices": list(SECURITY)}
    )
    imap_user: Line | None = Field(None, title="IMAP user", description="Empty: the address.")
    imap_password: Line | None = Field(None, title="IMAP password", description="Sealed, never shown again.")
    imap_folder: Line | None = Field(None, title="IMAP folder", description="Empty: INBOX. Nothing in it is changed.")
    reply_address: Address | None = Field(
        None, title="Reply address", description="Where the service takes in mails, if that is another address."
    )
    plus_addresses: Literal["yes", "no"] | None = Field(
        None,
        title="Plus addresses",
        description="no: the server does not know sales+anything@acme.com. Empty: yes.",
        json_schema_extra={"choices": ["yes", "no"]},
    )
    count_opens: Literal["yes", "no"] | None = Field(
        None,
        title="Count opens",
        description="yes: a mail that was opened counts as read. Empty: no.",
        json_schema_extra={"choices": ["yes", "no"]},
    )
    api_base: BaseUrl | None = Field(
        None, title="Service's address", description="Empty: the usual one. Mailgun EU: https://api.eu.mailgun.net/v3."
    )
    public_base_url: BaseUrl | None = Field(
        None, title="Public address", description="When the service reaches this installation at another address."
    )
    rate_per_second: Rate | None = Field(None, title="Mails a second", description="Of this address. Empty: 10.")

    @field_validator("api_key", "smtp_host", mode="after")
    @classmethod
    def _is_there(cls, value: Any, about: ValidationInfo) -> Any:
        if value is None and about.field_name in NEEDED.get(about.data.get("provider", ""), ()):
            raise PydanticCustomError("missing", "is required")
        return value

    @field_validator("imap_password", mode="after")
    @classmethod
    def _opens_the_mailbox(cls, value: Any, about: ValidationInfo) -> Any:
        if value is None and about.data.get("imap_host"):
            raise PydanticCustomError("missing", "is required")
        return value
