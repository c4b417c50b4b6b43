"""The attempt ledger: one row for each call to a provider."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, Workspace

from .messages import Message


class AttemptState(models.TextChoices):
    """calling -> accepted | refused | unknown; unknown -> accepted | absent | abandoned."""

    CALLING = "calling"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    ABANDONED = "abandoned"


class Attempt(models.Model):
    """A call to the provider, committed before it is made.

    `deadline_at` (database clock) bounds the call: a row still `calling` after it belongs to a dead process and
    becomes `unknown`. `settle_at` is when an unknown outcome is next looked into.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    epoch = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=AttemptState.choices, default=AttemptState.CALLING)
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    settle_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=160, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    detail = models.TextField(blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            # the database forbids a second voice: one attempt in flight or in doubt per lead
            models.UniqueConstraint(
                fields=["lead"], condition=Q(state__in=["calling", "unknown"]), name="attempt_one_open"
            ),
            models.UniqueConstraint(fields=["message", "number"], name="attempt_number_once"),
            models.CheckConstraint(
                condition=~Q(state="unknown") | Q(settle_at__isnull=False), name="attempt_unknown_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], condition=Q(state="calling"), name="attempt_overdue"),  # orphan sweep
            models.Index(fields=["settle_at"], condition=Q(state="unknown"), name="attempt_unsettled"),  # reconcile
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.state}"
