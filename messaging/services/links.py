"""Tracked short links: made when a message is queued, and counted when a person follows one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Prefetch

from crm.models import Workspace
from crm.models.activity import ActivityKind
from crm.models.consent import Purpose
from crm.services.activity import record_activity
from crm.services.trail import record_decision
from messaging.models import LinkClick, LinkPolicy, Message, TrackedLink
from messaging.prefetch import is_person
from messaging.short_links import hosts_in, may_be_tracked, replace_urls, with_utm
from project.kernel.scope import across_workspaces, workspace_scope

from .conversations import lock_conversation, next_seq

PATH = "/l/"


class NoSuchLink(LookupError):
    """No link has this token."""


class LinkExpired(Exception):
    """The link led somewhere once."""


def link_policy_of(workspace_id: int) -> LinkPolicy:
    """The workspace's own, or the usual one, which is not stored."""
    return LinkPolicy.objects.filter(workspace_id=workspace_id).first() or LinkPolicy(workspace_id=workspace_id)


def shorten_links(message: Message, *, now: datetime) -> list[TrackedLink]:
    """Put tracked addresses into the body of a message that is about to be queued; the links, to be stored after it.

    An address that stands there twice is one link.
    """
    if "://" not in message.body:
        return []
    policy = link_policy_of(message.workspace_id)
    is_wanted = policy.tracks_marketing if message.purpose == Purpose.MARKETING else policy.tracks_service
    if not is_wanted:
        return []
    base = _base_of(message)
    untracked = [urlsplit(base).hostname or "", *hosts_in(policy.untracked_hosts)]
    links: dict[str, TrackedLink] = {}

    def short(url: str) -> str:
        if not may_be_tracked(url, untracked=untracked):
            return url
        link = links.setdefault(url, _new_link(message, policy, url, now))
        return f"{base}{PATH}{link.token}"

    message.body = replace_urls(message.body, short)
    return list(links.values())


def store_links(links: list[TrackedLink]) -> None:
    if links:
        TrackedLink.objects.bulk_create(links)


def _base_of(message: Message) -> str:
    base: str = message.channel.settings.get("public_base_url") or settings.PUBLIC_BASE_URL
    return base.rstrip("/")


def _new_link(message: Message, policy: LinkPolicy, url: str, now: datetime) -> TrackedLink:
    medium = message.channel.kind.partition("_")[0]
    campaign = str(message.payload.get("campaign") or message.purpose)[:60]
    return TrackedLink(
        workspace_id=message.workspace_id,
        message=message,
        lead_id=message.lead_id,
        shown=url,
        destination=with_utm(url, medium=medium, campaign=campaign) if policy.adds_utm else url,
        created_at=now,
        expires_at=now + timedelta(days=policy.valid_days),
    )


def follow_link(*, token: str, method: str, headers: Mapping[str, str], now: datetime) -> str:
    """Where the link leads. A person's first visit of the day is counted. Raises NoSuchLink or LinkExpired."""
    with across_workspaces():
        link = TrackedLink.objects.select_related("message", "workspace").filter(token=token).first()
    if link is None:
        raise NoSuchLink("There is no such link.")
    if link.expires_at <= now:
        raise LinkExpired("This link has expired.")
    sent_at = link.message.sent_at or link.message.at
    if is_person(method=method, headers=headers, since_sent=now - sent_at):
        with workspace_scope(link.workspace):
            record_click(link=link, now=now)
    return link.destination


def record_click(*, link: TrackedLink, now: datetime) -> bool:
    """Count it once for each day of the workspace; False when this day has it already."""
    day = now.astimezone(link.workspace.zone).date()
    if LinkClick.objects.filter(link=link, day=day).exists():  # nearly every further press: nothing is locked for it
        return False
    with transaction.atomic():
        conversation = lock_conversation(link.message.conversation_id)
        _, is_new = LinkClick.objects.get_or_create(
            workspace_id=link.workspace_id, link=link, day=day, defaults={"at": now}
        )
        if is_new:
            lead, host = conversation.lead, urlsplit(link.shown).hostname
            record_activity(lead=lead, kind=ActivityKind.LINK_CLICK, key=f"click:{link.pk}:{day}", now=now)
            record_decision(
                lead=lead,
                actor="customer",
                kind="link.clicked",
                reason=f"{lead} followed the link to {host}.",
                now=now,
                message=str(link.message_id),
                link=link.pk,
            )
            Message.objects.filter(pk=link.message_id).update(seq=next_seq(conversation))
    return is_new


def links_with_clicks() -> "Prefetch[str]":
    """For lists of messages: each with its links, and on how many days each was followed; one query for all."""
    counted = TrackedLink.objects.annotate(clicked_days=Count("clicks"), clicked_at=Max("clicks__at"))
    return Prefetch("links", counted.order_by("id"))


def change_link_policy(*, workspace: Workspace, changes: Mapping[str, object]) -> LinkPolicy:
    """Raises ValidationError for values that cannot be used."""
    policy = link_policy_of(workspace.pk)
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.full_clean(exclude=["workspace"], validate_unique=False, validate_constraints=True)
    stored, _ = LinkPolicy.objects.update_or_create(workspace=workspace, defaults=dict(changes))
    return stored
