"""A turn: the primary agent's one chance to answer what a customer wrote."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, Workspace
from messaging.models import Conversation, Message


class TurnState(models.TextChoices):
    """taken -> done | waiting (to be tried again) -> taken | parked."""

    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    PARKED = "parked"


class Turn(models.Model):
    """Opened when a conversation's `turn_due_at` has come; one open turn per conversation.

    `claimed_until` is a lease in the database's clock: a turn whose worker died is taken again.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    state = models.CharField(max_length=16, choices=TurnState.choices, default=TurnState.TAKEN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    seat_awaited_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when it waits for a place to think; the waiting is part of its budget."
    )
    newest = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", help_text="Newest inbound seen.")
    finished_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=32, blank=True)
    reason = models.TextField(blank=True)
    analysis = models.JSONField(default=dict, blank=True)
    reply = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state__in=["waiting", "taken"]), name="turn_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(state="taken") | Q(claimed_until__isnull=False), name="turn_taken_has_lease"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["waiting", "taken"]), name="turn_due")  # the sweep
        ]

    def __str__(self) -> str:
        return f"turn {self.pk}: {self.state}"
