"""Founding the demo's company: its people, channels, knowledge and its ladder in seconds."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml
from django.conf import settings
from django.db import transaction

from agents.models import KnowledgeEntry
from crm.models import User, Workspace
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
    workspace = _open_workspace(now)
    with workspace_scope(workspace):
        chat, whatsapp = _connect_channels(workspace, now)
        _enter_knowledge(workspace)
        set_minutes(workspace=workspace, minutes=WHILE_IT_WAS_REAL, now=now)
        play_stories(workspace=workspace, chat=chat, whatsapp=whatsapp, now=now)
        set_minutes(workspace=workspace, minutes=COMPANY["ladder_minutes"], now=now)
        # From here on nothing is asked of Twilio, and each message that would leave says why it waits.
        Channel.objects.filter(pk=whatsapp.pk).update(
            paused_at=now, paused_reason=COMPANY["whatsapp"]["paused_because"], sweep_due_at=None
        )
    return workspace


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


def _words_of(entry: dict[str, str]) -> dict[str, str]:
    return {"question": entry["question"], "answer": entry["answer"]}
