"""The views of the inbox: what stands in each, how many, and what an empty one teaches."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from crm.models import User
from handover.models import Handover
from handover.models.handovers import OPEN_STATES
from inbox.desk import Desk
from messaging.models import Conversation, ServiceWindow
from messaging.models.conversations import ConversationStatus

CLOSING = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class View:
    key: str
    label: str
    empty: str
    hint: str
    by_next_step: bool = False


WAITING = View(
    "waiting",
    "Waiting for a person",
    "Nobody is waiting",
    "When a customer asks for a person, or the AI finds that one is needed, the conversation stands here with its "
    "ladder: what was done, what comes next, and when.",
    by_next_step=True,
)
VIEWS = (
    WAITING,
    View(
        "mine",
        "Mine",
        "Nothing is yours right now",
        "Take over a conversation, or have one assigned to you, and it stays here until it is resolved.",
    ),
    View(
        "ai",
        "AI handling",
        "The AI has no open conversation",
        "Customers who write on a connected channel are answered by the AI and appear here.",
    ),
    View(
        "open",
        "All open",
        "No open conversation",
        "Connect a channel under Settings, or write to your own web chat, and the conversation appears here.",
    ),
    View(
        "closing",
        "Window closing",
        "No window is about to close",
        "WhatsApp lets a company write freely for 24 hours after the customer's last message. What closes within "
        "four hours stands here.",
    ),
    View(
        "unassigned",
        "Unassigned",
        "Every open conversation has somebody",
        "Open conversations without an assignee stand here.",
    ),
    View(
        "resolved",
        "Resolved",
        "Nothing is resolved yet",
        "Resolved conversations rest here; a new message opens them again.",
    ),
)
FOUND = View(
    "found",
    "Found",
    "Nothing found",
    "Names, companies, phone numbers, e-mail addresses and the words of messages are searched, in every view.",
)
"""What a search shows: it looks everywhere, whatever view was open."""
BY_KEY = {view.key: view for view in VIEWS}


@dataclass(frozen=True, slots=True)
class CountedView:
    view: View
    count: int | None


def open_handovers() -> QuerySet[Handover]:
    return Handover.objects.filter(conversation=OuterRef("pk"), state__in=OPEN_STATES)


def belonging_to(view: str, user: User, now: datetime) -> Q:
    is_open = Q(status=ConversationStatus.OPEN)
    if view == "waiting":
        return is_open & Q(Exists(open_handovers()))
    if view == "mine":
        return is_open & (Q(assignee=user) | Q(lead__floor__holder="human", lead__floor__user=user))
    if view == "ai":
        return is_open & ~Q(Exists(open_handovers())) & ~Q(lead__floor__holder="human")
    if view == "closing":
        return closing_within(CLOSING, now)
    if view == "unassigned":
        return is_open & Q(assignee=None)
    if view == "resolved":
        return Q(status=ConversationStatus.RESOLVED)
    return is_open if view == "open" else Q()


def closing_within(span: timedelta, now: datetime) -> Q:
    """Open conversations in which free text is possible for no longer than `span`, where replies leave now."""
    closing = ServiceWindow.objects.filter(
        conversation=OuterRef("pk"), channel=OuterRef("channel"), closes_at__gt=now, closes_at__lte=now + span
    )
    return Q(status=ConversationStatus.OPEN) & Q(Exists(closing))


def counted_views(desk: Desk, *, now: datetime) -> tuple[CountedView, ...]:
    """Every view with its count, in one query; the resolved ones are not counted: they only grow."""
    counted = [view for view in VIEWS if view.key != "resolved"]
    counts = Conversation.objects.filter(workspace=desk.workspace, status=ConversationStatus.OPEN).aggregate(
        **{f"in_{view.key}": Count("pk", filter=belonging_to(view.key, desk.user, now)) for view in counted}
    )
    return tuple(CountedView(view, counts.get(f"in_{view.key}")) for view in VIEWS)
