from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agents.coordinator import resolve_conversation, return_to_ai, take_over
from inbox.queries.folders import belonging_to, closing_within
from messaging.access import access_conversation
from messaging.models import Conversation
from project.kernel import clock

from . import queries
from .base import WorkspaceView
from .filters import AfterFilter, ConversationFilter, assigned
from .pagination import NewestConversations
from .schema import documented
from .serializers import ConversationSerializer, TrailEntrySerializer

TRAIL_PAGE = 500


class ConversationList(WorkspaceView):
    pagination_class = NewestConversations

    @documented("conversations", ConversationSerializer(many=True), parameters=[ConversationFilter])
    def get(self, request: Request) -> Response:
        """Conversations, the newest word first."""
        wanted = self.checked(ConversationFilter(data=request.query_params))
        return self.page(self.narrowed(queries.conversations(), wanted), ConversationSerializer)

    def narrowed(self, rows: QuerySet[Conversation], wanted: dict[str, Any]) -> QuerySet[Conversation]:
        if view := wanted.get("view"):
            rows = rows.filter(belonging_to(view, self.request.user, clock.now()))
        if minutes := wanted.get("closes_within"):
            rows = rows.filter(closing_within(timedelta(minutes=minutes), clock.now()))
        if status := wanted.get("status"):
            rows = rows.filter(status=status)
        if assignee := wanted.get("assignee"):
            rows = assigned(rows, assignee, self.request.user.pk)
        if search := wanted.get("search"):
            rows = rows.filter(queries.named(search, prefix="lead__"))
        return rows


class ConversationView(WorkspaceView):
    """One conversation of the workspace; reading or changing it asks for the role."""

    def conversation(self) -> Conversation:
        return access_conversation(
            self.request.user, self.workspace, self.kwargs["conversation_id"], self.needed_action
        )

    def shown(self, conversation: Conversation) -> Response:
        return Response(ConversationSerializer(queries.conversations().get(pk=conversation.pk)).data)


class ConversationDetail(ConversationView):
    @documented("conversations", ConversationSerializer)
    def get(self, request: Request, conversation_id: int) -> Response:
        """One conversation, with who may speak in it now."""
        return self.shown(self.conversation())


class TakeOver(ConversationView):
    @documented("conversations", ConversationSerializer)
    def post(self, request: Request, conversation_id: int) -> Response:
        """Take the conversation: from this moment the AI is silent, whatever it was about to say."""
        conversation = self.conversation()
        take_over(conversation=conversation, user=request.user, now=clock.now())
        return self.shown(conversation)


class ReturnToAi(ConversationView):
    @documented("conversations", ConversationSerializer)
    def post(self, request: Request, conversation_id: int) -> Response:
        """Give the conversation back to the AI."""
        conversation = self.conversation()
        return_to_ai(
            conversation=conversation,
            user=request.user,
            reason=f"{request.user} gave it back",
            now=clock.now(),
        )
        return self.shown(conversation)


class Resolve(ConversationView):
    @documented("conversations", ConversationSerializer)
    def post(self, request: Request, conversation_id: int) -> Response:
        """Close the conversation; an open handover ends with it. The customer's next word opens it again."""
        conversation = self.conversation()
        resolve_conversation(conversation=conversation, user=request.user, now=clock.now())
        return self.shown(conversation)


class TrailOfConversation(ConversationView):
    @documented("conversations", TrailEntrySerializer(many=True), parameters=[AfterFilter])
    def get(self, request: Request, conversation_id: int) -> Response:
        """Everything that was decided about the lead, in order, with reasons; at most 500 entries an answer."""
        wanted = self.checked(AfterFilter(data=request.query_params))
        entries = queries.trail(self.conversation()).filter(pk__gt=wanted["after"])[:TRAIL_PAGE]
        return Response(TrailEntrySerializer(entries, many=True).data)
