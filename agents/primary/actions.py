"""Carrying a decision out, in one transaction that also ends the turn."""

from datetime import datetime
from typing import Any

from django.db import transaction

from agents.alerts import alert_staff
from agents.bus import send_agent_message
from agents.coordinator import grant_floor, sync_states
from agents.knowledge.unanswered import note_unanswered
from agents.models import Turn
from agents.models.framework import Agent, AgentMessageKind, State
from agents.models.turns import TurnState
from agents.qualification.planning import plan_extraction
from agents.quality.judging import judge_turn
from agents.reasoning.ports import Analysis
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import Evidence, is_opted_out, record_consent
from crm.services.policies import people_policy_of
from messaging import floor
from messaging.floor import Grant
from messaging.models import Conversation, Message
from messaging.models.messages import Voice
from messaging.models.templates import TemplatePurpose
from messaging.services.conversations import lock_conversation, next_seq
from messaging.services.outbound import queue_message
from messaging.services.template_forms import TemplateForm
from project.kernel.events import kick

from .policy import Decision, Step
from .record import describe_turn
from .recording import record_turn, record_withheld, summary_of
from .situation import Situation
from .texts import phrase

SURE = 0.6
"""Confidence from which the recognised language is noted on the lead."""


@transaction.atomic
def act_on(
    turn: Turn,
    decision: Decision,
    *,
    grant: Grant | None,
    analysis: Analysis | None,
    now: datetime,
    situation: Situation | None = None,
) -> None:
    """Speak, hand over, record consent or stay silent; then the turn is done."""
    conversation = lock_conversation(turn.conversation)
    if not has_claim(turn):
        return
    record_withheld(turn, conversation, analysis, now)
    record_turn(turn, conversation, decision, analysis, now)
    _learn_language(conversation, analysis)
    reply = ACTIONS[decision.step](turn, conversation, decision, grant, now)
    if decision.alert:
        _alert(turn, conversation, decision, now)
    if decision.is_unanswered:
        note_unanswered(turn=turn, text=turn.newest.body, language=_language(conversation, analysis), now=now)
    conclude(turn, decision, analysis, reply, now, situation)
    plan_extraction(turn=turn, conversation=conversation, record=turn.analysis, now=now)
    judge_turn(turn=turn, conversation=conversation, situation=situation, now=now)
    if conversation.turn_due_at is not None:  # the customer wrote while the agent was thinking
        kick_turns()
    if grant is not None and reply is None:  # else the floor is held until the words are out
        floor.release_when_spoken(lead_id=grant.lead_id, epoch=grant.epoch)
    next_seq(conversation)


def has_claim(turn: Turn) -> bool:
    """Whether the turn is still this worker's, and it then stays so until the transaction ends.

    A worker that thinks or sleeps past its lease finds that another has taken the turn, or even finished it.
    """
    ours = Turn.objects.select_for_update(no_key=True).filter(
        pk=turn.pk, state=TurnState.TAKEN, attempts_made=turn.attempts_made
    )
    return ours.values_list("pk", flat=True).first() is not None


def conclude(
    turn: Turn,
    decision: Decision,
    analysis: Analysis | None,
    reply: Message | None,
    now: datetime,
    situation: Situation | None = None,
) -> None:
    turn.state = TurnState.DONE
    turn.finished_at = now
    turn.claimed_until = None
    turn.decision = decision.step
    turn.reason = decision.reason
    summary = summary_of(analysis, decision)
    turn.analysis = describe_turn(summary, decision=decision, situation=situation, analysis=analysis)
    turn.reply = reply
    turn.save(update_fields=["state", "finished_at", "claimed_until", "decision", "reason", "analysis", "reply"])


@transaction.atomic
def park(turn: Turn, why: str, now: datetime) -> None:
    """The agent cannot answer this: the turn stays visible, and a person is asked for."""
    conversation = lock_conversation(turn.conversation_id)
    if not has_claim(turn):
        return
    turn.state = TurnState.PARKED
    turn.finished_at = now
    turn.claimed_until = None
    turn.reason = why
    turn.save(update_fields=["state", "finished_at", "claimed_until", "reason"])
    held = floor.current_floor(turn.lead_id)
    if held and held.holder == "primary":
        floor.release_when_spoken(lead_id=turn.lead_id, epoch=held.epoch)
    _ask_for_person(turn, conversation, trigger="agent_failure", reason="The agent failed.", is_urgent=False, now=now)
    next_seq(conversation)


def _reply(
    turn: Turn, conversation: Conversation, decision: Decision, grant: Grant | None, now: datetime
) -> Message | None:
    assert grant is not None
    form = TemplateForm(purpose=TemplatePurpose.AGENT_REPLY)
    return _say(turn, conversation, decision.text, grant, now, form=form)


def _stay_silent(
    turn: Turn, conversation: Conversation, decision: Decision, grant: Grant | None, now: datetime
) -> Message | None:
    """Somebody else is in charge: they are told that the customer wrote."""
    if grant is None:
        send_agent_message(
            lead=conversation.lead,
            kind=AgentMessageKind.CUSTOMER_RESPONSE,
            sender=Agent.PRIMARY,
            recipient=Agent.COORDINATOR,
            reason=decision.reason,
            now=now,
            message=str(turn.newest_id),
        )
    return None


def _hand_over(
    turn: Turn, conversation: Conversation, decision: Decision, grant: Grant | None, now: datetime
) -> Message | None:
    """Pass the baton: the floor is given up in the commit that asks for a person.

    A take-over during the thinking is the answer already: then nobody needs to be asked.
    """
    current = floor.current_floor(conversation.lead_id)
    if current and current.holder == "human" and current.expires_at is None:
        return None
    said = None
    if grant is not None and decision.text:  # the floor is held until these words are out
        said = _say(turn, conversation, decision.text, grant, now, stands=True)
    elif grant is not None:
        floor.release(grant)
    _ask_for_person(
        turn, conversation, trigger=decision.trigger, reason=decision.reason, is_urgent=decision.is_urgent, now=now
    )
    return said


def _opt_out(
    turn: Turn, conversation: Conversation, decision: Decision, grant: Grant | None, now: datetime
) -> Message | None:
    """Record it, and confirm it once."""
    was_out = is_opted_out(conversation.lead_id, conversation.channel.kind, Purpose.SERVICE)
    _consent(conversation, turn, ConsentState.WITHDRAWN, now)
    if was_out:
        return None
    return _confirm(turn, conversation, "opted_out", grant, now)


def _opt_in(
    turn: Turn, conversation: Conversation, decision: Decision, grant: Grant | None, now: datetime
) -> Message | None:
    """`decision.text` names the confirmation where it is not that of somebody who comes back."""
    _consent(conversation, turn, ConsentState.GRANTED, now)
    return _confirm(turn, conversation, decision.text or "opted_in", grant, now)


ACTIONS = {
    Step.REPLY: _reply,
    Step.STAY_SILENT: _stay_silent,
    Step.HAND_OVER: _hand_over,
    Step.OPT_OUT: _opt_out,
    Step.OPT_IN: _opt_in,
}


def _say(
    turn: Turn,
    conversation: Conversation,
    text: str,
    grant: Grant,
    now: datetime,
    form: TemplateForm | None = None,
    **payload: Any,
) -> Message:
    return queue_message(
        conversation=conversation,
        voice=Voice.AI,
        body=text,
        intent_key=f"turn:{turn.pk}",
        grant=grant,
        now=now,
        answers=turn.newest,
        payload=payload,
        form=form,
    )


def _confirm(turn: Turn, conversation: Conversation, name: str, grant: Grant | None, now: datetime) -> Message | None:
    """Say it at once, whatever else of ours was about to leave; a person in charge sees it in the trail instead."""
    if grant is None:
        current = floor.current_floor(conversation.lead_id)
        if current and current.holder != "human":
            floor.clear(lead_id=conversation.lead_id)
    answer = grant or grant_floor(conversation=conversation, agent=Agent.PRIMARY, reason="to confirm it", now=now)
    if not isinstance(answer, Grant):
        return None
    text = phrase(name, conversation.lead.language)
    return _say(turn, conversation, text, answer, now, confirms_opt_out=True, stands=True)


def _consent(conversation: Conversation, turn: Turn, state: ConsentState, now: datetime) -> None:
    """What they had read when they agreed is the workspace's text of that day."""
    is_agreed = state == ConsentState.GRANTED
    shown = people_policy_of(conversation.workspace).opt_in_text if is_agreed else ""
    record_consent(
        lead=conversation.lead,
        channel_kind=conversation.channel.kind,
        purposes=(Purpose.SERVICE, Purpose.MARKETING),
        state=state,
        source="keyword",
        proof=turn.newest.body[:500],
        evidence=Evidence(text_shown=shown),
        now=now,
    )


def _ask_for_person(
    turn: Turn, conversation: Conversation, *, trigger: str, reason: str, is_urgent: bool, now: datetime
) -> None:
    """From this commit on the primary agent is silent, however long the request takes on its way to the monitor."""
    sync_states(conversation, {Agent.PRIMARY: State.HANDOVER}, "a person was asked for", now)
    send_agent_message(
        lead=conversation.lead,
        kind=AgentMessageKind.HANDOVER_REQUEST,
        sender=Agent.PRIMARY,
        recipient=Agent.MONITOR,
        reason=reason,
        now=now,
        conversation=conversation.pk,
        message=str(turn.newest_id),
        trigger=trigger,
        urgency="urgent" if is_urgent else "normal",
        request=turn.newest.body[:500],
    )


def _alert(turn: Turn, conversation: Conversation, decision: Decision, now: datetime) -> None:
    alert_staff(
        conversation=conversation,
        headline=f"{conversation.lead}: {decision.alert}",
        text=f"{conversation.lead} wrote: “{turn.newest.body[:500]}”\nThe AI answers; you may take over at any moment.",
        key=f"turn:{turn.pk}",
        now=now,
    )


def _language(conversation: Conversation, analysis: Analysis | None) -> str:
    return analysis.reading.language if analysis else conversation.lead.language


def _learn_language(conversation: Conversation, analysis: Analysis | None) -> None:
    lead = conversation.lead
    if analysis is None or analysis.reading.confidence < SURE:
        return
    language = analysis.reading.language[:16]
    if language and language != lead.language:
        lead.language = language
        lead.save(update_fields=["language"])


def kick_turns() -> None:
    from agents.tasks import take_turns

    kick(take_turns)
