"""Taking a turn: claim, look, think, decide, act.

The turn and its floor are leases; no transaction or row lock is open while the analysts think. A worker that dies
leaves a turn whose lease runs out, and another takes it; one that fails five times is parked and a person is asked.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from django.conf import settings
from django.db import connection, transaction

from agents.coordinator import grant_floor
from agents.models import Turn
from agents.models.framework import Agent
from agents.models.tools import Caller
from agents.models.turns import TurnState
from agents.qualification.asking import add_question, asked_by_model, missing_for
from agents.reasoning.selection import LEAST_BUDGET_SECONDS, analyse
from agents.tools.ports import Errand
from crm.services.trail import record_decision
from messaging import floor
from messaging.floor import Grant
from messaging.models import Conversation
from messaging.models.messages import Direction
from messaging.services.conversations import lock_conversation
from project.kernel.due import MAX_ATTEMPTS, retry_delay
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope

from .actions import act_on, has_claim, park
from .economy import plan_thought, record_thought
from .policy import Decision, decide, decide_distress, decide_explicit
from .situation import Situation, is_silenced, read_situation
from .thinking import think

logger = logging.getLogger(__name__)

TURN_LEASE = timedelta(seconds=40)
LONGEST_THOUGHT_SECONDS = 25.0
"""A model's budget is cut to this: what is thought longer outlives the leases of the turn and of the floor."""

BUSY_WAIT = timedelta(seconds=1)
"""How soon a turn looks again when our own earlier words are still on their way, or nobody is free to think."""

_thinking = BoundedSemaphore(settings.REASONING_SEATS)
"""Fewer than the worker has threads: with all of them waiting for a model that hangs, a request for a person, which
needs no model, would wait as well."""


def has_due_turns(now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE, {"now": now})
        return bool(cursor.fetchone()[0])


def take_one_due_turn(now: datetime) -> bool:
    """Answer one conversation whose time has come; False when there is none."""
    with across_workspaces(), transaction.atomic():
        turn = _retake(now) or _open(now)
    if turn is None:
        return False
    with workspace_scope(turn.workspace_id):
        try:
            _take(turn, now)
        except Exception as error:  # anything unforeseen: the turn is tried again, then a person is asked
            logger.exception("turn.failed", extra={"turn": turn.pk})
            _rest_or_park(turn, error, now)
    return True


def take_turn_of(conversation: Conversation, now: datetime) -> Turn | None:
    """Answer this one conversation, whatever is due elsewhere. A failure is the caller's: nothing is tried again."""
    with transaction.atomic():
        turn = _open_on(lock_conversation(conversation), now)
    if turn is not None:
        _take(turn, now)
    return turn


# Both in plain SQL: they run for every message, and Django would spend longer on writing them than PostgreSQL on them.
_TO_ANSWER = """
    FROM messaging_conversation AS conversation
   WHERE turn_due_at <= %(now)s
     AND NOT EXISTS (SELECT 1 FROM agents_turn AS turn
                      WHERE turn.conversation_id = conversation.id AND turn.state IN ('waiting', 'taken'))
"""
_TO_RETAKE = """
    FROM agents_turn
   WHERE state = 'waiting' AND due_at <= %(now)s OR state = 'taken' AND claimed_until < clock_timestamp()
"""
# In the order of the indexes, for the reason given in project.kernel.due.is_any_due.
_ANY_DUE = f"""
  SELECT (SELECT true {_TO_ANSWER} ORDER BY turn_due_at LIMIT 1) IS TRUE
      OR (SELECT true {_TO_RETAKE} ORDER BY due_at LIMIT 1) IS TRUE
"""
_LOCK_NEXT_TO_ANSWER = f"""
  SELECT conversation.* {_TO_ANSWER} ORDER BY turn_due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""
_LOCK_NEXT_TO_RETAKE = f"SELECT * {_TO_RETAKE} ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"


def _open(now: datetime) -> Turn | None:
    """Open a turn for a conversation that is due, under the conversation's lock."""
    conversation = next(iter(Conversation.objects.raw(_LOCK_NEXT_TO_ANSWER, {"now": now})), None)
    return _open_on(conversation, now) if conversation else None


def _open_on(conversation: Conversation, now: datetime) -> Turn | None:
    newest = conversation.messages.filter(direction=Direction.IN).order_by("-at", "-position").first()
    opened_at = conversation.unanswered_since or now
    conversation.turn_due_at = conversation.unanswered_since = None
    conversation.save(update_fields=["turn_due_at", "unanswered_since"])
    if newest is None:
        return None
    return Turn.objects.create(
        workspace_id=conversation.workspace_id,
        lead_id=conversation.lead_id,
        conversation=conversation,
        opened_at=opened_at,
        due_at=now,
        claimed_until=ClockTimestamp() + TURN_LEASE,
        attempts_made=1,
        newest=newest,
    )


def _retake(now: datetime) -> Turn | None:
    """Claim a turn that waits for another try or whose worker died."""
    turn = next(iter(Turn.objects.raw(_LOCK_NEXT_TO_RETAKE, {"now": now})), None)
    if turn is not None:
        turn.state = TurnState.TAKEN
        turn.attempts_made += 1
        turn.claimed_until = ClockTimestamp() + TURN_LEASE
        turn.save(update_fields=["state", "attempts_made", "claimed_until"])
    return turn


def _take(turn: Turn, now: datetime) -> None:
    if turn.attempts_made > MAX_ATTEMPTS:
        park(turn, "Its worker died each time it was taken.", now)
        return
    conversation = Conversation.objects.select_related("lead", "workspace", "channel").get(pk=turn.conversation_id)
    turn.conversation = conversation
    situation = read_situation(conversation=conversation, turn=turn, now=now)
    explicit = decide_explicit(situation, is_silenced(situation))
    if explicit is not None:
        act_on(turn, explicit, grant=None, analysis=None, now=now, situation=situation)
        return
    budget = _remaining_budget(turn, now)
    is_ruled = situation.explicit.wants_human or situation.is_in_distress
    if is_ruled or budget < LEAST_BUDGET_SECONDS:  # no model is asked, so no seat is taken
        _answer(turn, conversation, situation, budget, now)
    elif _thinking.acquire(blocking=False):
        try:
            _answer(turn, conversation, situation, budget, now)
        finally:
            _thinking.release()
    else:
        _wait(turn, now, for_seat=True)


def _remaining_budget(turn: Turn, now: datetime) -> float:
    """Seconds. Waiting for a seat counts: behind a model that hangs, a customer must not wait one budget for the seat
    and another one on it."""
    budget = min(settings.REASONING_BUDGET_SECONDS, LONGEST_THOUGHT_SECONDS)
    if turn.seat_awaited_since is None:
        return float(budget)
    return float(budget - max(0.0, (now - turn.seat_awaited_since).total_seconds()))


def _answer(turn: Turn, conversation: Conversation, situation: Situation, budget: float, now: datetime) -> None:
    """Think without any lock, under the lease of the floor."""
    grant = grant_floor(
        conversation=conversation, agent=Agent.PRIMARY, reason="the customer wrote and waits for an answer", now=now
    )
    if not isinstance(grant, Grant):
        _wait(turn, now, for_seat=False)
        return
    if situation.is_in_distress:
        act_on(turn, decide_distress(situation), grant=grant, analysis=None, now=now, situation=situation)
        return
    plan = plan_thought(conversation=conversation, now=now)
    missing = missing_for(conversation) if plan.model else ""
    situation = replace(situation, question=replace(situation.question, missing=missing))
    errand = _errand(turn, conversation, situation, now)
    analysis = think(situation, errand=errand, settings=plan.model, budget_seconds=budget, analyse=analyse)
    analysis = record_thought(plan=plan, analysis=analysis, conversation=conversation, turn=turn, now=now)
    decision: Decision = decide(situation, analysis)
    decision = asked_by_model(decision, analysis, missing)
    decision = add_question(decision, situation=situation, analysis=analysis, conversation=conversation)
    act_on(turn, decision, grant=grant, analysis=analysis, now=now, situation=situation)


def _errand(turn: Turn, conversation: Conversation, situation: Situation, now: datetime) -> Errand:
    """Whatever tool is called in this turn, it is what the customer wrote that causes it."""
    return Errand(
        workspace_id=conversation.workspace_id,
        lead_id=conversation.lead_id,
        conversation_id=conversation.pk,
        caller=Caller.CUSTOMER,
        text=situation.text[:2000],
        language=conversation.lead.language,
        now=now,
        turn_id=turn.pk,
    )


@transaction.atomic
def _wait(turn: Turn, now: datetime, *, for_seat: bool) -> None:
    """Nobody is free to think, our own earlier words are still leaving, or somebody took over: look again shortly."""
    lock_conversation(turn.conversation_id)
    if not has_claim(turn):
        return
    turn.state = TurnState.WAITING
    turn.due_at = now + BUSY_WAIT
    turn.attempts_made -= 1
    turn.claimed_until = None
    turn.seat_awaited_since = (turn.seat_awaited_since or now) if for_seat else None
    turn.save(update_fields=["state", "due_at", "attempts_made", "claimed_until", "seat_awaited_since"])


def _rest_or_park(turn: Turn, error: Exception, now: datetime) -> None:
    if turn.attempts_made >= MAX_ATTEMPTS:
        park(turn, f"{type(error).__name__}: {error}", now)
        return
    with transaction.atomic():
        conversation = lock_conversation(turn.conversation_id)
        if not has_claim(turn):
            return
        held = floor.current_floor(turn.lead_id)
        if held and held.holder == "primary":
            floor.release_when_spoken(lead_id=turn.lead_id, epoch=held.epoch)
        turn.state = TurnState.WAITING
        turn.due_at = now + retry_delay(turn.attempts_made)
        turn.claimed_until = None
        turn.save(update_fields=["state", "due_at", "claimed_until"])
        record_decision(
            lead=conversation.lead,
            actor="primary",
            kind="turn.failed",
            reason=f"The turn failed and will be tried again: {type(error).__name__}.",
            now=now,
            turn=turn.pk,
            attempt=turn.attempts_made,
            error=str(error)[:500],
        )
