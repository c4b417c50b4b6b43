"""What leads did, in points; append-only."""

from django.db import models
from django_scopes import ScopedManager

from .people import Lead
from .workspaces import Workspace


class ActivityKind(models.TextChoices):
    MESSAGE_READ = "message_read"
    MESSAGE_REPLY = "message_reply"
    LINK_CLICK = "link_click"
    CALENDLY_BOOK = "calendly_book"
    DEMO_REQUEST = "demo_request"
    REFERRAL_MADE = "referral_made"


POINTS = {
    ActivityKind.MESSAGE_READ: 1,
    ActivityKind.MESSAGE_REPLY: 5,
    ActivityKind.LINK_CLICK: 3,
    ActivityKind.CALENDLY_BOOK: 15,
    ActivityKind.DEMO_REQUEST: 20,
    ActivityKind.REFERRAL_MADE: 25,
}


class Activity(models.Model):
    """One thing a lead did. `key` names the fact it came from, so that a repeated event counts once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="activities")
    kind = models.CharField(max_length=32, choices=ActivityKind.choices)
    points = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=160)
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "activities"
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="activity_once")]
        indexes = [models.Index(fields=["lead", "-at"], name="activity_of_lead")]  # read by: lead panel, score

    def __str__(self) -> str:
        return self.kind
