"""The inbox: every webhook as it came, before anybody understood it. Append-only; no foreign key points here."""

from django.db import models
from django.db.models import Q


class EventState(models.TextChoices):
    """received -> applied | ignored, or parked when it cannot be applied; a parked event can be replayed."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    PARKED = "parked"


class WebhookEvent(models.Model):
    """A raw event. `source` names its door (`whatsapp_twilio`, `calendly`), `source_id` the row behind it.

    Events with the same `order_key` (the sender's address) are applied one at a time, in order of arrival.
    """

    workspace_id = models.BigIntegerField()
    source = models.CharField(max_length=32)
    source_id = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    order_key = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    query = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=EventState.choices, default=EventState.RECEIVED)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="received") | Q(due_at__isnull=False), name="event_received_is_due"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="received"), name="event_due"),  # read by: the applier
            models.Index(
                fields=["source", "source_id", "order_key", "id"],
                condition=Q(state="received"),
                name="event_order",  # read by: the applier, “is an earlier one of this sender waiting?”
            ),
            # read by: the canary, which forgets its own events after a day
            models.Index(fields=["received_at"], condition=Q(source="canary"), name="event_of_canary"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.key}"


class EventKey(models.Model):
    """The provider's own key of an event, once: a repeated delivery adds nothing."""

    source = models.CharField(max_length=32)
    source_id = models.BigIntegerField()
    key = models.CharField(max_length=255)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_id", "key"], name="event_key_once")]

    def __str__(self) -> str:
        return self.key
