"""Asking for consent to e-mail by an e-mail with a link: it goes through the outbox like every other word."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from crm.models import Consent, Lead, User
from crm.services.opt_in import confirmation_url, request_opt_in
from messaging import floor
from messaging.floor import Grant
from messaging.models import Channel, Conversation, Message, ServiceWindow
from messaging.models.messages import MessageStatus, Voice
from project.kernel.errors import WrongValues

from .conversations import lock_conversation
from .opt_in_words import opt_in_words
from .outbound import queue_message

EMAIL = "email"


class CannotAsk(WrongValues):
    """Why the link cannot be sent."""

    def __init__(self, why: str) -> None:
        super().__init__({"lead": why})


@transaction.atomic
def ask_for_opt_in(
    *, lead: Lead, source: str, reason: str, user: User, now: datetime, text_shown: str = ""
) -> Consent | None:
    """Queue the e-mail with the link, and note that consent is pending; None when there is consent already.

    Raises CannotAsk without an e-mail channel, an address, or while somebody else speaks to the lead.
    """
    conversation, channel = _where(lead)
    conversation = lock_conversation(conversation)
    pending = request_opt_in(
        lead=conversation.lead,
        channel_kind=channel.kind,
        source=source,
        reason=reason,
        user=user,
        now=now,
        text_shown=text_shown,
    )
    if pending is None:
        return None
    message = _queue(conversation, channel, pending, user, now)
    if message.status == MessageStatus.SUPPRESSED:
        raise CannotAsk(f"the e-mail may not leave: {message.verdict.get('reason', '')}")
    return pending


def _where(lead: Lead) -> tuple[Conversation, Channel]:
    conversation = Conversation.objects.filter(lead=lead).first()
    if conversation is None:
        raise CannotAsk("has no conversation yet; add their consent by hand when they write")
    windows = ServiceWindow.objects.filter(conversation=conversation, channel__kind=EMAIL).select_related("channel")
    window = windows.order_by("-opened_at").first()
    if window is None:
        raise CannotAsk("has no address on an e-mail channel of this workspace; connect one, or let them write first")
    return conversation, window.channel


def _queue(conversation: Conversation, channel: Channel, pending: Consent, user: User, now: datetime) -> Message:
    grant = floor.lend(workspace_id=conversation.workspace_id, lead_id=conversation.lead_id, user_id=user.pk)
    if not isinstance(grant, Grant):
        held = floor.current_floor(conversation.lead_id)
        if held is None or held.user_id != user.pk or held.expires_at is not None:
            raise CannotAsk("is being spoken to at this moment; try again when the conversation is free")
        grant = Grant(conversation.workspace_id, conversation.lead_id, "human", held.priority or 1, held.epoch, user.pk)
    url = confirmation_url(pending, base_url=settings.PUBLIC_BASE_URL)
    return queue_message(
        conversation=conversation,
        voice=Voice.HUMAN,
        body=opt_in_words(conversation.lead.language, company=conversation.workspace.name, link=url),
        intent_key=f"opt-in:{pending.pk}",
        grant=grant,
        now=now,
        author=user,
        channel=channel,
    )
