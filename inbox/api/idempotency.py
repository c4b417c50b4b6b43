"""`Idempotency-Key`: a caller that got no answer may ask again without speaking twice."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from agents.coordinator import send_as_person
from crm.models import User
from messaging.models import Attachment, Conversation, Message
from messaging.services.media_uploads import items_of
from messaging.services.template_forms import TemplateForm

from .errors import Conflict


def requested_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not re.fullmatch(r"[\x21-\x7e]{1,100}", key):
        raise ValidationError({"Idempotency-Key": ["Must be 1 to 100 printable characters without spaces."]})
    return f"api:{key}"


@transaction.atomic
def send_once(
    *,
    conversation: Conversation,
    user: User,
    body: str,
    key: str | None,
    now: datetime,
    attachments: Sequence[Attachment] = (),
    form: TemplateForm | None = None,
) -> Message:
    """Send as the person, once for each of their keys. A key that comes back with other words is refused.

    The refusal undoes everything, the floor taken for these words included.
    """
    message = send_as_person(
        conversation=conversation, user=user, body=body, now=now, key=key, attachments=attachments, form=form
    )
    same = message.body == body.strip() and message.media == items_of(attachments)
    if message.conversation_id != conversation.pk or not same:
        raise Conflict("This Idempotency-Key was used for another message.", code="key_reused")
    return message
