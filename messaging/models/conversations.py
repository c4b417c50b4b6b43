"""A lead's conversation, and the service windows that the lead's messages open on each channel."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace
from project.kernel import clock

from .channels import Channel


class ConversationStatus(models.TextChoices):
    OPEN = "open"
    RESOLVED = "resolved"


class PresentManager(models.Manager["Conversation"]):
    """The conversations that go on: all but those whose lead was merged into somebody else."""

    def get_queryset(self) -> models.QuerySet["Conversation"]:
        return super().get_queryset().filter(merged_into__isnull=True)


class Conversation(models.Model):
    """Everything said between a workspace and one lead, over all channels.

    `seq` grows by one with every change that a screen shows, under the row's lock; a screen that saw N asks for
    what came after N. `channel` is where the lead wrote last: replies leave there, unless the lead prefers another.
    `merged_into` is where everything went when its lead was merged; whoever locks this row is given that one.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="conversations")
    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, related_name="conversation")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="conversations")
    preferred_channel = models.ForeignKey(
        Channel,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Where the lead wants to be answered; empty: where they wrote last.",
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.CASCADE, related_name="absorbed"
    )
    status = models.CharField(max_length=16, choices=ConversationStatus.choices, default=ConversationStatus.OPEN)
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="assigned")
    seq = models.BigIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0, help_text="Customer messages no person has looked at.")
    last_message_at = models.DateTimeField(default=clock.now)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_preview = models.CharField(max_length=200, blank=True)
    last_voice = models.CharField(max_length=16, blank=True)
    unanswered_since = models.DateTimeField(
        null=True, blank=True, help_text="When the customer began what the primary agent has not looked at yet."
    )
    turn_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the primary agent looks at what the customer wrote."
    )
    created_at = models.DateTimeField(default=clock.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(PresentManager, workspace="workspace")
    everything = ScopedManager(workspace="workspace")

    class Meta:
        default_manager_name = "everything"
        constraints = [
            models.CheckConstraint(
                condition=Q(status="open", resolved_at__isnull=True) | Q(status="resolved", resolved_at__isnull=False),
                name="conversation_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=Q(turn_due_at__isnull=True) | Q(unanswered_since__isnull=False),
                name="conversation_turn_has_beginning",
            ),
            # whatever is due of it is due of the one it was merged into
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(turn_due_at__isnull=True),
                name="conversation_merged_has_no_turn",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-last_message_at"], name="conversation_newest"),  # read by: inbox list
            models.Index(
                fields=["workspace", "assignee", "-last_message_at"],
                condition=Q(status="open"),
                name="conversation_of_assignee",  # read by: the inbox view “Mine”
            ),
            models.Index(
                fields=["turn_due_at"], condition=Q(turn_due_at__isnull=False), name="conversation_turn_due"
            ),  # read by: the primary agent's sweep
        ]

    def __str__(self) -> str:
        return f"Conversation {self.pk}"


class ServiceWindow(models.Model):
    """Where a lead is reached on a channel, and until when free text may be sent (WhatsApp: 24 h after they wrote)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="windows")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    address = models.CharField(max_length=200, help_text="As the provider spells it.")
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True, help_text="Empty: this channel has no window.")
    free_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Messages cost nothing before: the customer came from an advertisement. It opens no window.",
    )
    ad_clicked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the customer came from an advertisement; an answer within a day is free."
    )
    invalid_at = models.DateTimeField(
        null=True, blank=True, help_text="When the provider said that nobody is reached at this address."
    )
    invalid_reason = models.CharField(max_length=255, blank=True, default="", db_default="")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "channel"], name="window_once")]
        indexes = [models.Index(fields=["workspace", "closes_at"], name="window_closing")]  # read by: “Window closing”

    def __str__(self) -> str:
        return f"until {self.closes_at}"
