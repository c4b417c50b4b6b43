"""The public page on which a person chooses what they get: its links, and what a choice does.

The link itself is the key: whoever has it may choose for this lead and see nothing else of them. It holds no name,
number or address, and does not expire: a mail's "unsubscribe" works for as long as the mail is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.db import transaction

from crm.models import Lead
from crm.models.consent import ConsentState, Purpose
from project.kernel.scope import across_workspaces

from .consent import EVERYTHING, Evidence, consent_state, record_consent
from .leads import survivor_of

Choice = tuple[str, Purpose]
"""A channel's kind, and what is sent there."""


class UnknownLink(Exception):
    """The link was not made by us, or its lead is gone."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose link it is, and the channel on which it was sent."""

    lead: Lead
    channel_kind: str


def _signer() -> Signer:
    return Signer(salt="crm.preferences", sep=".")


def preferences_url(*, lead: Lead, channel_kind: str, base_url: str) -> str:
    """Where the lead chooses what they get, by link in a message on a channel of this kind."""
    token = _signer().sign(f"{lead.pk}.{channel_kind}")
    return f"{base_url.rstrip('/')}/p/{token}/"


def unsubscribe_url(*, lead: Lead, channel_kind: str, base_url: str) -> str:
    """For `List-Unsubscribe` with `List-Unsubscribe-Post: List-Unsubscribe=One-Click` (RFC 8058)."""
    return preferences_url(lead=lead, channel_kind=channel_kind, base_url=base_url) + "unsubscribe/"


def read_link(token: str) -> Bearer:
    """Raises UnknownLink."""
    try:
        number, _, channel_kind = _signer().unsign(token).partition(".")
    except BadSignature as error:
        raise UnknownLink("This link is not complete, or was not made here.") from error
    with across_workspaces():
        lead = Lead.everything.select_related("merged_into__workspace", "workspace").filter(pk=int(number)).first()
    if lead is None:
        raise UnknownLink("The person of this link is no longer known here.")
    return Bearer(lead.merged_into or lead, channel_kind)


def unsubscribe(*, lead: Lead, channel_kind: str, now: datetime) -> bool:
    """One click: no more marketing on this channel; False when it was withdrawn before."""
    return choose(lead=lead, choices={(channel_kind, Purpose.MARKETING): False}, source="one-click", now=now) > 0


def unsubscribe_from_all(*, lead: Lead, channel_kinds: list[str], now: datetime) -> int:
    choices = {(kind, purpose): False for kind in channel_kinds for purpose in EVERYTHING}
    return choose(lead=lead, choices=choices, source="page", now=now)


@transaction.atomic
def choose(*, lead: Lead, choices: Mapping[Choice, bool], source: str, now: datetime, text_shown: str = "") -> int:
    """Write down what differs from what was chosen before; the count. Repeating it changes nothing."""
    lead = survivor_of(lead)  # two clicks at once are one
    changed = 0
    for (channel_kind, purpose), is_wanted in choices.items():
        before = consent_state(lead.pk, channel_kind, purpose)
        state = ConsentState.GRANTED if is_wanted else ConsentState.WITHDRAWN
        if before == state or (before is None and is_wanted and purpose == Purpose.SERVICE):
            continue
        record_consent(
            lead=lead,
            channel_kind=channel_kind,
            purposes=(purpose,),
            state=state,
            source=source,
            proof="one click on “unsubscribe”" if source == "one-click" else "chosen on the preferences page",
            evidence=Evidence(text_shown=text_shown if is_wanted else ""),
            now=now,
        )
        changed += 1
    return changed
