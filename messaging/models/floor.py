"""The floor: who may speak to a lead. One row per lead; PostgreSQL decides, by its own clock."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace


class Priority(models.IntegerChoices):
    HUMAN = 1
    PRIMARY = 2
    BRIDGE = 3
    SYSTEM = 4
    MARKETING = 5


class Floor(models.Model):
    """The lease on a lead's ear. `epoch` is the fencing number: words of an older epoch may not leave.

    An empty holder means the floor is free. A person's hold has no expiry; `returns_at` is the workspace's
    auto-return rule, which gives the conversation back to the AI when that person stays silent.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, related_name="floor")
    holder = models.CharField(max_length=32, blank=True, help_text="human, primary, bridge, system, marketing")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, null=True, blank=True)
    epoch = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    returns_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(holder="", priority__isnull=True, user__isnull=True)
                | (~Q(holder="") & Q(priority__isnull=False)),
                name="floor_holder_has_priority",
            ),
            models.CheckConstraint(
                condition=Q(holder="human") | Q(returns_at__isnull=True), name="floor_only_people_return"
            ),
        ]
        indexes = [
            models.Index(
                fields=["returns_at"], condition=Q(returns_at__isnull=False), name="floor_returning"
            )  # read by: the auto-return sweep
        ]

    def __str__(self) -> str:
        return f"{self.holder or 'free'}, epoch {self.epoch}"
