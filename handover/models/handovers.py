"""A request for a person, and the rungs of its ladder as due rows."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace
from messaging.models import Conversation, Message


class HandoverState(models.TextChoices):
    """waiting -> answered | booked | resolved | returned | callback; a callback stays open until one of those ends it.

    `renewed`: the customer asked for a person again while a callback was open; the new handover carries on.
    """

    WAITING = "waiting"
    ANSWERED = "answered"
    BOOKED = "booked"
    CALLBACK = "callback"
    RESOLVED = "resolved"
    RETURNED = "returned"
    RENEWED = "renewed", "asked again"


OPEN_STATES = ("waiting", "callback")


class Trigger(models.TextChoices):
    EXPLICIT_REQUEST = "explicit_request"
    NEGATIVE_STREAK = "negative_streak"
    BEYOND_KNOWLEDGE = "beyond_knowledge"
    AUTHORITY_EXCEEDED = "authority_exceeded"
    AGENT_FAILURE = "agent_failure"
    LOW_CONFIDENCE = "low_confidence"


class Urgency(models.TextChoices):
    NORMAL = "normal"
    URGENT = "urgent"


class Handover(models.Model):
    """From the request for a person to the person's answer, a booking or a resolution. One open per conversation.

    `ladder_ended_at` is the moment from which no further step may fire.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="handovers")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="handovers")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="handovers")
    state = models.CharField(max_length=16, choices=HandoverState.choices, default=HandoverState.WAITING)
    trigger = models.CharField(max_length=32, choices=Trigger.choices)
    reason = models.TextField(help_text="Why a person is needed, in a sentence.")
    request = models.TextField(help_text="What the customer asked for, in their own words.")
    requested_by = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    urgency = models.CharField(max_length=16, choices=Urgency.choices, default=Urgency.NORMAL)
    after_hours = models.BooleanField(default=False)
    requested_at = models.DateTimeField()
    claimed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ladder_ended_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=255, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state__in=OPEN_STATES), name="handover_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES, ended_at__isnull=True)
                | (~Q(state__in=OPEN_STATES) & Q(ended_at__isnull=False)),
                name="handover_end_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "requested_at"],
                condition=Q(state__in=OPEN_STATES),
                name="handover_queue",
            )  # read by: the handover queue
        ]

    def __str__(self) -> str:
        return f"handover {self.pk}: {self.state}"


class Rung(models.TextChoices):
    ALERT = "alert", "team alerted"
    UPDATE = "update", "update sent"
    BRIDGE = "bridge", "booking link"
    RESUME = "resume", "AI resumes"


class StepState(models.TextChoices):
    """pending -> fired | not_needed | superseded | withheld | parked."""

    PENDING = "pending"
    FIRED = "fired"
    NOT_NEEDED = "not_needed"
    SUPERSEDED = "superseded"
    WITHHELD = "withheld"
    PARKED = "parked"


class LadderStep(models.Model):
    """One rung, due at a time, done at most once; its verdict says what happened and why.

    `claimed_until` is a lease in the database's clock, held while a booking link is fetched outside a transaction.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="steps")
    rung = models.CharField(max_length=16, choices=Rung.choices)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=StepState.choices, default=StepState.PENDING)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    verdict = models.TextField(blank=True)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handover", "rung"], name="ladder_step_once"),
            models.CheckConstraint(
                condition=Q(state="pending") | Q(done_at__isnull=False), name="ladder_step_done_has_time"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="ladder_step_due")  # the sweep
        ]

    def __str__(self) -> str:
        return f"{self.rung}: {self.state}"
