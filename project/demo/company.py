"""Founding the demo's company: its people, channels, knowledge and its ladder in seconds."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml
from django.conf import settings
from django.db import connection, transaction

from agents.knowledge.sources import add_source
from agents.models import KnowledgeEntry
from agents.models.sources import SourceKind
from crm.models import User, Workspace
from crm.services.catalogue import import_products
from crm.services.workspaces import add_member, create_workspace
from handover.services.policies import set_minutes
from messaging.models import Channel
from messaging.services.channels import create_channel
from project.kernel.scope import workspace_scope

from .stories import play_stories

FOLDER: Final = Path(__file__).parent
COMPANY: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "company.yaml").read_text())
SLUG: Final[str] = COMPANY["slug"]
SALESPERSON: Final[str] = COMPANY["people"][1]["email"]
WHILE_IT_WAS_REAL: Final = (15, 30, 45, 60)
"""The past is told in ordinary minutes; the ladder runs in seconds from now on."""


def find_company() -> Workspace | None:
    return Workspace.objects.filter(slug=SLUG).first()


@transaction.atomic
def found_company(*, now: datetime) -> Workspace:
    """The whole company with its past; the one that is there already, if it is."""
    existing = find_company()
    if existing:
        return existing
    _allow_long_thoughts()
    workspace = _open_workspace(now)
    with workspace_scope(workspace):
        chat, whatsapp = _connect_channels(workspace, now)
        _enter_knowledge(workspace)
        _give_sources(workspace, now)
        set_minutes(workspace=workspace, minutes=WHILE_IT_WAS_REAL, now=now)
        play_stories(workspace=workspace, chat=chat, whatsapp=whatsapp, now=now)
        set_minutes(workspace=workspace, minutes=COMPANY["ladder_minutes"], now=now)
        # From here on nothing is asked of Twilio, and each message that would leave says why it waits.
        Channel.objects.filter(pk=whatsapp.pk).update(
            paused_at=now,
            paused_reason=COMPANY["whatsapp"]["paused_because"],
            sweep_due_at=None,
            upkeep_due_at=None,
        )
    return workspace


def _allow_long_thoughts() -> None:
    """A past is played in one transaction; on a busy machine the agents' first thought outlasts the idle limit."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def keep_address(workspace: Workspace) -> None:
    """The installation may have moved to another port since the demo was loaded."""
    if workspace.booking_url != booking_address():
        workspace.booking_url = booking_address()
        workspace.save(update_fields=["booking_url"])


def booking_address() -> str:
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}/demo/book/"


def _open_workspace(now: datetime) -> Workspace:
    owner, *others = COMPANY["people"]
    workspace = create_workspace(
        slug=SLUG,
        name=COMPANY["name"],
        timezone=COMPANY["timezone"],
        owner_email=owner["email"],
        owner_password=COMPANY["password"],
        owner_name=owner["name"],
        now=now,
    )
    User.objects.filter(email=owner["email"]).update(is_staff=True, is_superuser=True)
    for person in others:
        add_member(
            workspace=workspace,
            email=person["email"],
            password=COMPANY["password"],
            role=person["role"],
            name=person["name"],
        )
    workspace.business = COMPANY["business"]
    workspace.debounce_seconds = COMPANY["debounce_seconds"]
    workspace.booking_url = booking_address()
    workspace.save(update_fields=["business", "debounce_seconds", "booking_url"])
    return workspace


def _connect_channels(workspace: Workspace, now: datetime) -> tuple[Channel, Channel]:
    chat, whatsapp = COMPANY["chat"], COMPANY["whatsapp"]
    return (
        create_channel(
            workspace=workspace,
            kind="webchat",
            name=chat["name"],
            values={name: chat[name] for name in ("title", "greeting")},
            now=now,
        ),
        create_channel(
            workspace=workspace,
            kind="whatsapp_twilio",
            name=whatsapp["name"],
            values={name: whatsapp[name] for name in ("account_sid", "auth_token", "sender")},
            now=now,
        ),
    )


def _enter_knowledge(workspace: Workspace) -> None:
    KnowledgeEntry.objects.bulk_create(
        KnowledgeEntry(workspace=workspace, language=entry.get("language", ""), **_words_of(entry))
        for entry in COMPANY["knowledge"]
    )


def _give_sources(workspace: Workspace, now: datetime) -> None:
    """Taken in as a person would; the sweep reads them when the system is up."""
    for document in COMPANY["documents"]:
        add_source(
            workspace=workspace,
            kind=SourceKind.TEXT,
            title=document["title"],
            original=document["text"].encode(),
            now=now,
        )
    prices = COMPANY["price_list"]
    add_source(
        workspace=workspace,
        kind=SourceKind.PRICES,
        title=prices["title"],
        original=prices["table"].encode(),
        now=now,
    )
    import_products(workspace=workspace, table=COMPANY["catalogue"].encode(), now=now)


def _words_of(entry: dict[str, str]) -> dict[str, str]:
    return {"question": entry["question"], "answer": entry["answer"]}
