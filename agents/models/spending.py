"""What models were asked, what it cost, how much it may cost, and what keeps them from answering."""

from typing import Any

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, Workspace
from messaging.models import Conversation

from .turns import Turn


class ModelCall(models.Model):
    """One request to a model; append-only. `cost` is empty while no price of the model is known.

    The row outlives the customer whom it was about: an erased person leaves a cost without a name.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    conversation = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.SET_NULL, related_name="model_calls"
    )
    turn = models.ForeignKey(Turn, null=True, blank=True, on_delete=models.SET_NULL, related_name="model_calls")
    crew = models.CharField(max_length=64)
    model = models.CharField(max_length=128)
    endpoint = models.CharField(max_length=255, help_text="The host that was asked.")
    outcome = models.CharField(max_length=32, help_text="“answered”, “cached” (nothing was asked) or the failure.")
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0, help_text="Of the prompt's tokens.")
    cost = models.DecimalField(max_digits=12, decimal_places=8, null=True, blank=True, help_text="US dollars.")
    seconds = models.FloatField(default=0.0)
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "at"], name="model_call_of_workspace"),  # read by: the report
            models.Index(
                fields=["conversation"], condition=Q(conversation__isnull=False), name="model_call_of_conversation"
            ),  # read by: the limit of a conversation, before every answer
        ]

    def __str__(self) -> str:
        return f"{self.crew} by {self.model}: {self.outcome}"


class ModelDay(models.Model):
    """The sum of a workspace's day in its own time zone: what the limits of day and month are held against."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "day"], name="model_day_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.cost}"


def _limit(of: str) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True, help_text=f"US dollars {of}.")


class ModelLimits(models.Model):
    """What a workspace may spend on models. A field left empty follows the installation's own limit."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="model_limits")
    per_conversation = _limit("for one conversation")
    per_day = _limit("for a day")
    per_month = _limit("for a calendar month")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "model limits"
        constraints = [
            models.CheckConstraint(
                condition=(Q(per_conversation__isnull=True) | Q(per_conversation__gte=0))
                & (Q(per_day__isnull=True) | Q(per_day__gte=0))
                & (Q(per_month__isnull=True) | Q(per_month__gte=0)),
                name="model_limits_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"limits of {self.workspace}"


class ModelTrouble(models.Model):
    """What keeps an endpoint from answering a workspace, from its first failure to its next answer.

    `due_at` is when those who configure the workspace are told: at once of what only they can mend, of the rest when
    it lasts.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    endpoint = models.CharField(max_length=255)
    model = models.CharField(max_length=128)
    cause = models.CharField(max_length=32)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "endpoint", "model"],
                condition=Q(ended_at__isnull=True),
                name="model_trouble_one_open",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(ended_at__isnull=True), name="model_trouble_due_is_open"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="model_trouble_due")
        ]  # read by: the agents' alerts

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.cause}"
