"""What the auditor found, run by run."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Workspace


class AuditRun(models.Model):
    """One look at the history against the promises: requested -> started -> finished.

    Without a workspace it covers the whole installation. `counts` holds the exact number of findings of every check
    by its name, `findings` a few examples of each: the row stays small whatever was found.
    """

    workspace = models.ForeignKey(Workspace, null=True, blank=True, on_delete=models.CASCADE, related_name="audit_runs")
    since = models.DateTimeField(null=True, blank=True, help_text="Only what happened from here on was judged.")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True, help_text="The moment as of which it was judged.")
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    violations = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    findings = models.JSONField(default=dict, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(started_at__isnull=False), name="audit_run_begins_first"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="audit_run_newest"),  # read by: the audit's page
            models.Index(
                fields=["requested_at"], condition=Q(started_at__isnull=True), name="audit_run_requested"
            ),  # read by: the sweep
        ]

    def __str__(self) -> str:
        return f"audit {self.pk}: {self.violations} violations"
