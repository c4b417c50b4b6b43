"""What a lead is called on a screen: by name, else by how the channel knows them."""

from collections.abc import Iterable

import phonenumbers

from crm.models import Identity, Lead
from crm.models.people import IdentityKind


def names_of(leads: Iterable[Lead]) -> dict[int, str]:
    """The names of all of them in one query at most."""
    known = {lead.pk: lead.name or lead.email for lead in leads}
    unnamed = [pk for pk, name in known.items() if not name]
    if unnamed:
        phones = Identity.objects.filter(lead__in=unnamed, kind=IdentityKind.PHONE).order_by("-pk")
        known |= {identity.lead_id: spaced_phone(identity.value) for identity in phones}
    return {pk: name or f"Visitor {pk}" for pk, name in known.items()}


def name_of(lead: Lead) -> str:
    return names_of([lead])[lead.pk]


def spaced_phone(value: str) -> str:
    """“+55 21 98877-1200”; what is no phone number stays as it is."""
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
