"""The state of each agent for a lead: ACTIVE, STANDBY, DISABLED or HANDOVER."""

from datetime import datetime

from crm.models import Lead
from crm.services.trail import record_decision

from .models import AgentState
from .models.framework import Agent, State

RESTING = {
    Agent.COORDINATOR: State.ACTIVE,
    Agent.PRIMARY: State.ACTIVE,
    Agent.MONITOR: State.STANDBY,
    Agent.BRIDGE: State.STANDBY,
    Agent.NURTURER: State.STANDBY,
    Agent.DISTRIBUTOR: State.STANDBY,
    Agent.LIFECYCLE: State.STANDBY,
    Agent.ANALYST: State.STANDBY,
}
"""What an agent's state is for a lead until something happened."""


def states_of(lead: Lead) -> dict[Agent, State]:
    stored = dict(AgentState.objects.filter(lead=lead).values_list("agent", "state"))
    return {agent: State(stored.get(agent, resting)) for agent, resting in RESTING.items()}


def set_states(*, lead: Lead, wanted: dict[Agent, State], reason: str, now: datetime) -> dict[str, str]:
    """Move agents to their states; the trail gets one line for those that changed, which are returned."""
    current = states_of(lead)
    changed = {agent: state for agent, state in wanted.items() if current[agent] != state}
    AgentState.objects.bulk_create(
        [
            AgentState(workspace_id=lead.workspace_id, lead=lead, agent=agent, state=state, changed_at=now)
            for agent, state in changed.items()
        ],
        update_conflicts=True,
        unique_fields=["lead", "agent"],
        update_fields=["state", "changed_at"],
    )
    if changed:
        moves = ", ".join(f"{agent} {current[agent]} → {state}" for agent, state in changed.items())
        record_decision(
            lead=lead,
            actor="coordinator",
            kind="agent.state",
            reason=f"{moves}: {reason}",
            now=now,
            changes=_plain(changed),
        )
    return _plain(changed)


def _plain(states: dict[Agent, State]) -> dict[str, str]:
    return {str(agent): str(state) for agent, state in states.items()}
