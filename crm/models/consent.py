"""What a lead allowed (append-only) and what currently holds messages back."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from project.kernel import clock

from .people import IdentityKind, Lead
from .workspaces import User, Workspace


class Purpose(models.TextChoices):
    SERVICE = "service"
    MARKETING = "marketing"


class ConsentState(models.TextChoices):
    """`pending`: asked for, and not confirmed yet. It allows as little as no consent at all."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"


class Consent(models.Model):
    """One line of the consent ledger. The newest line of a (lead, channel, purpose) is in force."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents")
    channel_kind = models.CharField(max_length=32)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    state = models.CharField(max_length=16, choices=ConsentState.choices)
    source = models.CharField(
        max_length=64, help_text="Where it was said: keyword, provider, page, link, phone, paper, import, merge."
    )
    proof = models.TextField(blank=True, help_text="The words or the provider's code.")
    text_shown = models.TextField(blank=True, help_text="What the lead read when agreeing.")
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, help_text="The colleague who wrote it down."
    )
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [
            # read by: the gate, which wants the newest line of a purpose on a channel
            models.Index(fields=["lead", "channel_kind", "purpose", "-at", "-id"], name="consent_newest")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state} on {self.channel_kind}"


class Suppression(models.Model):
    """Somebody who must get no marketing, by their number or address; known to us or not.

    `lifted_at` is when they agreed to marketing themselves, later.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    kind = models.CharField(max_length=16, choices=IdentityKind.choices)
    value = models.CharField(max_length=160)
    reason = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=64, help_text="The list it came from.")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=clock.now)
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "value"], name="suppression_once"),
            models.CheckConstraint(condition=Q(kind__in=["phone", "email"]), name="suppression_phone_or_email"),
        ]

    def __str__(self) -> str:
        return self.value


class PeoplePolicy(models.Model):
    """How a workspace asks for consent, and what it does about two leads who are one person."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="people_policy")
    opt_in_keywords = models.JSONField(
        default=list, blank=True, help_text="A message of one of these words alone agrees to marketing on its channel."
    )
    opt_in_text = models.TextField(blank=True, help_text="What people read when they agree; kept with each consent.")
    double_opt_in = models.BooleanField(
        default=True, help_text="Consent to e-mail counts once the link in a first e-mail was followed."
    )
    merges_by_rule = models.BooleanField(
        default=False, help_text="Two leads whom a provider names together become one without a person's word."
    )

    objects = ScopedManager(workspace="workspace")

    def __str__(self) -> str:
        return f"consent at {self.workspace}"


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
