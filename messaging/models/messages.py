"""Messages, sent, received and withheld alike: each explains itself."""

import uuid

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Consent, Lead, User, Workspace
from crm.models.consent import Purpose
from project.kernel import clock

from .channels import Channel
from .conversations import Conversation


class Direction(models.TextChoices):
    IN = "in"
    OUT = "out"


class Voice(models.TextChoices):
    """Who speaks. The colours of the screens follow it."""

    CUSTOMER = "customer"
    HUMAN = "human"
    AI = "ai"
    BRIDGE = "bridge"
    SYSTEM = "system"
    MARKETING = "marketing"


class MessageStatus(models.TextChoices):
    """queued -> sending -> accepted -> sent -> delivered -> read, or an end: suppressed, failed.

    `unknown`: the provider may or may not have it; nothing is repeated until that is settled.
    `in_doubt`: it could not be settled; a person decides.
    """

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"


class Message(models.Model):
    """One message in either direction. Outbound rows are the outbox: `intent_key` makes each intent unique.

    `verdict` holds the gate's latest answer with the facts it saw; `due_at` is when the dispatcher looks next.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="messages")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    voice = models.CharField(max_length=16, choices=Voice.choices)
    purpose = models.CharField(max_length=16, choices=Purpose.choices, default=Purpose.SERVICE)
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    body = models.TextField(blank=True)
    media = models.JSONField(default=list, blank=True)
    payload = models.JSONField(default=dict, blank=True, help_text="What the provider said beyond text and media.")
    status = models.CharField(max_length=16, choices=MessageStatus.choices)
    position = models.BigIntegerField(help_text="Order in the conversation: its seq when the row was written.")
    seq = models.BigIntegerField(help_text="The conversation's seq when this row last changed.")
    at = models.DateTimeField(default=clock.now, help_text="Provider time inbound; queueing time outbound.")
    provider_id = models.CharField(max_length=160, blank=True)

    template = models.ForeignKey(
        "messaging.MessageTemplate", null=True, blank=True, on_delete=models.SET_NULL, db_index=False,
        help_text="What it leaves as outside the service window.",
    )  # fmt: skip
    template_form = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="The purpose, words and variables of its template.",
    )

    intent_key = models.CharField(max_length=160, null=True, blank=True)
    epoch = models.BigIntegerField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(null=True, blank=True)
    answers = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="answered_by")
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    attempts_forgiven = models.PositiveSmallIntegerField(
        default=0,
        help_text="Attempts that do not count against its limit: made before a person sent it again, or in vain while "
        "its provider was silent.",
    )
    verdict = models.JSONField(default=dict, blank=True)
    consent = models.ForeignKey(
        Consent,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="+",
        help_text="The line of the ledger that allowed marketing to leave.",
    )
    error_code = models.CharField(max_length=32, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person decided to leave it: it ended without arriving."
    )

    alert_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the team is told that it did not arrive; empty once they were."
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "intent_key"], name="message_intent_once"),
            models.UniqueConstraint(
                fields=["channel", "direction", "provider_id"],
                condition=~Q(provider_id=""),
                name="message_provider_id_once",
            ),
            models.UniqueConstraint(fields=["conversation", "position"], name="message_position_once"),
            models.CheckConstraint(
                condition=Q(direction="in", voice="customer", status="received")
                | (Q(direction="out", intent_key__isnull=False, epoch__isnull=False) & ~Q(voice="customer")),
                name="message_direction_has_its_fields",
            ),
            models.CheckConstraint(
                condition=~Q(status="queued") | Q(due_at__isnull=False), name="message_queued_is_due"
            ),
            # not by care: the database refuses to let marketing leave that no consent allowed
            models.CheckConstraint(
                condition=~Q(purpose="marketing")
                | Q(consent__isnull=False)
                | Q(status__in=["received", "queued", "suppressed", "failed", "in_doubt"]),
                name="message_marketing_has_consent",
            ),
        ]
        indexes = [
            # read by: the dispatcher, in the order in which it takes them
            models.Index(fields=["priority", "due_at"], condition=Q(status="queued"), name="message_due"),
            # read by: the dispatcher (an earlier word of the same grant?) and the floor (is any word on its way?)
            models.Index(
                fields=["lead", "epoch", "position"],
                condition=Q(status__in=["queued", "sending", "unknown"]),
                name="message_on_its_way",
            ),
            # read by: the dead letters
            models.Index(
                fields=["workspace", "-at", "-id"],
                condition=Q(status__in=["failed", "in_doubt"], dismissed_at__isnull=True),
                name="message_dead",
            ),
            # read by: who tells the team of words that did not arrive
            models.Index(fields=["alert_due_at"], condition=Q(alert_due_at__isnull=False), name="message_alert_due"),
            # read by: the primary agent (the newest words), the ladder (has a person answered since?)
            models.Index(fields=["conversation", "-at", "-position"], name="message_by_time"),
            # read by: the frequency cap
            models.Index(fields=["lead", "-at"], condition=Q(purpose="marketing"), name="message_marketing"),
            # read by: what a template that changes its state stops or frees
            models.Index(
                fields=["template"], condition=Q(status="queued", template__isnull=False), name="message_templated"
            ),
            # read by: the page that fetches what it lacks
            models.Index(fields=["conversation", "seq"], name="message_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.voice}: {self.body[:60]}"

    @property
    def tries(self) -> int:
        """Attempts that count against the limit."""
        return self.attempts_made - self.attempts_forgiven
