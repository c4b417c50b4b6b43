"""What stands on a person's page: the channels that reach them, and what they allow on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.models import Consent
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import consents_in_force
from crm.services.preferences import Bearer, Choice
from inbox.words import channel_label
from messaging.models import ServiceWindow
from messaging.transports import CHANNELS


@dataclass(frozen=True, slots=True)
class Offer:
    """One box on the page; `name` is its field."""

    channel_kind: str
    purpose: Purpose
    is_allowed: bool

    @property
    def name(self) -> str:
        return f"{self.channel_kind}.{self.purpose}"


@dataclass(frozen=True, slots=True)
class Offered:
    channel_kind: str
    label: str
    offers: tuple[Offer, ...]


def kinds_of(bearer: Bearer) -> list[str]:
    """The channel of the link, where the person wrote, and where they said something before."""
    lead = bearer.lead
    written = ServiceWindow.objects.filter(conversation__lead=lead).values_list("channel__kind", flat=True)
    said = Consent.objects.filter(lead=lead).values_list("channel_kind", flat=True)
    return sorted(kind for kind in {bearer.channel_kind, *written, *said} if kind in CHANNELS)


def read_offers(bearer: Bearer) -> list[Offered]:
    states = {(line.channel_kind, line.purpose): line.state for line in consents_in_force(bearer.lead.pk)}
    return [
        Offered(kind, channel_label(kind), tuple(_offer(kind, purpose, states) for purpose in Purpose))
        for kind in kinds_of(bearer)
    ]


def _offer(kind: str, purpose: Purpose, states: Mapping[tuple[str, str], str]) -> Offer:
    """Answers may go until somebody says no, marketing only after they said yes."""
    state = states.get((kind, purpose))
    is_allowed = state == ConsentState.GRANTED if purpose == Purpose.MARKETING else state != ConsentState.WITHDRAWN
    return Offer(kind, purpose, is_allowed)


def chosen(offered: Sequence[Offered], ticked: set[str]) -> dict[Choice, bool]:
    """What differs from what the page showed."""
    return {
        (offer.channel_kind, offer.purpose): offer.name in ticked
        for group in offered
        for offer in group.offers
        if (offer.name in ticked) != offer.is_allowed
    }
