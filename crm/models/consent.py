"""What a lead allowed (append-only) and what currently holds messages back."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from project.kernel import clock

from .people import Lead
from .workspaces import Workspace


class Purpose(models.TextChoices):
    SERVICE = "service"
    MARKETING = "marketing"


class ConsentState(models.TextChoices):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Consent(models.Model):
    """One line of the consent ledger. The newest line of a (lead, channel, purpose) is in force."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents")
    channel_kind = models.CharField(max_length=32)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    state = models.CharField(max_length=16, choices=ConsentState.choices)
    source = models.CharField(max_length=64, help_text="Where it was said: keyword, provider, person, import.")
    proof = models.TextField(blank=True, help_text="The words or the provider's code.")
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [
            # read by: the gate, which wants the newest line of a purpose on a channel
            models.Index(fields=["lead", "channel_kind", "purpose", "-at", "-id"], name="consent_newest")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state} on {self.channel_kind}"


class HoldKind(models.TextChoices):
    IN_CONVERSATION = "in_conversation"
    HUMAN_REQUESTED = "human_requested"
    BOOKING_PENDING = "booking_pending"
    IN_SALES_PROCESS = "in_sales_process"
    UNSUBSCRIBED = "unsubscribed"


class Hold(models.Model):
    """A reason why marketing must wait, until a time or until it is released."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="holds")
    kind = models.CharField(max_length=32, choices=HoldKind.choices)
    reason = models.CharField(max_length=255, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    released_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            # one open hold of a kind: a repeated reason extends it instead of piling up
            models.UniqueConstraint(
                fields=["lead", "kind"], condition=Q(released_at__isnull=True), name="hold_one_open"
            )
        ]

    def __str__(self) -> str:
        return self.kind
