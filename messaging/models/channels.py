"""A workspace's connected channels: a WhatsApp sender, a web chat."""

import secrets

from django.db import models
from django_scopes import ScopedManager

from crm.fields import SealedJSONField
from crm.models import User, Workspace
from project.kernel import clock


def new_door_token() -> str:
    return secrets.token_urlsafe(18)


class Channel(models.Model):
    """One sender on one channel kind. `token` names its doors in URLs and cannot be guessed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    token = models.CharField(max_length=64, unique=True, default=new_door_token)
    sender = models.CharField(max_length=160, blank=True, help_text="The address messages leave from.")
    settings = models.JSONField(default=dict, blank=True)
    secrets = SealedJSONField(default=dict, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=255, blank=True)
    resumes_at = models.DateTimeField(
        null=True, blank=True, help_text="When the pause ends by itself. Empty: an operator ends it."
    )
    rests_until = models.DateTimeField(
        null=True, blank=True, help_text="Nothing is sent before: the sender's rate, or a provider that is silent."
    )
    rest_code = models.CharField(max_length=32, blank=True)
    rest_reason = models.CharField(max_length=255, blank=True)
    standing = models.JSONField(
        default=dict, blank=True, help_text="What the provider last said of the sender: name of the thing to its words."
    )
    created_at = models.DateTimeField(default=clock.now)
    swept_at = models.DateTimeField(
        null=True, blank=True, help_text="Up to when the provider's own list has been compared with ours."
    )
    sweep_due_at = models.DateTimeField(null=True, blank=True, help_text="When the provider's list is read next.")
    fetch_due_at = models.DateTimeField(null=True, blank=True, help_text="When its mailbox is looked into next.")
    fetched_at = models.DateTimeField(null=True, blank=True, help_text="When its mailbox was last looked into.")
    fetch_cursor = models.JSONField(default=dict, blank=True, help_text="Up to where its mailbox was taken in.")
    reach_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="How many people the provider lets its account write to outside the window in 24 hours.",
    )
    upkeep_due_at = models.DateTimeField(
        null=True,
        blank=True,
        default=clock.now,
        help_text="When the provider is next asked for the templates and the standing of the sender.",
    )
    templates_listed_at = models.DateTimeField(null=True, blank=True)
    templates_error = models.CharField(max_length=255, blank=True, help_text="Why the last listing failed.")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "sender"],
                condition=~models.Q(sender=""),
                name="channel_sender_once",
            ),
            models.CheckConstraint(
                condition=models.Q(resumes_at__isnull=True) | models.Q(paused_at__isnull=False),
                name="channel_only_paused_resumes",
            ),
        ]
        indexes = [
            models.Index(
                fields=["sweep_due_at"], condition=models.Q(sweep_due_at__isnull=False), name="channel_sweep_due"
            ),  # read by: the sweep for messages whose webhook was lost
            models.Index(
                fields=["fetch_due_at"], condition=models.Q(fetch_due_at__isnull=False), name="channel_fetch_due"
            ),  # read by: the sweep of mailboxes
            models.Index(
                fields=["upkeep_due_at"], condition=models.Q(upkeep_due_at__isnull=False), name="channel_upkeep_due"
            ),  # read by: the sweep that asks for templates
            models.Index(
                fields=["resumes_at"], condition=models.Q(resumes_at__isnull=False), name="channel_resuming"
            ),  # read by: the sweep of pauses that end by themselves
        ]

    def __str__(self) -> str:
        return self.name


class ChannelTrouble(models.Model):
    """A cause that an operator has to know of, once for each channel; told again when it comes back a day later."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="troubles")
    code = models.CharField(max_length=32, help_text="The provider's code, or our word for it.")
    meaning = models.CharField(max_length=255)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "code"], name="trouble_once")]
        indexes = [
            models.Index(fields=["last_at"], condition=models.Q(told_at__isnull=True), name="trouble_untold")
        ]  # read by: the agents' alerts

    def __str__(self) -> str:
        return f"{self.code}: {self.meaning}"


class Sending(models.TextChoices):
    PAUSED = "paused"
    RESUMED = "resumed"


class SenderChange(models.Model):
    """Who stopped a sender or let it send again, why and when; append-only."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    sending = models.CharField(max_length=16, choices=Sending.choices)
    actor = models.CharField(max_length=64, help_text="A person, or the part of the system that decided.")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    reason = models.CharField(max_length=255, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [models.Index(fields=["channel", "-id"], name="sender_changes")]  # read by: the channel's settings

    def __str__(self) -> str:
        return f"{self.sending} by {self.actor}"
