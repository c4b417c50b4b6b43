"""One person: by which names they are known, what they allowed, and who turned out to be the same."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from crm.models import Consent, Identity, Lead, LeadMerge
from crm.models.people import IdentityKind, IdentitySource
from crm.services.consent import consents_in_force
from crm.services.identities import BY_HAND
from crm.services.proposals import open_proposals
from handover.models import Booking, Handover
from inbox import words
from inbox.api import queries as api_queries
from inbox.desk import Desk
from inbox.queries.names import name_of, spaced_phone
from messaging.models import Channel, Conversation, Message
from messaging.transports import offered_kinds

HISTORY = 100
FOUND = 20
SOURCES = {
    IdentitySource.CHANNEL: "told by a channel",
    IdentitySource.PERSON: "added by a colleague",
    IdentitySource.IMPORT: "imported",
}


@dataclass(frozen=True, slots=True)
class Name:
    id: int
    text: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the ledger as a person reads it."""

    channel: str
    purpose: str
    state: str
    tone: str
    note: str
    proof: str
    text_shown: str


@dataclass(frozen=True, slots=True)
class Twin:
    """Somebody who may be the same person."""

    proposal_id: int
    lead_id: int
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    id: int
    who: str
    note: str
    reason: str
    is_undone: bool


@dataclass(frozen=True, slots=True)
class Option:
    value: int | str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Everything on the lead's page."""

    id: int
    who: str
    company: str
    conversation_id: int | None
    names: tuple[Name, ...]
    kinds: tuple[Option, ...]
    channels: tuple[Option, ...]
    in_force: tuple[Said, ...]
    history: tuple[Said, ...]
    twins: tuple[Twin, ...]
    merged: tuple[Merged, ...]
    channel_kinds: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two in the preview of a merge."""

    id: int
    who: str
    rows: tuple[tuple[str, str], ...]


def read_person(desk: Desk, lead: Lead, *, now: datetime) -> Person:
    conversation = Conversation.objects.filter(lead=lead).first()
    preferred = conversation.preferred_channel_id if conversation else None
    return Person(
        id=lead.pk,
        who=name_of(lead),
        company=lead.company,
        conversation_id=conversation.pk if conversation else None,
        names=tuple(_name(identity, desk, now) for identity in Identity.objects.filter(lead=lead).order_by("pk")),
        kinds=tuple(Option(kind.value, kind.label) for kind in BY_HAND),
        channels=tuple(_channels(preferred)) if conversation else (),
        in_force=tuple(_said(line, desk, now) for line in consents_in_force(lead.pk)),
        history=tuple(_history(desk, lead, now)),
        twins=tuple(_twins(lead)),
        merged=tuple(_merged(desk, lead, now)),
        channel_kinds=tuple(Option(kind, words.channel_label(kind)) for kind in offered_kinds()),
    )


def people_named(search: str, *, but: Lead) -> list[Option]:
    """Whom the search finds besides the lead, for a merge."""
    found: QuerySet[Lead] = Lead.objects.filter(api_queries.named(search)).exclude(pk=but.pk)
    known = found.prefetch_related("identities").order_by("-created_at")[:FOUND]
    return [Option(lead.pk, f"{name_of(lead)} · {_known_as(lead)}") for lead in known]


def read_side(desk: Desk, lead: Lead, *, now: datetime) -> Side:
    names = [_name(identity, desk, now).text for identity in Identity.objects.filter(lead=lead).order_by("pk")]
    said = [_said(line, desk, now) for line in consents_in_force(lead.pk)]
    newest = Message.objects.filter(lead=lead).order_by("-at").first()
    about = {
        "Name": lead.name,
        "Company": lead.company,
        "E-mail": lead.email,
        "Language": lead.language,
        "VIP": "yes" if lead.is_vip else "",
        "Known by": ", ".join(names),
        "Messages": str(Message.objects.filter(lead=lead).count()),
        "Last word": f"{words.list_time(newest.at, now, desk.zone)}: {newest.body[:120]}" if newest else "",
        "Consent": "; ".join(f"{line.channel}: {line.purpose} {line.state}" for line in said),
        "Handovers": str(Handover.objects.filter(lead=lead).count()),
        "Calls": str(Booking.objects.filter(lead=lead).count()),
        "Since": words.day_name(lead.created_at, now, desk.zone),
    }
    return Side(lead.pk, name_of(lead), tuple((label, value) for label, value in about.items()))


def _known_as(lead: Lead) -> str:
    values = [each.value for each in lead.identities.all() if each.kind != IdentityKind.VISITOR]
    return ", ".join(values[:3]) or f"#{lead.pk}"


def _name(identity: Identity, desk: Desk, now: datetime) -> Name:
    is_secret = identity.kind == IdentityKind.VISITOR
    text = "Web chat visitor" if is_secret else spaced_phone(identity.value)
    note = f"{SOURCES[IdentitySource(identity.source)]}, {words.list_time(identity.created_at, now, desk.zone)}"
    return Name(
        identity.pk, text, IdentityKind(identity.kind).label, f"{identity.handle} · {note}" if identity.handle else note
    )


def _channels(preferred: int | None) -> list[Option]:
    offered = Channel.objects.filter(kind__in=offered_kinds()).order_by("name", "pk")
    return [
        Option(channel.pk, f"{words.channel_label(channel.kind)}: {channel.name}", channel.pk == preferred)
        for channel in offered
    ]


TONES = {"granted": "human", "withdrawn": "waiting", "pending": "bridge"}


def _said(line: Consent, desk: Desk, now: datetime) -> Said:
    by = f", noted by {line.user}" if line.user else ""
    return Said(
        channel=words.channel_label(line.channel_kind),
        purpose=line.purpose,
        state=line.state,
        tone=TONES[line.state],
        note=f"{line.source}, {words.list_time(line.at, now, desk.zone)}{by}",
        proof=line.proof,
        text_shown=line.text_shown,
    )


def _history(desk: Desk, lead: Lead, now: datetime) -> list[Said]:
    lines = Consent.objects.filter(lead=lead).select_related("user").order_by("-at", "-id")[:HISTORY]
    return [_said(line, desk, now) for line in lines]


def _twins(lead: Lead) -> list[Twin]:
    found = []
    for proposal in open_proposals(lead):
        other = proposal.second if proposal.first_id == lead.pk else proposal.first
        found.append(Twin(proposal.pk, other.pk, name_of(other), proposal.reason))
    return found


def _merged(desk: Desk, lead: Lead, now: datetime) -> list[Merged]:
    merges = LeadMerge.objects.filter(Q(kept=lead)).select_related("gone").order_by("-id")
    return [
        Merged(
            merge.pk,
            name_of(merge.gone),
            f"{merge.actor}, {words.list_time(merge.merged_at, now, desk.zone)}",
            merge.reason,
            merge.undone_at is not None,
        )
        for merge in merges
    ]
