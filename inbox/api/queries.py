"""The rows behind the API's lists, each with everything its serializer reads: no query per row."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from crm.models import Identity, Lead, TrailEntry, Workspace
from handover.models import Handover
from inbox.queries import folders
from inbox.queries.fates import with_doubts
from messaging.models import Conversation, Message, ServiceWindow
from messaging.services.dead_letters import dead_letters
from messaging.services.links import links_with_clicks

VIEWS = tuple(view.key for view in folders.VIEWS)
"""What a person may look for among the conversations: the views of the inbox."""


def conversations() -> QuerySet[Conversation]:
    window = ServiceWindow.objects.filter(conversation=OuterRef("pk"), channel=OuterRef("channel"))
    return Conversation.objects.select_related("lead__floor__user", "channel", "assignee").annotate(
        open_handover_id=Subquery(folders.open_handovers().values("pk")[:1]),
        window_closes_at=Subquery(window.values("closes_at")[:1]),
    )


def named(text: str, prefix: str = "") -> Q:
    """Leads whose name, company, e-mail address or other identity holds the text."""
    identity = Identity.objects.filter(lead=OuterRef(f"{prefix}pk"), value__icontains=text)
    return (
        Q(**{f"{prefix}name__icontains": text})
        | Q(**{f"{prefix}company__icontains": text})
        | Q(**{f"{prefix}email__icontains": text})
        | Q(Exists(identity))
    )


def messages(conversation: Conversation) -> QuerySet[Message]:
    return (
        Message.objects.filter(conversation=conversation)
        .select_related("author")
        .prefetch_related("attachments", links_with_clicks())
    )


def undelivered(workspace: Workspace) -> QuerySet[Message]:
    return (
        with_doubts(dead_letters(workspace))
        .select_related("author", "lead", "channel")
        .prefetch_related("attachments", links_with_clicks())
    )


def handovers() -> QuerySet[Handover]:
    return Handover.objects.select_related("lead", "claimed_by").prefetch_related("steps")


def leads() -> QuerySet[Lead]:
    conversation = Conversation.objects.filter(lead=OuterRef("pk"))
    return Lead.objects.prefetch_related("identities").annotate(
        conversation_id=Subquery(conversation.values("pk")[:1]),
        preferred_channel_id=Subquery(conversation.values("preferred_channel")[:1]),
    )


def trail(conversation: Conversation) -> QuerySet[TrailEntry]:
    return TrailEntry.objects.filter(lead_id=conversation.lead_id).order_by("id")
