"""The states of the agents for each lead, and the messages that agents send one another."""

from django.db import models
from django_scopes import ScopedManager

from crm.models import Lead, Workspace


class Agent(models.TextChoices):
    COORDINATOR = "coordinator", "Coordination"
    PRIMARY = "primary", "Primary conversation"
    MONITOR = "monitor", "Handover monitor"
    BRIDGE = "bridge", "Calendly bridge"
    NURTURER = "nurturer", "Lead nurturing"
    DISTRIBUTOR = "distributor", "Content distribution"
    LIFECYCLE = "lifecycle", "Lifecycle management"
    ANALYST = "analyst", "Analytics and learning"


class State(models.TextChoices):
    ACTIVE = "ACTIVE", "handling"
    STANDBY = "STANDBY", "watching"
    DISABLED = "DISABLED", "inactive"
    HANDOVER = "HANDOVER", "control passed on"


class AgentState(models.Model):
    """An agent's state for one lead. No row means the agent's resting state (`agents.states.RESTING`)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="agent_states")
    agent = models.CharField(max_length=16, choices=Agent.choices)
    state = models.CharField(max_length=16, choices=State.choices)
    changed_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead", "agent"], name="agent_state_once")]

    def __str__(self) -> str:
        return f"{self.agent} {self.state}"


class AgentMessageKind(models.TextChoices):
    HANDOVER_REQUEST = "handover_request"
    HUMAN_TIMEOUT = "human_timeout"
    CALENDLY_SENT = "calendly_sent"
    CUSTOMER_RESPONSE = "customer_response"
    AGENT_CONFLICT = "agent_conflict"
    STATE_SYNC = "state_sync"


class AgentMessage(models.Model):
    """News from one agent to another; append-only. `context` carries ids and numbers, not prose."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="agent_messages")
    kind = models.CharField(max_length=32, choices=AgentMessageKind.choices)
    sender = models.CharField(max_length=16, choices=Agent.choices)
    recipient = models.CharField(max_length=16, help_text="An agent, or “all”.")
    reason = models.CharField(max_length=255)
    context = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="Set while the recipient has not acted on it.")
    attempts_made = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [
            models.Index(fields=["lead", "id"], name="agent_message_of_lead"),  # read by: trail, tests
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="agent_message_due"
            ),  # read by: the bus
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.sender} to {self.recipient}"
