"""Why a message did not arrive, in plain words."""

from django.db.models import Exists, OuterRef, QuerySet

from messaging import transports
from messaging.models import Attempt, Message
from messaging.models.deliveries import AttemptState
from messaging.models.messages import MessageStatus

OURS = {
    "absent": "The provider never had it",
    "unsendable": "It could not be made ready for sending",
}
"""Ends that we named ourselves; every other code is the provider's."""

UNTOLD = "Nobody could say whether it arrived"


def with_doubts(found: QuerySet[Message]) -> QuerySet[Message]:
    """Each message with `was_in_doubt`: of one of its attempts nobody knows the outcome."""
    doubts = Attempt.objects.filter(message=OuterRef("pk"), state=AttemptState.ABANDONED)
    return found.annotate(was_in_doubt=Exists(doubts))


def may_be_there(message: Message) -> bool:
    """The customer may have it although it counts as not delivered. The message was read `with_doubts`."""
    was_in_doubt: bool = message.was_in_doubt  # type: ignore[attr-defined]
    return was_in_doubt or message.status == MessageStatus.IN_DOUBT


def meaning_of(kind: str, code: str) -> str:
    """What the code says on a channel of this kind, with the code itself for whoever looks it up."""
    if not code:
        return ""
    if code in OURS:
        return OURS[code]
    try:
        meaning = transports.reaction_for(kind, code).meaning
    except (transports.UnknownChannelKind, ImportError, AttributeError):
        return f"Error {code}"
    return f"{meaning} (error {code})"
