"""Senders that do not send at the moment: which, why, and until when."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from inbox import words
from inbox.desk import Desk
from messaging.models import Channel
from messaging.services.senders import WORTH_EXPLAINING


@dataclass(frozen=True, slots=True)
class Held:
    """A paused sender, or with `is_resting` one that starts again by itself in a moment."""

    id: int
    name: str
    why: str
    until: str
    is_resting: bool


def read_held(desk: Desk, *, now: datetime) -> tuple[Held, ...]:
    resting = Q(rests_until__gt=now + WORTH_EXPLAINING)
    found = Channel.objects.filter(Q(paused_at__isnull=False) | resting, workspace=desk.workspace)
    return tuple(_held(channel, desk, now) for channel in found.order_by("name", "pk"))


def _held(channel: Channel, desk: Desk, now: datetime) -> Held:
    is_resting = channel.paused_at is None
    ends_at = channel.rests_until if is_resting else channel.resumes_at
    reason = channel.rest_reason if is_resting else channel.paused_reason
    return Held(
        id=channel.pk,
        name=channel.name,
        why=reason.rstrip("."),
        until=words.near_time(ends_at, now, desk.zone) if ends_at else "",
        is_resting=is_resting,
    )
