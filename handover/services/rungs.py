"""What happens on each rung: alert, update, booking link, resumption. The step is ready and the conversation locked."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agents.alerts import alert_staff
from agents.bus import send_agent_message
from agents.coordinator import grant_floor, return_to_ai, sync_states
from agents.models.framework import Agent, AgentMessageKind, State
from handover import wording
from handover.models import LadderStep
from handover.models.handovers import HandoverState, Rung, StepState
from messaging.floor import Busy, Grant, current_floor
from messaging.models import Conversation, Message
from messaging.models.messages import MessageStatus, Voice
from messaging.models.templates import TemplatePurpose
from messaging.services.outbound import queue_message
from messaging.services.template_forms import TemplateForm

from .handovers import alert_text, close_step
from .links import Link
from .policies import policy_of

BUSY_WAIT = timedelta(seconds=1)


def _alert(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    told = alert_everyone(step, conversation, now, "still waits for a person")
    people = "1 person" if told == 1 else f"{told} people"
    close_step(step, StepState.FIRED, f"nobody answered for {_waited(step, now)}; {people} alerted again", now)


def _update(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    grant = _ask_for_floor(step, conversation, Agent.MONITOR, now)
    if grant is None:
        return
    policy = policy_of(conversation.workspace)
    message = _say(step, conversation, policy.update_text, grant, Voice.SYSTEM, now)
    _fired(
        step, f"{_waited(step, now)} without a person; the customer was told that they are not forgotten", message, now
    )


def _bridge(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    grant = _ask_for_floor(step, conversation, Agent.BRIDGE, now)
    if grant is None:
        return
    assert link is not None
    handover = step.handover
    send_agent_message(
        lead=handover.lead,
        kind=AgentMessageKind.HUMAN_TIMEOUT,
        sender=Agent.MONITOR,
        recipient=Agent.BRIDGE,
        reason="business_hours_end" if handover.after_hours else f"no answer for {_waited(step, now)}",
        now=now,
        handover=handover.pk,
    )
    message = _say(step, conversation, link.template, grant, Voice.BRIDGE, now, link=link)
    if message.status == MessageStatus.SUPPRESSED:
        _fired(step, "", message, now)
        return
    sync_states(
        conversation,
        {Agent.BRIDGE: State.ACTIVE, Agent.PRIMARY: State.DISABLED},
        "the bridge offers a booked call",
        now,
    )
    link.record(handover=handover, now=now)
    send_agent_message(
        lead=handover.lead,
        kind=AgentMessageKind.CALENDLY_SENT,
        sender=Agent.BRIDGE,
        recipient=Agent.COORDINATOR,
        reason=link.reason,
        now=now,
        handover=handover.pk,
        message=str(message.pk),
    )
    when = "after hours, so at once" if handover.after_hours else f"after {_waited(step, now)}"
    _fired(step, f"a booked call was offered {when}; {link.reason}", message, now)


def _resume(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    """Emergency re-activation: whoever took over said nothing, so the AI resumes and a callback stays open."""
    handover = step.handover
    floor = current_floor(conversation.lead_id)
    if floor and floor.holder == "human":
        return_to_ai(conversation=conversation, user=None, reason=f"nobody answered for {_waited(step, now)}", now=now)
    grant = _ask_for_floor(step, conversation, Agent.PRIMARY, now)
    if grant is None:
        return
    handover.state = HandoverState.CALLBACK
    handover.ladder_ended_at = now
    handover.save(update_fields=["state", "ladder_ended_at"])
    sync_states(
        conversation,
        {Agent.PRIMARY: State.ACTIVE, Agent.BRIDGE: State.STANDBY, Agent.MONITOR: State.ACTIVE},
        "the AI resumes; the callback stays open",
        now,
    )
    policy = policy_of(conversation.workspace)
    message = _say(step, conversation, policy.resume_text, grant, Voice.AI, now)
    alert_everyone(step, conversation, now, "is to be called back")
    _fired(
        step, f"{_waited(step, now)} without a person; the AI said so and resumed, a callback stays open", message, now
    )


FIRE: dict[Rung, Callable[[LadderStep, Conversation, Link | None, datetime], None]] = {
    Rung.ALERT: _alert,
    Rung.UPDATE: _update,
    Rung.BRIDGE: _bridge,
    Rung.RESUME: _resume,
}


def _ask_for_floor(step: LadderStep, conversation: Conversation, agent: Agent, now: datetime) -> Grant | None:
    """The floor, or a closed (a person holds it) or postponed (somebody's last words are still leaving) step."""
    answer = grant_floor(conversation=conversation, agent=agent, reason=f"{step.get_rung_display()} is due", now=now)
    if isinstance(answer, Grant):
        return answer
    if answer.holder == "human" and answer.until is None:
        _leave_to_person(step, conversation, answer, now)
    else:
        postpone(step, now)
    return None


def postpone(step: LadderStep, now: datetime) -> None:
    """Whoever puts it off has looked at it and lived: a step that waits for long is looked at every second, and the
    deaths that it met meanwhile are no sign that it ends its workers.
    """
    step.due_at = now + BUSY_WAIT
    step.claimed_until = None
    step.attempts_made = 0
    step.save(update_fields=["due_at", "claimed_until", "attempts_made"])


def _leave_to_person(step: LadderStep, conversation: Conversation, busy: Busy, now: datetime) -> None:
    """A person took over and has not answered: they are reminded, and no machine talks into it."""
    floor = current_floor(conversation.lead_id)
    person = str(floor.user) if floor and floor.user else "a person"
    alert_everyone(step, conversation, now, f"waits for {person}, who took over")
    close_step(step, StepState.WITHHELD, f"not sent: {person} has taken over and was reminded", now)


def alert_everyone(step: LadderStep, conversation: Conversation, now: datetime, what: str) -> int:
    handover = step.handover
    return alert_staff(
        conversation=conversation,
        headline=f"{handover.lead} {what} ({_waited(step, now)})",
        text=alert_text(handover),
        key=f"handover:{handover.pk}:{step.rung}",
        now=now,
        handover=handover.pk,
    )


def _say(
    step: LadderStep,
    conversation: Conversation,
    template: str,
    grant: Grant,
    voice: Voice,
    now: datetime,
    link: Link | None = None,
) -> Message:
    handover, waited = step.handover, wording.since(step.handover.requested_at, now)
    body = wording.fill(
        template,
        lead=handover.lead,
        request=handover.request,
        waited=waited,
        link=link.url if link else "",
        opens=link.opens if link else "",
    )
    return queue_message(
        conversation=conversation,
        voice=voice,
        body=body,
        intent_key=f"handover:{handover.pk}:{step.rung}",
        grant=grant,
        now=now,
        answers=handover.requested_by,
        payload={"stands": True},
        form=TemplateForm(
            purpose=PURPOSES[Rung(step.rung)],
            words={
                "request": wording.quote(handover.request),
                "waited": wording.in_words(waited, handover.lead.language),
                "link": link.url if link else "",
            },
        ),
    )


PURPOSES = {
    Rung.UPDATE: TemplatePurpose.HANDOVER_UPDATE,
    Rung.BRIDGE: TemplatePurpose.BRIDGE,
    Rung.RESUME: TemplatePurpose.RESUME,
}
"""The template that stands in for a rung's words when the service window has closed."""


def _fired(step: LadderStep, verdict: str, message: Message, now: datetime) -> None:
    if message.status == MessageStatus.SUPPRESSED:
        close_step(step, StepState.WITHHELD, f"not sent: {message.verdict.get('reason', '')}", now, message)
    else:
        close_step(step, StepState.FIRED, verdict, now, message)


def _waited(step: LadderStep, now: datetime) -> str:
    return wording.in_words(wording.since(step.handover.requested_at, now))
