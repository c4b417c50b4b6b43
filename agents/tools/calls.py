"""Calling a tool: who may is checked here, in code; inputs are checked; every call is recorded, refused ones too."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, transaction

from agents.models import ToolCall
from agents.models.tools import CallState
from crm.models import Lead
from crm.services.trail import record_decision
from messaging.services.conversations import lock_conversation, next_seq
from project.kernel.commands import is_storable
from project.kernel.errors import problems_of

from .ports import LONGEST_RESULT, Errand, Outcome, Tool, ToolFailed
from .registry import UnknownTool, find_tool

logger = logging.getLogger(__name__)

SAID = {CallState.DONE: "Used", CallState.REFUSED: "Did not use", CallState.FAILED: "Could not use"}


class Refused(Exception):
    """The call was not made: the tool is not there, not for this caller, or its inputs do not fit."""


def call_tool(name: str, arguments: Mapping[str, Any], errand: Errand) -> Outcome:
    """Never raises: what went wrong is an outcome that the agent is told. No transaction is open around it."""
    started = time.monotonic()
    name = name.replace("\x00", "")[:64]  # a model's own invention may be anything
    try:
        tool = _permitted(name, errand)
        outcome, state = _run(tool, _checked(tool, arguments), errand), CallState.DONE
    except Refused as refused:
        outcome, state = Outcome(str(refused), is_done=False), CallState.REFUSED
    except ToolFailed as failed:
        outcome, state = Outcome(f"{name} failed: {failed}.", is_done=False), CallState.FAILED
    except Exception as error:  # a tool's own fault costs its answer, never the customer's
        logger.exception("tool.failed", extra={"tool": name})
        outcome, state = Outcome(f"{name} failed ({type(error).__name__}).", is_done=False), CallState.FAILED
    _record(name, arguments, errand, outcome, state, time.monotonic() - started)
    return outcome


def _permitted(name: str, errand: Errand) -> Tool:
    try:
        tool = find_tool(errand.workspace_id, name)
    except UnknownTool:
        raise Refused(f"There is no tool “{name}”.") from None
    if errand.caller not in tool.callers:
        raise Refused(f"{tool.name} may not be called on a {errand.caller}'s account.")
    return tool


def _checked(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return tool.check(arguments)
    except Exception as error:
        problems = problems_of(error)
        if problems is None:
            raise
        told = "; ".join(f"{field}: {why}" for field, why in problems.items())
        raise Refused(f"The inputs of {tool.name} do not fit: {told[:500]}.") from error


def _run(tool: Tool, inputs: dict[str, Any], errand: Errand) -> Outcome:
    with _bounded(tool.timeout_seconds):
        return tool.run(errand, inputs)


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """What a tool asks of the database ends in time; a tool that calls elsewhere bounds its own call."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{int(seconds * 1000)}ms"])
    try:
        yield
    except DatabaseError as error:
        if "statement timeout" in str(error):
            raise ToolFailed(f"it took longer than {seconds:g} seconds") from error
        raise
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout")


@transaction.atomic
def _record(
    name: str, arguments: Mapping[str, Any], errand: Errand, outcome: Outcome, state: CallState, seconds: float
) -> None:
    conversation = lock_conversation(errand.conversation_id)
    call = ToolCall.objects.create(
        workspace_id=errand.workspace_id,
        lead_id=errand.lead_id,
        turn_id=errand.turn_id,
        tool=name,
        caller=errand.caller,
        arguments=_storable(arguments),
        state=state,
        result=outcome.text.replace("\x00", "")[:LONGEST_RESULT],
        at=errand.now,
        seconds=round(seconds, 3),
    )
    record_decision(
        lead=Lead.objects.get(pk=errand.lead_id),
        actor="primary",
        kind="tool.called" if state == CallState.DONE else f"tool.{state}",
        reason=f"{SAID[state]} {call.tool}: {call.result[:300]}",
        now=errand.now,
        call=call.pk,
        turn=errand.turn_id,
        arguments=call.arguments,
        seconds=call.seconds,
    )
    next_seq(conversation)


def _storable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a model wrote may hold what JSON in PostgreSQL cannot."""
    return {
        str(key)[:64]: value if not isinstance(value, str) else value[:500] if is_storable(value) else "(unreadable)"
        for key, value in list(arguments.items())[:20]
        if isinstance(value, str | int | float | bool) or value is None
    }
