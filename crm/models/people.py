"""Leads and the identities by which a channel knows them."""

from django.db import models
from django_scopes import ScopedManager

from project.kernel import clock

from .workspaces import Workspace, validate_timezone


class PresentManager(models.Manager["Lead"]):
    """The people who are still themselves: all but those merged into somebody else."""

    def get_queryset(self) -> models.QuerySet["Lead"]:
        return super().get_queryset().filter(merged_into__isnull=True)


class Lead(models.Model):
    """A person the workspace talks to, on however many channels.

    `objects` leaves out who was merged into somebody else, so that no list and no campaign finds a person twice.
    `merged_into` is always the survivor itself, never somebody who was merged in turn.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="leads")
    name = models.CharField(max_length=255, blank=True)
    company = models.CharField(max_length=255, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=16, blank=True, help_text="BCP 47, as last recognised or set by a person.")
    timezone = models.CharField(max_length=64, blank=True, validators=[validate_timezone])
    is_vip = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.CASCADE, related_name="absorbed"
    )

    objects = ScopedManager(PresentManager, workspace="workspace")
    everything = ScopedManager(workspace="workspace")

    class Meta:
        default_manager_name = "everything"
        constraints = [
            models.CheckConstraint(condition=~models.Q(merged_into=models.F("id")), name="lead_not_merged_into_itself")
        ]
        indexes = [models.Index(fields=["workspace", "-created_at"], name="lead_newest")]  # read by: leads list, API

    def __str__(self) -> str:
        return self.name or f"Lead {self.pk}"


class IdentityKind(models.TextChoices):
    PHONE = "phone", "Phone (E.164)"
    WHATSAPP = "whatsapp", "WhatsApp business-scoped id"
    TELEGRAM = "telegram", "Telegram id"
    INSTAGRAM = "instagram", "Instagram id"
    VISITOR = "visitor", "Web-chat visitor"
    EMAIL = "email", "E-mail"


class IdentitySource(models.TextChoices):
    """Who vouches for it. What a channel told is verified: a provider named them together."""

    CHANNEL = "channel"
    PERSON = "person"
    IMPORT = "import"


class Identity(models.Model):
    """One name by which a channel knows a lead. The same person is found by any of them.

    A username passes to somebody else when its owner gives it up: it is shown (`handle`) and never a key.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=16, choices=IdentityKind.choices)
    value = models.CharField(max_length=160)
    source = models.CharField(max_length=16, choices=IdentitySource.choices, default=IdentitySource.CHANNEL)
    handle = models.CharField(max_length=160, blank=True, help_text="The username that goes with it today.")
    created_at = models.DateTimeField(default=clock.now)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "value"], name="identity_once")]

    def __str__(self) -> str:
        return self.value
