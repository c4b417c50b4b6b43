"""What people say about the agent's handovers."""

from django.db import models
from django_scopes import ScopedManager

from crm.models import User, Workspace
from handover.models import Handover


class HandoverVerdict(models.Model):
    """Whether a person was needed, by somebody who would know. The latest word of the team stands."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    handover = models.OneToOneField(Handover, on_delete=models.CASCADE, related_name="verdict")
    was_needed = models.BooleanField()
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at"], name="handover_verdict_newest")
        ]  # read by: the quality page

    def __str__(self) -> str:
        return "needed" if self.was_needed else "not needed"
