"""Founding a workspace and bringing people in."""

import secrets
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.models import Membership, Role, User, Workspace
from project.kernel.scope import across_workspaces


@transaction.atomic
def create_workspace(
    *, slug: str, name: str, timezone: str, owner_email: str, owner_password: str, now: datetime, owner_name: str = ""
) -> Workspace:
    """A workspace with its owner. Raises ValidationError naming each wrong value."""
    workspace = Workspace(slug=slug, name=name, timezone=timezone, created_at=now)
    workspace.full_clean()
    workspace.save()
    add_member(workspace=workspace, email=owner_email, password=owner_password, role=Role.OWNER, name=owner_name)
    return workspace


def internal_workspace(*, now: datetime) -> Workspace:
    """The installation's own workspace, made on first use. It has no members, and nothing lists it."""
    fresh = {
        "slug": f"internal-{secrets.token_hex(4)}",  # no company can have taken it before
        "name": "Baton itself",
        "debounce_seconds": 0,
        "created_at": now,
    }
    workspace, _ = Workspace.everything.get_or_create(is_internal=True, defaults=fresh)
    return workspace


@transaction.atomic
def add_member(*, workspace: Workspace, email: str, password: str, role: str, name: str = "") -> User:
    """Make the person a member. Someone who has an account keeps their password and name.

    Raises ValidationError for a malformed address, an unknown role or a weak password.
    """
    if role not in Role.values:
        raise ValidationError({"role": f"“{role}” is not a role: {', '.join(Role.values)}."})
    user = User.objects.filter(email__iexact=email).first() or _create_user(email, password, name)
    with across_workspaces():
        Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
    return user


def _create_user(email: str, password: str, name: str) -> User:
    user = User(email=email.lower(), name=name)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    user.set_password(password)
    user.full_clean()
    user.save()
    return user
