"""The installation before its first customer: Acme with Ana and Bruno, a WhatsApp sender, Calendly, and a clock."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from tests.crashes import warp
from tests.doubles.calendly import EVENT_TYPE, SIGNING_KEY, TOKEN
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN

SENDER = "whatsapp:+14155238886"
PASSWORD = "a long enough passphrase"

KNOWLEDGE = {
    "What does it cost?": "It costs ninety a month.",
    "How long is delivery to Niterói?": "Two working days to Niterói.",
    "Which colours do you have?": "Blue and green.",
    "How heavy is the parcel?": "The parcel weighs two kilos.",
}


def found_installation(*, database: str, twilio: str, calendly: str) -> dict[str, str]:
    """As operators do it, by commands."""
    from django.core.management import call_command
    from django.db import connection, connections

    connections.settings["default"]["NAME"] = database
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(warp.DATABASE_CLOCK)
    _command("create_workspace", slug="acme", name="Acme", timezone="America/Sao_Paulo",
             owner_email="ana@acme.test", owner_password=PASSWORD)  # fmt: skip
    _command("add_member", workspace="acme", email="bruno@acme.test", password=PASSWORD, role="sales", name="Bruno")
    channel = _command(
        "create_channel", "whatsapp_twilio", workspace="acme", name="Sales",
        settings={"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": SENDER, "api_base": twilio},
    )  # fmt: skip
    booking = _command(
        "connect_calendly", workspace="acme",
        settings={"token": TOKEN, "event_type": EVENT_TYPE, "signing_key": SIGNING_KEY, "api_base": calendly},
    )  # fmt: skip
    token = _command("create_token", email="bruno@acme.test")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_workspace SET debounce_seconds = 0")
        cursor.executemany(
            "INSERT INTO agents_knowledgeentry (workspace_id, question, answer, language, is_active, updated_at, "
            "embedded_key) SELECT id, %s, %s, 'en', true, now(), '' FROM crm_workspace",
            KNOWLEDGE.items(),
        )
    return {"inbound": channel["inbound_url"], "calendly": booking["webhook_url"], "token": token["token"]}


def _command(*words: str, settings: dict[str, str] | None = None, **options: str) -> dict[str, Any]:
    from django.core.management import call_command

    given = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    given += [word for name, value in (settings or {}).items() for word in ("--set", f"{name}={value}")]
    told = StringIO()
    call_command(*words, *given, "--json", stdout=told)
    answer: dict[str, Any] = json.loads(told.getvalue())
    return answer
