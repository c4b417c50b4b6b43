"""Asking for consent to e-mail by an e-mail with a link: it goes through the outbox like every other word."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from crm.models import Consent, Identity, Lead, User
from crm.models.people import IdentityKind
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
    window = windows.order_by("-opened_at").first() or _first_mail(conversation)
    if window is None:
        raise CannotAsk("has no e-mail address, or this workspace no e-mail channel: add the one or connect the other")
    return conversation, window.channel


def _first_mail(conversation: Conversation) -> ServiceWindow | None:
    """Who never wrote a mail is reached where they are known to be: e-mail has no window that would be closed."""
    channel = Channel.objects.filter(kind=EMAIL).order_by("pk").first()
    named = Identity.objects.filter(lead=conversation.lead_id, kind=IdentityKind.EMAIL).order_by("-pk").first()
    address = named.value if named else conversation.lead.email
    if channel is None or not address:
        return None
    known = {"workspace_id": conversation.workspace_id, "address": address, "opened_at": conversation.created_at}
    return ServiceWindow.objects.get_or_create(conversation=conversation, channel=channel, defaults=known)[0]


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
