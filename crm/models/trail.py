"""The decision trail: every decision about a lead, with its reason, in order; append-only."""

from django.db import models
from django_scopes import ScopedManager

from .people import Lead
from .workspaces import Workspace


class TrailEntry(models.Model):
    """One decision or event. `reason` reads like a person telling it; `facts` is what it was decided on."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="trail")
    at = models.DateTimeField()
    actor = models.CharField(max_length=64, help_text="Agent, person or system part that decided.")
    kind = models.CharField(max_length=64, help_text="Dotted name of the event, such as handover.requested.")
    reason = models.TextField()
    facts = models.JSONField(default=dict, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "trail"
        indexes = [models.Index(fields=["lead", "id"], name="trail_of_lead")]  # read by: the trail beside the thread

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"
