"""The registry of templates: what the providers say of them is written down, and acted on.

Two sources tell the same things: the list, which is read now and then, and the provider's news, which are quicker and
say less. Whatever changes is kept (`TemplateChange`); a template that may no longer be sent stops what waits with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from crm.models import User
from messaging.models import Channel, Message, MessageTemplate, TemplateChange
from messaging.models.messages import MessageStatus
from messaging.templating import Category, Listed, Listing, Status

from .senders import kick_sending, report_trouble
from .template_forms import account_of

STOPPED = {Status.PAUSED, Status.DISABLED, Status.REJECTED, Status.GONE}


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider says of one template; None where it says nothing of it."""

    status: Status | None = None
    category: Category | None = None
    quality: str | None = None
    reason: str = ""
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a listing."""

    total: int
    new: int
    changed: int
    gone: int
    unreadable: int


def templates_of(channel: Channel) -> QuerySet[MessageTemplate]:
    """All that the account behind this sender has."""
    return MessageTemplate.objects.filter(
        workspace_id=channel.workspace_id, channel_kind=channel.kind, account=account_of(channel)
    )


@transaction.atomic
def record_listing(*, channel: Channel, listing: Listing, asked_at: datetime, now: datetime) -> Recorded:
    """Write down what the provider has. News that came while it was asked is newer than its answer, and stands."""
    Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)  # of two listings at once, one after the other
    known = {template.provider_id: template for template in templates_of(channel).select_for_update(no_key=True)}
    new = changed = 0
    for listed in listing.templates:
        template = known.pop(listed.provider_id, None)
        if template is None:
            add_listed(channel=channel, listed=listed, now=now)
            new += 1
        elif template.told_at is None or template.told_at <= asked_at:
            changed += _update(channel, template, listed, now)
    missing = [template for template in known.values() if template.provider_id not in listing.unreadable]
    gone = sum(_lose(channel, template, asked_at, now) for template in missing)
    return Recorded(len(listing.templates), new, changed, gone, len(listing.unreadable))


def add_listed(*, channel: Channel, listed: Listed, now: datetime, user: User | None = None) -> MessageTemplate:
    """One that was not known; its first state is its first change."""
    template = MessageTemplate.objects.create(
        workspace_id=channel.workspace_id,
        channel_kind=channel.kind,
        account=account_of(channel),
        provider_id=listed.provider_id,
        told_at=now,
        created_at=now,
        **_told_by(listed),
    )
    _note(template, "status", "", template.status, listed.reason, now, user)
    return template


TEXTS = ("reference", "name", "language", "header", "body", "footer", "unsupported")


def _told_by(listed: Listed) -> dict[str, Any]:
    return {
        **{name: getattr(listed, name) for name in TEXTS},
        "category": listed.category,
        "status": listed.status,
        "quality": listed.quality,
        "buttons": [button.as_json() for button in listed.buttons],
        "variables": dict(listed.variables),
        "reason": listed.reason[:500],
    }


def _update(channel: Channel, template: MessageTemplate, listed: Listed, now: datetime) -> bool:
    """Words first, so that whoever reads of the change reads the new ones."""
    wanted = _told_by(listed)
    words = [*TEXTS, "buttons", "variables"]
    differing = [name for name in words if getattr(template, name) != wanted[name]]
    for name in differing:
        setattr(template, name, wanted[name])
    if differing:
        template.save(update_fields=differing)
    told = Told(listed.status, listed.category, listed.quality, listed.reason, template.paused_until)
    return record_told(channel=channel, template=template, told=told, now=now) or bool(differing)


def _lose(channel: Channel, template: MessageTemplate, asked_at: datetime, now: datetime) -> bool:
    if template.status == Status.GONE or (template.told_at and template.told_at > asked_at):
        return False
    told = Told(Status.GONE, reason="It is no longer on the provider's list")
    return record_told(channel=channel, template=template, told=told, now=now)


def find_template(channel: Channel, *, provider_id: str, name: str, language: str) -> MessageTemplate | None:
    """As the provider's news name it: by id, else by name and language."""
    mine = templates_of(channel).select_for_update(no_key=True)
    by_id = mine.filter(provider_id=provider_id).first() if provider_id else None
    return by_id or mine.filter(name=name, language=language).order_by("-pk").first()


@transaction.atomic
def record_told(
    *, channel: Channel, template: MessageTemplate, told: Told, now: datetime, user: User | None = None
) -> bool:
    """Move the template to what is said of it; False when nothing is new. Operators hear of what stops it."""
    changes = [
        (name, before, after)
        for name, before, after in (
            ("status", template.status, told.status),
            ("category", template.category, told.category),
            ("quality", template.quality, told.quality),
        )
        if after is not None and after != before
    ]
    template.told_at = now
    template.reason = told.reason[:500] if told.status else template.reason
    template.paused_until = told.paused_until if (told.status or template.status) == Status.PAUSED else None
    for name, before, after in changes:
        setattr(template, name, after)
        _note(template, name, before, after, told.reason, now, user)
    fields = ["status", "category", "quality", "reason", "paused_until", "told_at"]
    template.save(update_fields=fields)
    if any(name == "status" for name, _, _ in changes):
        _let_gate_look(template, now)
    _report(channel, template, changes, now)
    return bool(changes)


def _note(
    template: MessageTemplate, what: str, before: str, after: str, reason: str, now: datetime, user: User | None
) -> None:
    TemplateChange.objects.create(
        workspace_id=template.workspace_id,
        template=template,
        at=now,
        what=what,
        before=before,
        after=after,
        reason=reason[:500],
        user=user,
    )


def _let_gate_look(template: MessageTemplate, now: datetime) -> None:
    """What waits with this template is looked at now: it gets its verdict at once, or leaves."""
    waiting = Message.objects.filter(template=template, status=MessageStatus.QUEUED, due_at__gt=now)
    if waiting.update(due_at=now):
        kick_sending()


def _report(
    channel: Channel, template: MessageTemplate, changes: Iterable[tuple[str, str, str]], now: datetime
) -> None:
    used = ", ".join(use.get_purpose_display().lower() for use in template.uses.order_by("pk"))
    for name, before, after in changes:
        is_bad = after in STOPPED if name == "status" else after == "red" if name == "quality" else bool(before)
        if is_bad:
            why = f" ({template.reason.replace('_', ' ').lower()})" if name == "status" and template.reason else ""
            stands_for = f". It is used for: {used}" if used else ""
            meaning = f"Template {template.name} ({template.language}): {after}{why}{stands_for}"
            report_trouble(channel, code=f"{template.provider_id[-18:]}:{after}", meaning=meaning, now=now)
