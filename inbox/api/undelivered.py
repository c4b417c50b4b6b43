from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.access import access_message
from messaging.models import Message
from messaging.services.dead_letters import dismiss_message, override_doubt, replay_message
from project.kernel import clock

from . import queries
from .base import WorkspaceView
from .filters import UndeliveredFilter
from .pagination import NewestUndelivered
from .schema import CONFLICT, documented
from .serializers import MessageSerializer, ReplaySerializer, UndeliveredSerializer


class UndeliveredList(WorkspaceView):
    pagination_class = NewestUndelivered

    @documented("messages", UndeliveredSerializer(many=True), parameters=[UndeliveredFilter])
    def get(self, request: Request) -> Response:
        """Messages that ended without arriving and that nobody has decided on, newest first."""
        wanted = self.checked(UndeliveredFilter(data=request.query_params))
        return self.page(self.narrowed(queries.undelivered(self.workspace), wanted), UndeliveredSerializer)

    def narrowed(self, rows: QuerySet[Message], wanted: dict[str, Any]) -> QuerySet[Message]:
        names = {"channel": "channel", "status": "status", "code": "error_code"}
        return rows.filter(**{names[name]: value for name, value in wanted.items()})


class MessageView(WorkspaceView):
    """One message of the workspace, and what a person decides about it."""

    def message(self) -> Message:
        return access_message(self.request.user, self.workspace, self.kwargs["message_id"], self.needed_action)

    def shown(self, message: Message) -> Response:
        return Response(MessageSerializer(queries.messages(message.conversation).get(pk=message.pk)).data)


class Replay(MessageView):
    @documented("messages", MessageSerializer, takes=ReplaySerializer, also=CONFLICT)
    def post(self, request: Request, message_id: UUID) -> Response:
        """Send again a message that ended without arriving: the same message, through the gate anew.

        A message that the customer may have all the same is refused with `in_doubt`, unless `despite_doubt` says that
        getting it twice is accepted. Asked again, nothing is sent twice: the message is no longer undelivered, and
        the answer is 409 with `not_undelivered`. See `status` and `verdict` for what the gate made of it.
        """
        message = self.message()
        accepted = self.checked(ReplaySerializer(data=request.data))["despite_doubt"]
        replay_message(message=message, user=request.user, now=clock.now(), despite_doubt=accepted)
        return self.shown(message)


class Dismiss(MessageView):
    @documented("messages", MessageSerializer, also=CONFLICT)
    def post(self, request: Request, message_id: UUID) -> Response:
        """Leave a message as it ended; it is no longer listed as undelivered."""
        message = self.message()
        dismiss_message(message=message, user=request.user, now=clock.now())
        return self.shown(message)


class OverrideDoubt(MessageView):
    @documented("messages", MessageSerializer, also=CONFLICT)
    def post(self, request: Request, message_id: UUID) -> Response:
        """Stop waiting for the provider's word on a message of status `unknown`: it becomes `in_doubt`.

        What comes next to this customer may leave at once, and may come twice or out of order.
        """
        message = self.message()
        override_doubt(message=message, user=request.user, now=clock.now())
        return self.shown(message)
