"""What people correct about a lead by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.models import Lead, User
from crm.models.people import IdentityKind

from .suppressions import heed_suppressions
from .trail import record_decision

CORRECTABLE = ("name", "company", "email", "language", "timezone", "is_vip")


@transaction.atomic
def change_profile(*, lead: Lead, changes: Mapping[str, Any], user: User, now: datetime) -> None:
    """Set the given fields (of CORRECTABLE). The trail tells each change; no change leaves no line."""
    current = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    changed = {
        name: changes[name] for name in CORRECTABLE if name in changes and changes[name] != getattr(current, name)
    }
    if not changed:
        return
    before = {name: getattr(current, name) for name in changed}
    for name, value in changed.items():
        setattr(current, name, value)
    current.full_clean(validate_unique=False, validate_constraints=False)
    current.save(update_fields=list(changed))
    if "email" in changed:
        heed_suppressions(lead=current, names=[(IdentityKind.EMAIL, current.email.lower())], now=now)
    record_decision(
        lead=current,
        actor=str(user),
        kind="lead.changed",
        reason=f"{user} changed {', '.join(name.removeprefix('is_') for name in changed)}.",
        now=now,
        user=user.pk,
        before=before,
        after=changed,
    )
