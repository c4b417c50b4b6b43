"""Who is told of what happens here, and each telling with what became of it."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.fields import SealedJSONField
from crm.models import Lead, Workspace
from project.kernel import clock


class Subscription(models.Model):
    """Another system that wants to be told. `facts` follows from `events`: it is what the database compares with.

    While it is not active nothing is noted for it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="subscriptions")
    url = models.CharField(max_length=2000)
    name = models.CharField(max_length=100, blank=True)
    events = ArrayField(models.CharField(max_length=64))
    facts = ArrayField(models.CharField(max_length=64), editable=False)
    secrets = SealedJSONField(default=dict, help_text="secret: what deliveries are signed with")
    is_active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=255, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="The first failure since the last success.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    rests_until = models.DateTimeField(null=True, blank=True, help_text="Nothing is sent before: it did not answer.")
    created_at = models.DateTimeField(default=clock.now)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_active=True, disabled_at__isnull=True) | Q(is_active=False, disabled_at__isnull=False),
                name="subscription_disabled_has_time",
            )
        ]
        indexes = [
            # read by: the triggers that note facts, at every line of every trail
            models.Index(fields=["workspace"], condition=Q(is_active=True), name="subscription_active")
        ]

    def __str__(self) -> str:
        return self.name or self.url


class DeliveryState(models.TextChoices):
    """pending -> delivered | failed; a person may make either pending again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(models.Model):
    """One fact for one subscription, written by a trigger in the transaction of the fact.

    The ids of a lead's deliveries are in the order in which the facts were committed: whoever changes anything of a
    lead holds its conversation. `body` is made at the first try and is what every further try sends.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    fact = models.CharField(max_length=64)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(help_text="When it happened.")
    body = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    tried_since = models.DateTimeField(null=True, blank=True, help_text="The first try of this round.")
    ended_at = models.DateTimeField(null=True, blank=True)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending", due_at__isnull=False) | (~Q(state="pending") & Q(due_at__isnull=True)),
                name="delivery_pending_is_due",
            )
        ]
        indexes = [
            # read by: the sweep, subscription by subscription
            models.Index(fields=["subscription", "due_at"], condition=Q(state="pending"), name="delivery_due"),
            # read by: the sweep, “is an earlier one of this lead waiting?”
            models.Index(fields=["subscription", "lead", "id"], condition=Q(state="pending"), name="delivery_order"),
            models.Index(fields=["subscription", "-id"], name="delivery_log"),  # read by: the log
            # read by: the sweep that forgets
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="delivery_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.fact} {self.key}"


class DeliveryTry(models.Model):
    """One call: what was answered, and how long it took."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    seconds = models.FloatField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "delivery tries"
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="delivery_try_once")]

    def __str__(self) -> str:
        return f"try {self.number}: {self.status_code or self.error}"
