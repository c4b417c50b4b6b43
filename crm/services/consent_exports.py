"""The ledger of consent as a table, for whoever must show it."""

from collections.abc import Iterator

from crm.models import Consent, Lead, Workspace

from .suppression_lists import inert

HEADER = ["lead", "name", "channel", "purpose", "state", "at", "source", "proof", "text shown", "noted by"]


def write_ledger(workspace: Workspace, lead: Lead | None = None) -> Iterator[list[str]]:
    """Header and every line, oldest first, of the workspace or of one lead."""
    yield HEADER
    lines = Consent.objects.filter(workspace=workspace).select_related("lead", "user").order_by("pk")
    for line in (lines.filter(lead=lead) if lead else lines).iterator(chunk_size=2000):
        yield [
            str(line.lead_id),
            inert(line.lead.name),
            line.channel_kind,
            line.purpose,
            line.state,
            line.at.isoformat(),
            inert(line.source),
            inert(line.proof),
            inert(line.text_shown),
            inert(str(line.user or "")),
        ]
