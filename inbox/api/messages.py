from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.access import access_template, access_uploads
from messaging.models import Conversation
from messaging.services.template_choices import choose_template, words_in
from messaging.services.template_forms import TemplateForm
from project.kernel import clock

from . import queries
from .conversations import ConversationView
from .filters import SinceFilter
from .idempotency import requested_key, send_once
from .pagination import NewestMessages
from .schema import CONFLICT, IDEMPOTENCY_KEY, documented
from .serializers import MessageSerializer, NewMessageSerializer

CHANGES_PAGE = 200


class MessageList(ConversationView):
    pagination_class = NewestMessages

    @documented("messages", MessageSerializer(many=True), parameters=[SinceFilter])
    def get(self, request: Request, conversation_id: int) -> Response:
        """Messages, newest first, received, sent and withheld alike.

        With `after`, what changed since that `seq`: at most 200, oldest change first, so that the last one's `seq`
        is the next `after`. A message that was not sent has the status `suppressed` and says why in `verdict`.
        """
        after = self.checked(SinceFilter(data=request.query_params)).get("after")
        rows = queries.messages(self.conversation())
        if after is None:
            return self.page(rows, MessageSerializer)
        changed = rows.filter(seq__gt=after).order_by("seq")[:CHANGES_PAGE]
        return Response({"next": None, "previous": None, "results": MessageSerializer(changed, many=True).data})

    @documented(
        "messages",
        MessageSerializer,
        takes=NewMessageSerializer,
        parameters=[IDEMPOTENCY_KEY],
        code=201,
        also=CONFLICT,
    )
    def post(self, request: Request, conversation_id: int) -> Response:
        """Write to the customer as yourself. This takes the conversation over from the AI.

        201 means that the message is stored, not that it has left. It goes out at once unless the gate defers or
        suppresses it (a closed WhatsApp window, an opt-out): see `status` and `verdict`. With a `template` it may leave
        outside the window too. Files are uploaded first (`POST /attachments/`); what the channel cannot send is refused
        with the reason.
        """
        key = requested_key(request)
        conversation = self.conversation()
        given = self.checked(NewMessageSerializer(data=request.data))
        form = self._form(conversation, given)
        message = send_once(
            conversation=conversation,
            user=request.user,
            body=words_in(form) if form else given.get("body", ""),
            form=form,
            key=key,
            now=clock.now(),
            attachments=access_uploads(request.user, self.workspace, given["attachments"]),
        )
        shown = queries.messages(conversation).get(pk=message.pk)
        return Response(MessageSerializer(shown).data, status=status.HTTP_201_CREATED)

    def _form(self, conversation: Conversation, given: dict[str, Any]) -> TemplateForm | None:
        if "template" not in given:
            return None
        template = access_template(self.request.user, self.workspace, given["template"], self.needed_action)
        return choose_template(template, conversation, given["variables"])
