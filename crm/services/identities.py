"""Names that a person adds to a lead or takes away by hand."""

import re
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from crm.models import Identity, Lead, User, Workspace
from crm.models.people import IdentityKind, IdentitySource
from crm.phones import NotAPhoneNumber, to_e164
from project.kernel.commands import is_storable
from project.kernel.errors import WrongValues

from .leads import find_lead, survivor_of
from .suppressions import heed_suppressions
from .trail import record_decision

BY_HAND = (
    IdentityKind.PHONE,
    IdentityKind.EMAIL,
    IdentityKind.WHATSAPP,
    IdentityKind.TELEGRAM,
    IdentityKind.INSTAGRAM,
)
"""A visitor's id is a secret of their browser: nobody can know it."""

SHAPES = {
    IdentityKind.WHATSAPP: (
        r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}",
        "a business-scoped id, such as BR.1349120865530274",
    ),
    IdentityKind.TELEGRAM: (r"[1-9]\d{0,18}", "a Telegram user's number; a username may pass to somebody else"),
    IdentityKind.INSTAGRAM: (r"[1-9]\d{0,30}", "an Instagram-scoped number; a username may pass to somebody else"),
}


def normalise_identity(kind: str, value: str) -> tuple[IdentityKind, str]:
    """The one spelling in which it is stored. Raises WrongValues naming what is wrong."""
    if kind not in BY_HAND:
        raise WrongValues({"kind": f"“{kind}” is not one of: {', '.join(BY_HAND)}"})
    text = value.strip()
    if not is_storable(text):
        raise WrongValues({"value": "is not valid UTF-8 text"})
    if kind == IdentityKind.PHONE:
        return IdentityKind.PHONE, _phone(text)
    if kind == IdentityKind.EMAIL:
        return IdentityKind.EMAIL, _email(text)
    pattern, meant = SHAPES[IdentityKind(kind)]
    if not re.fullmatch(pattern, text):
        raise WrongValues({"value": f"“{text[:80]}” is not {meant}"})
    return IdentityKind(kind), text


def _phone(text: str) -> str:
    try:
        return to_e164(text)
    except NotAPhoneNumber as error:
        raise WrongValues({"value": str(error)}) from error


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise WrongValues({"value": f"“{text[:80]}” is not an e-mail address"}) from error
    if len(text) > 160:
        raise WrongValues({"value": "is longer than 160 characters"})
    return text.lower()


@transaction.atomic
def add_identity(*, lead: Lead, kind: str, value: str, user: User, now: datetime) -> Identity:
    """Raises WrongValues: for a value that is none, and for one that is somebody else's."""
    name = normalise_identity(kind, value)
    lead = survivor_of(lead)
    owner = find_lead(workspace=lead.workspace, identities=[name])
    if owner is not None and owner.pk != lead.pk:
        raise WrongValues(
            {"value": f"{name[1]} belongs to {owner} (#{owner.pk}); merge the two if they are one person"}
        )
    identity, is_new = Identity.objects.get_or_create(
        workspace_id=lead.workspace_id,
        kind=name[0],
        value=name[1],
        defaults={"lead": lead, "source": IdentitySource.PERSON, "created_at": now},
    )
    if is_new:
        heed_suppressions(lead=lead, names=[name], now=now)
        _tell(lead, user, "lead.identity_added", f"{user} added {identity.value}.", now)
    return identity


@transaction.atomic
def remove_identity(*, lead: Lead, identity: Identity, user: User, now: datetime) -> None:
    """Who writes under it next is somebody new. Raises WrongValues for the last one: nobody could find the lead."""
    lead = survivor_of(lead)
    names = list(Identity.objects.select_for_update().filter(lead=lead).order_by("pk"))
    if identity.pk not in {name.pk for name in names}:
        return
    if len(names) == 1:
        raise WrongValues({"identity": "is the only one; add another first, or the lead could not be found again"})
    identity.delete()
    _tell(lead, user, "lead.identity_removed", f"{user} removed {identity.value}.", now)


def note_handle(*, workspace: Workspace, kind: IdentityKind, value: str, handle: str) -> None:
    """The username that somebody has today, to be shown; nobody is ever found by it."""
    known = Identity.objects.filter(workspace=workspace, kind=kind, value=value)
    known.exclude(handle=handle).update(handle=handle[:160])


def _tell(lead: Lead, user: User, kind: str, reason: str, now: datetime) -> None:
    record_decision(lead=lead, actor=str(user), kind=kind, reason=reason, now=now, user=user.pk)
