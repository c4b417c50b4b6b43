"""Leads and the identities by which a channel knows them."""

from django.db import models
from django_scopes import ScopedManager

from project.kernel import clock

from .workspaces import Workspace, validate_timezone


class Lead(models.Model):
    """A person the workspace talks to, on however many channels."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="leads")
    name = models.CharField(max_length=255, blank=True)
    company = models.CharField(max_length=255, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=16, blank=True, help_text="BCP 47, as last recognised or set by a person.")
    timezone = models.CharField(max_length=64, blank=True, validators=[validate_timezone])
    is_vip = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at"], name="lead_newest")]  # read by: leads list, API

    def __str__(self) -> str:
        return self.name or f"Lead {self.pk}"


class IdentityKind(models.TextChoices):
    PHONE = "phone", "Phone (E.164)"
    WHATSAPP = "whatsapp", "WhatsApp business-scoped id"
    TELEGRAM = "telegram", "Telegram id"
    VISITOR = "visitor", "Web-chat visitor"
    EMAIL = "email", "E-mail"


class Identity(models.Model):
    """One name by which a channel knows a lead. The same person is found by any of them."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=16, choices=IdentityKind.choices)
    value = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=clock.now)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "value"], name="identity_once")]

    def __str__(self) -> str:
        return self.value
