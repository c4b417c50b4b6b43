"""The rows behind the API's lists, each with everything its serializer reads: no query per row."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from crm.models import Identity, Lead, TrailEntry, User
from handover.models import Handover
from handover.models.handovers import OPEN_STATES
from messaging.models import Conversation, Message, ServiceWindow
from messaging.models.conversations import ConversationStatus

CLOSING_SOON = timedelta(hours=4)

VIEWS = ("waiting", "mine", "ai", "open", "closing", "unassigned", "resolved")
"""What a person may look for among the conversations: the views of the inbox."""


def conversations() -> QuerySet[Conversation]:
    open_handover = Handover.objects.filter(conversation=OuterRef("pk"), state__in=OPEN_STATES)
    window = ServiceWindow.objects.filter(conversation=OuterRef("pk"), channel=OuterRef("channel"))
    return Conversation.objects.select_related("lead__floor__user", "channel", "assignee").annotate(
        open_handover_id=Subquery(open_handover.values("pk")[:1]),
        window_closes_at=Subquery(window.values("closes_at")[:1]),
    )


def in_view(rows: QuerySet[Conversation], view: str, *, user: User, now: datetime) -> QuerySet[Conversation]:
    if view == "resolved":
        return rows.filter(status=ConversationStatus.RESOLVED)
    rows = rows.filter(status=ConversationStatus.OPEN)
    match view:
        case "waiting":
            return rows.filter(open_handover_id__isnull=False)
        case "mine":
            return rows.filter(Q(assignee=user) | Q(lead__floor__holder="human", lead__floor__user=user))
        case "ai":
            return rows.filter(open_handover_id__isnull=True).exclude(lead__floor__holder="human")
        case "closing":
            return rows.filter(window_closes_at__gt=now, window_closes_at__lte=now + CLOSING_SOON)
        case "unassigned":
            return rows.filter(assignee__isnull=True)
    return rows


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
    return Message.objects.filter(conversation=conversation).select_related("author")


def handovers() -> QuerySet[Handover]:
    return Handover.objects.select_related("lead", "claimed_by").prefetch_related("steps")


def leads() -> QuerySet[Lead]:
    conversation = Conversation.objects.filter(lead=OuterRef("pk"))
    return Lead.objects.prefetch_related("identities").annotate(conversation_id=Subquery(conversation.values("pk")[:1]))


def trail(conversation: Conversation) -> QuerySet[TrailEntry]:
    return TrailEntry.objects.filter(lead_id=conversation.lead_id).order_by("id")
