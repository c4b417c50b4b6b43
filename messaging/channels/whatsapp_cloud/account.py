"""News of the account: the number's quality and limit, and what becomes of templates.

What stands for a while is kept on the channel and shown with it; what an operator has to act on is told to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Func, JSONField, Value

from messaging.models import Channel
from messaging.models.webhooks import EventState
from messaging.services.senders import report_trouble

from .payloads import AccountNews, Json, read

LIMITS: Final = {
    "TIER_50": "50 people a day",
    "TIER_250": "250 people a day",
    "TIER_1K": "1,000 people a day",
    "TIER_2K": "2,000 people a day",
    "TIER_10K": "10,000 people a day",
    "TIER_100K": "100,000 people a day",
    "TIER_UNLIMITED": "no limit",
}
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
        _keep(channel, "Limit", _limit(limit or str(per_day)))
    if event in WARNINGS:
        _report(channel, f"quality:{event}", WARNINGS[event], value, now)


def _capability(channel: Channel, field: str, value: Json, now: datetime) -> None:
    if per_day := value.get("max_daily_conversations_per_business"):
        _keep(channel, "Limit", _limit(str(per_day)))


def _limit(told: str) -> str:
    return LIMITS.get(told) or (f"{int(told):,} people a day" if told.isascii() and told.isdigit() else told)


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
    if told in GOOD_NEWS:
        return
    title = f"{_word(value, 'message_template_name')} ({_word(value, 'message_template_language')})"
    meaning = f"Template {title}: {told.replace('_', ' ').lower()}"
    _report(channel, f"{_word(value, 'message_template_id')[-18:]}:{told}", meaning, value, now)


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
    """One name at a time, whatever else is written on the channel meanwhile."""
    told: Any = Func(
        F("standing"), Value({name: words[:200]}, JSONField()), template="%(expressions)s", arg_joiner=" || "
    )
    Channel.objects.filter(pk=channel.pk).update(standing=told)


def _report(channel: Channel, code: str, meaning: str, value: Json, now: datetime) -> None:
    reason = _word(value, "reason") or _word(value, "rejection_reason")
    because = f" ({reason.replace('_', ' ').lower()})" if reason not in ("", "NONE") else ""
    report_trouble(channel, code=code[:32], meaning=f"{meaning}{because}", now=now)


def _word(value: Json, name: str) -> str:
    found = value.get(name)
    return str(found)[:200] if isinstance(found, (str, int)) else ""
