"""Alerts to staff by e-mail: due rows, so that a dead mail server delays them and loses none."""

from django.db import models
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace


class StaffAlert(models.Model):
    """One e-mail to one person, about a lead or a whole sender. `key` makes the alert of a fact unique per person."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=120)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user", "key"], name="staff_alert_once")]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="staff_alert_due"
            )  # read by: the mail sweep
        ]

    def __str__(self) -> str:
        return self.subject
