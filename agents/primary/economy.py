"""What surrounds the primary agent's question to the analysts: which model the money allows, and the bill."""

from dataclasses import dataclass, replace
from datetime import datetime

from agents.models import Turn
from agents.reasoning.budget import Thrift
from agents.reasoning.ports import Analysis, Failure, ModelSettings
from agents.spending.calls import About, record_model_calls
from agents.spending.limits import affordable, judge_budget
from messaging.models import Conversation

from .settings import model_settings


@dataclass(frozen=True, slots=True)
class Plan:
    """`economy` says, for a salesperson, why less is asked of a model than usual."""

    model: ModelSettings | None
    thrift: Thrift = Thrift.FULL
    economy: str = ""


def plan_thought(*, conversation: Conversation, now: datetime) -> Plan:
    # The installation's talk with itself, every minute of the year, must never cost a model's call.
    model = None if conversation.workspace.is_internal else model_settings()
    if model is None:
        return Plan(None)
    verdict = judge_budget(workspace=conversation.workspace, now=now, conversation_id=conversation.pk)
    return Plan(affordable(model, verdict), verdict.thrift, verdict.reason)


def record_thought(
    *, plan: Plan, analysis: Analysis, conversation: Conversation, turn: Turn, now: datetime
) -> Analysis:
    """The analysis with its price, and with the reason when money kept a model out of it."""
    about = About(conversation.lead_id, conversation.pk, turn.pk)
    usage = record_model_calls(workspace=conversation.workspace, usage=analysis.usage, now=now, about=about)
    reason = str(Failure.OVER_BUDGET) if _was_kept_offline(plan, analysis) else analysis.fallback_reason
    return replace(analysis, usage=usage, economy=plan.economy, fallback_reason=reason)


def _was_kept_offline(plan: Plan, analysis: Analysis) -> bool:
    """What never goes to a model had no need of money."""
    return plan.thrift is Thrift.OFFLINE and analysis.fallback_reason is not None
