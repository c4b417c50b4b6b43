"""News of the account: the number's quality and limit, and what becomes of templates.

What stands for a while is kept on the channel and shown with it; what an operator has to act on is told to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from messaging.channels.meta_limits import limit_in
from messaging.models import Channel
from messaging.models.webhooks import EventState
from messaging.services.senders import report_trouble
from messaging.services.templates import Told, find_template, record_told
from messaging.services.upkeep import ask_soon, keep_standing
from messaging.templating import Category, Status

from .payloads import AccountNews, Json, read
from .templates import STATUSES, language_in

GOOD_NEWS: Final = frozenset(
    {"APPROVED", "REINSTATED", "UNARCHIVED", "PENDING", "VERIFIED_ACCOUNT", "UNFLAGGED", "GREEN", "ONBOARDING"}
)

WARNINGS: Final = {
    "FLAGGED": "Meta flagged the number: too many people blocked or reported it",
    "DOWNGRADE": "Meta lowered how many people the number may write to",
}


def apply_news(channel: Channel, content: Json, now: datetime) -> EventState:
    news = read(AccountNews, content)
    READERS.get(news.field, _any_news)(_channel_of(channel, news.value), news.field, news.value, now)
    return EventState.APPLIED


def _channel_of(channel: Channel, value: Json) -> Channel:
    """The number that the news names, where it is connected too; else the channel whose door it came through."""
    digits = "".join(filter(str.isdigit, _word(value, "display_phone_number")))
    named = Channel.objects.filter(workspace_id=channel.workspace_id, kind=channel.kind, sender=f"+{digits}")
    return (named.first() if digits else None) or channel


def _quality(channel: Channel, field: str, value: Json, now: datetime) -> None:
    event, limit = _word(value, "event"), _word(value, "current_limit")
    per_day = value.get("max_daily_conversations_per_business")
    if event in ("FLAGGED", "UNFLAGGED"):
        _keep(channel, "Quality", "flagged: too many people blocked or reported it" if event == "FLAGGED" else "good")
    if limit or per_day:
        _keep_limit(channel, limit or str(per_day))
    if event in WARNINGS:
        _report(channel, f"quality:{event}", WARNINGS[event], value, now)


def _capability(channel: Channel, field: str, value: Json, now: datetime) -> None:
    if per_day := value.get("max_daily_conversations_per_business"):
        _keep_limit(channel, str(per_day))


def _keep_limit(channel: Channel, told: str) -> None:
    """Of the whole portfolio: every sender of the account counts against it."""
    limit = limit_in(told)
    _keep(channel, "Limit", limit.words)
    if limit.people is not None:
        Channel.objects.filter(pk=channel.pk).update(reach_limit=limit.people)


def _name(channel: Channel, field: str, value: Json, now: datetime) -> None:
    decision, name = _word(value, "decision"), _word(value, "requested_verified_name")
    _keep(channel, "Name", f"“{name}” {decision.lower()}".strip())
    if decision not in GOOD_NEWS:
        _report(channel, f"name:{decision}", f"The display name “{name}” is {decision.lower()}", value, now)


def _account(channel: Channel, field: str, value: Json, now: datetime) -> None:
    told = _word(value, "event") or _word(value, "decision") or field
    _keep(channel, "Account", told.replace("_", " ").lower())
    if told not in GOOD_NEWS:
        _report(channel, f"account:{told}", f"Meta tells of the account: {told.replace('_', ' ').lower()}", value, now)


def _template(channel: Channel, field: str, value: Json, now: datetime) -> None:
    """`event` is its state, `new_quality_score` its quality, `new_category` what it is paid for from now on."""
    told = next((_word(value, name) for name in ("event", "new_quality_score", "new_category") if name in value), field)
    known = find_template(
        channel,
        provider_id=_word(value, "message_template_id"),
        name=_word(value, "message_template_name"),
        language=language_in(_word(value, "message_template_language")),
    )
    if known is None:  # made elsewhere, or never listed
        ask_soon(channel, now)
    elif (news := _told(value, now)) is not None:
        record_told(channel=channel, template=known, told=news, now=now)
        return
    if told in GOOD_NEWS:
        return
    title = f"{_word(value, 'message_template_name')} ({_word(value, 'message_template_language')})"
    meaning = f"Template {title}: {told.replace('_', ' ').lower()}"
    _report(channel, f"{_word(value, 'message_template_id')[-18:]}:{told}", meaning, value, now)


PAUSES: Final = {"FIRST_PAUSE": timedelta(hours=3), "SECOND_PAUSE": timedelta(hours=6)}
"""Meta ends these by itself; a pause for its pace is ended by hand."""

EVENTS: Final = {**STATUSES, "REINSTATED": Status.APPROVED, "UNARCHIVED": Status.APPROVED}


def _told(value: Json, now: datetime) -> Told | None:
    """None for what changes nothing of the template itself: a warning, a lock."""
    quality, category = _word(value, "new_quality_score").lower(), _word(value, "new_category").lower()
    if quality:
        return Told(quality=quality if quality in ("green", "yellow", "red") else "")
    if category:
        return Told(category=Category(category)) if category in set(Category) else None
    status = EVENTS.get(_word(value, "event"))
    if status is None:
        return None
    about = value.get("other_info")
    pause = PAUSES.get(_word(about, "title")) if isinstance(about, dict) and status == Status.PAUSED else None
    reason = _word(value, "reason") or _word(value, "rejection_reason")
    return Told(status, reason="" if reason == "NONE" else reason, paused_until=now + pause if pause else None)


def _any_news(channel: Channel, field: str, value: Json, now: datetime) -> None:
    _report(channel, field, f"Meta tells of {field.replace('_', ' ')}", value, now)


READERS: Final[Mapping[str, Callable[[Channel, str, Json, datetime], None]]] = {
    "account_review_update": _account,
    "account_update": _account,
    "business_capability_update": _capability,
    "message_template_components_update": lambda *_: None,
    "message_template_quality_update": _template,
    "message_template_status_update": _template,
    "phone_number_name_update": _name,
    "phone_number_quality_update": _quality,
    "template_category_update": _template,
}


def _keep(channel: Channel, name: str, words: str) -> None:
    keep_standing(channel, {name: words})


def _report(channel: Channel, code: str, meaning: str, value: Json, now: datetime) -> None:
    reason = _word(value, "reason") or _word(value, "rejection_reason")
    because = f" ({reason.replace('_', ' ').lower()})" if reason not in ("", "NONE") else ""
    report_trouble(channel, code=code[:32], meaning=f"{meaning}{because}", now=now)


def _word(value: Json, name: str) -> str:
    found = value.get(name)
    return str(found)[:200] if isinstance(found, (str, int)) else ""
