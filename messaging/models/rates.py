"""How fast a sender may send, and when its provider is left alone: rows that all workers share."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Workspace

from .channels import Channel
from .messages import Message


class Bucket(models.Model):
    """A token bucket as one instant (the generic cell rate algorithm): when it will be full again.

    Each token moves `full_at` on by one interval; how far it may lie in the future is the burst. An absent row is a
    full bucket. `key` names whose it is: `account:AC…`, `sender:7`, `pair:7:whatsapp:+55…`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    key = models.CharField(max_length=260)
    full_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="bucket_once")]

    def __str__(self) -> str:
        return self.key


class Breaker(models.Model):
    """A channel's circuit breaker: closed while `rests` is 0, then open until a probe gets through.

    `probe` is the one message that may go after a rest; nobody else may until `probe_until`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="breaker")
    failures = models.PositiveIntegerField(default=0, help_text="Calls in a row that the provider did not answer.")
    rests = models.PositiveSmallIntegerField(default=0, help_text="Rests in a row: each is longer than the last.")
    rests_until = models.DateTimeField(null=True, blank=True)
    probe = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL)
    probe_until = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rests=0, rests_until__isnull=True, probe_until__isnull=True)
                | Q(rests__gt=0, rests_until__isnull=False),
                name="breaker_open_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"open until {self.rests_until}" if self.rests else "closed"
