"""Connecting a workspace to its Calendly account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from django.conf import settings
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from crm.models import Workspace
from handover.models import CalendlyConnection
from project.kernel.errors import WrongValues

CALENDLY: Final = "https://api.calendly.com"


def _secret(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be a non-empty token without spaces")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or len(value) > 200 or not value.isprintable() or " " in value:
        raise ValueError("must be an http or https address of at most 200 characters")
    return value.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]
Secret = Annotated[str, AfterValidator(_secret)]


class CalendlySettings(BaseModel):
    """`signing_key` is the key with which Calendly signs its webhooks to us."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    token: Secret
    event_type: WebAddress
    signing_key: Secret
    api_base: WebAddress = CALENDLY


def connect_calendly(*, workspace: Workspace, values: Mapping[str, str], now: datetime) -> CalendlyConnection:
    """Connect the workspace, or renew its connection; the webhook address stays. Raises WrongValues."""
    checked = checked_settings(values)
    connection, _ = CalendlyConnection.objects.update_or_create(
        workspace=workspace,
        defaults={
            "event_type": checked.event_type,
            "api_base": checked.api_base,
            "secrets": {"token": checked.token, "signing_key": checked.signing_key},
        },
    )
    return connection


def webhook_url_of(connection: CalendlyConnection) -> str:
    """The absolute address that Calendly calls."""
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}/hooks/calendly/{connection.door_token}/"


def checked_settings(values: Mapping[str, str]) -> CalendlySettings:
    try:
        return CalendlySettings.model_validate(dict(values))
    except ValidationError as error:
        raise WrongValues(
            {str(wrong["loc"][0]): _why(wrong["type"], wrong["msg"]) for wrong in error.errors()}
        ) from None


def _why(kind: str, message: str) -> str:
    """The values are not repeated: two of them are secrets."""
    words = {"missing": "is required", "extra_forbidden": "is not a setting of Calendly"}
    return words.get(kind, message.removeprefix("Value error, "))
