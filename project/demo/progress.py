"""How far the newcomer has come: each step of the strip is read from the rows themselves."""

from dataclasses import asdict, dataclass
from typing import Any

from crm.models import Identity, Lead, Workspace
from crm.models.people import IdentityKind
from handover.models import Booking, Handover
from handover.models.bookings import BookingState
from handover.models.handovers import Rung, StepState
from messaging.models import Conversation, Message
from messaging.models.messages import Direction, Voice

SPOKEN = ("accepted", "sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Progress:
    """`rungs` are the ladder's steps that were done; `steps` says which of the five on the strip are."""

    conversation: int | None
    steps: tuple[bool, ...]
    rungs: tuple[str, ...]
    ended: str
    booking: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


NOTHING_YET = Progress(None, (False,) * 5, (), "", "")


def read_progress(workspace: Workspace, visitor_id: str) -> Progress:
    """The scope of the workspace is open."""
    identity = (
        Identity.objects.filter(workspace=workspace, kind=IdentityKind.VISITOR, value=visitor_id)
        .select_related("lead")
        .first()
    )
    conversation = Conversation.objects.filter(lead=identity.lead).first() if identity else None
    if identity is None or conversation is None:
        return NOTHING_YET
    return _progress_of(identity.lead, conversation)


def _progress_of(lead: Lead, conversation: Conversation) -> Progress:
    handover = Handover.objects.filter(lead=lead).order_by("-id").first()
    rungs = _rungs_of(handover)
    offered = Booking.objects.filter(lead=lead).order_by("-id").first()
    is_booked = offered is not None and offered.state == BookingState.BOOKED
    answered = _spoken(lead).filter(direction=Direction.OUT, voice=Voice.AI)
    return Progress(
        conversation=conversation.pk,
        steps=(
            answered.exists(),
            answered.filter(answers__isnull=False).count() > 1,
            handover is not None,
            bool(rungs),
            is_booked or _spoken(lead).filter(voice=Voice.HUMAN).exists(),
        ),
        rungs=rungs,
        ended=handover.ended_reason if handover else "",
        booking=offered.url if offered and not is_booked else "",
    )


def _rungs_of(handover: Handover | None) -> tuple[str, ...]:
    if handover is None:
        return ()
    done = handover.steps.filter(state=StepState.FIRED).order_by("due_at").values_list("rung", flat=True)
    return tuple(Rung(rung).label for rung in done)


def _spoken(lead: Lead) -> Any:
    return Message.objects.filter(lead=lead, status__in=SPOKEN)
