"""Asking a model on behalf of a workspace: within its limits, and on its bill."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from agents.primary.settings import model_settings
from agents.reasoning.ports import AnalystUnavailable, Failure, ModelSettings
from agents.reasoning.selection import ask_model
from crm.models import Workspace

from .calls import About, record_model_calls
from .limits import affordable, judge_budget

Shape = TypeVar("Shape", bound=BaseModel)


def ask_for_workspace(
    name: str,
    inputs: Mapping[str, str],
    answer: type[Shape],
    *,
    workspace: Workspace,
    about: About,
    budget_seconds: float,
    now: datetime,
) -> Shape:
    """`ask_model` for whoever has a workspace. Raises AnalystUnavailable, also when the money is spent.

    Never inside of a transaction: the model is called in here.
    """
    model = _affordable_model(workspace, about, now)
    try:
        found, usage = ask_model(name, inputs, answer, settings=model, budget_seconds=budget_seconds)
    except AnalystUnavailable as unavailable:
        unavailable.usage = record_model_calls(workspace=workspace, usage=unavailable.usage, now=now, about=about)
        raise
    record_model_calls(workspace=workspace, usage=usage, now=now, about=about)
    return found


def _affordable_model(workspace: Workspace, about: About, now: datetime) -> ModelSettings | None:
    model = None if workspace.is_internal else model_settings()
    if model is None:
        return None
    verdict = judge_budget(workspace=workspace, now=now, conversation_id=about.conversation_id)
    chosen = affordable(model, verdict)
    if chosen is None:
        raise AnalystUnavailable(Failure.OVER_BUDGET, verdict.reason)
    return chosen
