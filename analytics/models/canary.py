"""The canary: a conversation that the installation has with itself, stage by stage; and the clock's heartbeat.

They belong to the installation, not to a workspace.
"""

from datetime import datetime

from django.db import models
from django.db.models import Q


class Stage(models.TextChoices):
    """What a message goes through, in this order. A run is stuck at the first that it did not reach."""

    BEGUN = "begun"
    POSTED = "posted"
    APPLIED = "applied"
    TURNED = "turned"
    QUEUED = "queued"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"


class CanaryRun(models.Model):
    """One conversation: begun -> got through, or given up at a stage.

    `scheduled_for` is the beginning of the period that the run stands for: however many clocks ask for it, it is begun
    once. The instants of the stages are those that the conversation's own rows tell.
    """

    scheduled_for = models.DateTimeField(null=True, blank=True, unique=True, help_text="Empty: asked for by hand.")
    begun_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    turned_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was seen to have got through, or was given up."
    )
    stuck_at = models.CharField(max_length=16, choices=Stage.choices, blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(delivered_at__isnull=False) | ~Q(stuck_at=""),
                name="canary_run_ends_somewhere",
            )
        ]
        indexes = [
            models.Index(fields=["begun_at"], condition=Q(closed_at__isnull=True), name="canary_run_open"),  # the sweep
            models.Index(fields=["-begun_at"], name="canary_run_newest"),  # read by: the banner, /readyz, /metrics
            models.Index(
                fields=["-delivered_at"], condition=Q(delivered_at__isnull=False), name="canary_run_got_through"
            ),  # the same
        ]

    def __str__(self) -> str:
        return f"canary run {self.pk}"

    def reached_at(self, stage: Stage) -> datetime | None:
        instant: datetime | None = getattr(self, f"{stage}_at")
        return instant

    @property
    def missing(self) -> Stage | None:
        """The stage after the last that was reached; None when it got through."""
        stages = list(Stage)
        reached = [place for place, stage in enumerate(stages) if self.reached_at(stage)]
        return None if reached[-1] == len(stages) - 1 else stages[reached[-1] + 1]


class Heartbeat(models.Model):
    """When something that must go on for ever last did."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.at}"
