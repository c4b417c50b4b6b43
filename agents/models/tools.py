"""Tools of a workspace's own, and the record of every call of any tool."""

import secrets

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.fields import SealedJSONField
from crm.models import Lead, Workspace

from .turns import Turn


class Caller(models.TextChoices):
    """Who may cause a call: what a customer wrote, a member of staff, or an agent's own plan."""

    CUSTOMER = "customer", "What a customer writes"
    STAFF = "staff", "Staff only"
    AGENT = "agent", "Agents by their own plan"


class CallState(models.TextChoices):
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


def new_signing_key() -> str:
    return secrets.token_urlsafe(32)


class WorkspaceTool(models.Model):
    """An address of the company's own that the agents may call: signed, bounded, and only with inputs that fit."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(
        max_length=48,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]{2,47}\Z", "Small letters, digits and _, such as order_status.")],
    )
    description = models.CharField(max_length=500, help_text="What it does, as the agents read it.")
    url = models.URLField(max_length=1000)
    inputs = models.JSONField(default=dict, blank=True, help_text="JSON schema of an object.")
    secrets = SealedJSONField(default=dict, help_text="signing_key")
    callers = models.JSONField(default=list, help_text="Who may cause a call: customer, staff, agent.")
    timeout_seconds = models.FloatField(default=4.0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        ordering = ["workspace_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="workspace_tool_once"),
            models.CheckConstraint(
                condition=Q(timeout_seconds__gt=0, timeout_seconds__lte=8), name="workspace_tool_timeout_in_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ToolCall(models.Model):
    """One call, append-only: also those that were refused. `turn` is empty for one that staff made."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="tool_calls")
    turn = models.ForeignKey(Turn, null=True, blank=True, on_delete=models.CASCADE, related_name="tool_calls")
    tool = models.CharField(max_length=64)
    caller = models.CharField(max_length=16, choices=Caller.choices)
    arguments = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=16, choices=CallState.choices)
    result = models.TextField(blank=True, help_text="What the agent was told.")
    at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [models.Index(fields=["lead", "-id"], name="tool_call_of_lead")]  # read by: the admin, tests

    def __str__(self) -> str:
        return f"{self.tool}: {self.state}"
