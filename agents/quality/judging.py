"""Judging each turn as it ends, and telling people when what is said gets worse: once for each cause and day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Avg, Count

from agents.alerts import OPERATORS, alert_staff
from agents.models import StaffAlert, Turn, TurnQuality
from agents.primary.record import TurnRecord, read_record
from agents.primary.situation import Situation
from agents.reasoning.ports import Voice
from messaging.models import Conversation

from .checks import Spoken, Verdict, judge, sentiment_trend

LOOK_BACK = timedelta(hours=24)
THRESHOLDS = {
    "groundedness": (0.6, 3, "Replies name figures that no source holds"),
    "coherence": (0.5, 3, "Replies do not fit what was asked"),
    "appropriateness": (0.5, 1, "A reply was not fit to be said"),
}
"""Column: below which a turn counts as bad, how many bad ones in a day alert, and what the alert says."""

SOURING = -0.4
ENOUGH_FOR_A_TREND = 10


def judge_turn(*, turn: Turn, conversation: Conversation, situation: Situation | None, now: datetime) -> None:
    """Called with the end of a turn, in its transaction."""
    if conversation.workspace.is_internal:
        return
    record = read_record(turn.analysis)
    verdict = judge(_spoken(turn, record, situation)) if turn.reply is not None and situation else Verdict()
    past = situation.past_sentiments if situation else ()
    row = TurnQuality.objects.create(
        workspace_id=turn.workspace_id,
        turn=turn,
        intent=record.intent[:32],
        step=turn.decision,
        tier=record.tier[:32],
        sentiment_trend=sentiment_trend(record.sentiment, past),
        coherence=verdict.coherence,
        groundedness=verdict.groundedness,
        appropriateness=verdict.appropriateness,
        flaws=list(verdict.flaws),
        at=now,
    )
    _watch(row, conversation, now)


def _spoken(turn: Turn, record: TurnRecord, situation: Situation) -> Spoken:
    question = situation.question
    assert turn.reply is not None
    known = [
        situation.text,
        question.business,
        question.workspace_name,
        question.lead_name,
        *(line.body for line in question.history),
        *(f"{source.title} {source.text}" for source in question.sources),
    ]
    spoken = [line.body for line in question.history if line.voice == Voice.AGENT]
    return Spoken(
        reply=turn.reply.body,
        said=situation.text,
        known=tuple(known),
        earlier_replies=tuple(spoken[-4:]),
        quotes=bool(record.cited),
    )


def _watch(row: TurnQuality, conversation: Conversation, now: datetime) -> None:
    """Only a bad turn makes anybody count."""
    for column, (least, enough, said) in THRESHOLDS.items():
        value = getattr(row, column)
        if value is not None and value < least:
            bad = TurnQuality.objects.filter(workspace_id=row.workspace_id, at__gt=now - LOOK_BACK)
            if bad.filter(**{f"{column}__lt": least}).count() >= enough:
                _alert(column, said, row, conversation, now)
    if row.sentiment_trend is not None and row.sentiment_trend <= SOURING:
        _watch_mood(row, conversation, now)


def _watch_mood(row: TurnQuality, conversation: Conversation, now: datetime) -> None:
    recent = TurnQuality.objects.filter(workspace_id=row.workspace_id, at__gt=now - LOOK_BACK)
    trend = recent.aggregate(mean=Avg("sentiment_trend"), count=Count("sentiment_trend"))
    if trend["count"] >= ENOUGH_FOR_A_TREND and trend["mean"] <= SOURING:
        _alert("sentiment", "Customers sound worse after our answers than before", row, conversation, now)


def _alert(cause: str, said: str, row: TurnQuality, conversation: Conversation, now: datetime) -> None:
    key = f"quality:{cause}:{now:%Y-%m-%d}"
    if StaffAlert.objects.filter(workspace_id=row.workspace_id, key=key).exists():
        return
    found = f" Found here: {'; '.join(row.flaws)}." if row.flaws else ""
    alert_staff(
        conversation=conversation,
        headline=said,
        text=f"{said}.{found}\nThe quality page shows which turns. You are told once a day for each cause.",
        key=key,
        now=now,
        roles=OPERATORS,
    )
