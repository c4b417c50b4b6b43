"""One click of somebody who knows: was this handover needed?"""

from datetime import datetime

from django.db import transaction

from analytics.models import HandoverVerdict
from crm.models import User
from crm.services.trail import record_decision
from handover.models import Handover
from messaging.services.conversations import lock_conversation, next_seq


@transaction.atomic
def judge_handover(*, handover: Handover, was_needed: bool, user: User, now: datetime) -> HandoverVerdict:
    """The latest word stands; saying the same again changes nothing."""
    conversation = lock_conversation(handover.conversation_id)
    known = HandoverVerdict.objects.filter(handover=handover).first()
    if known is not None and known.was_needed == was_needed:
        return known
    verdict, _ = HandoverVerdict.objects.update_or_create(
        handover=handover,
        defaults={"workspace_id": handover.workspace_id, "was_needed": was_needed, "user": user, "at": now},
    )
    record_decision(
        lead=handover.lead,
        actor=str(user),
        kind="handover.judged",
        reason=f"{user}: the handover was {'' if was_needed else 'not '}needed.",
        now=now,
        handover=handover.pk,
        was_needed=was_needed,
        trigger=handover.trigger,
        user=user.pk,
    )
    next_seq(conversation)
    return verdict
