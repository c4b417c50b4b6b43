"""The small cast of every test: Ana owns Acme, Bruno sells there, Vera only looks; Clara works somewhere else;
Davi is the lead, and he writes on WhatsApp."""

from dataclasses import dataclass
from datetime import UTC, datetime

from crm.models import Lead, Role, User, Workspace
from crm.models.people import IdentityKind
from crm.services.leads import find_or_create_lead
from crm.services.workspaces import add_member, create_workspace
from messaging.models import Channel, Conversation
from messaging.services.channels import create_channel
from project.kernel.scope import workspace_scope

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough passphrase"
DAVIS_PHONE = "+5511987654321"
TWILIO = {
    "account_sid": "AC" + "0" * 32,
    "auth_token": "twilio-auth-token",
    "sender": "whatsapp:+14155238886",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Acme with its people, its WhatsApp channel, and Davi's conversation there."""

    acme: Workspace
    ana: User
    bruno: User
    vera: User
    clara: User
    other: Workspace
    channel: Channel
    davi: Lead
    conversation: Conversation


def gather_cast(now: datetime = NOON) -> Cast:
    acme = found("acme", "ana@acme.test", now)
    other = found("other", "clara@other.test", now)
    bruno = join(acme, "bruno@acme.test", Role.SALES, "Bruno")
    vera = join(acme, "vera@acme.test", Role.VIEWER, "Vera")
    with workspace_scope(acme):
        channel = create_channel(workspace=acme, kind="whatsapp_twilio", name="Sales", values=TWILIO, now=now)
        davi, conversation = meet(acme, channel, DAVIS_PHONE, "Davi", now)
    return Cast(
        acme=acme,
        ana=User.objects.get(email="ana@acme.test"),
        bruno=bruno,
        vera=vera,
        clara=User.objects.get(email="clara@other.test"),
        other=other,
        channel=channel,
        davi=davi,
        conversation=conversation,
    )


def found(slug: str, owner: str, now: datetime = NOON) -> Workspace:
    return create_workspace(
        slug=slug,
        name=slug.title(),
        timezone="America/Sao_Paulo",
        owner_email=owner,
        owner_password=PASSWORD,
        owner_name=owner.split("@")[0].title(),
        now=now,
    )


def join(workspace: Workspace, email: str, role: str, name: str = "") -> User:
    return add_member(workspace=workspace, email=email, password=PASSWORD, role=role, name=name)


def meet(
    workspace: Workspace, channel: Channel, phone: str, name: str, now: datetime = NOON
) -> tuple[Lead, Conversation]:
    """A lead with a conversation on the channel; the scope of the workspace is open."""
    lead = find_or_create_lead(workspace=workspace, identities=[(IdentityKind.PHONE, phone)], name=name, now=now)
    conversation, _ = Conversation.objects.get_or_create(
        lead=lead,
        defaults={"workspace": workspace, "channel": channel, "created_at": now, "last_message_at": now},
    )
    return lead, conversation
