"""Two leads who are one person: what was merged, so that it can be undone, and what might be."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from .people import Lead
from .workspaces import User, Workspace


class LeadMerge(models.Model):
    """`gone` became part of `kept`. `moved` names every row that changed hands, by table; an undo moves those back."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    kept = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    gone = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField()
    actor = models.CharField(max_length=64, help_text="A person, or the rule that decided.")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    merged_at = models.DateTimeField()
    moved = models.JSONField(default=dict, help_text="Table and column, and the ids of the rows that moved.")
    before = models.JSONField(default=dict, help_text="What the merge changed besides, as it was.")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gone"], condition=Q(undone_at__isnull=True), name="merge_one_open"),
            models.CheckConstraint(condition=~Q(kept=models.F("gone")), name="merge_of_two"),
        ]
        indexes = [models.Index(fields=["kept", "-id"], name="merges_of_lead")]  # read by: the lead's page

    def __str__(self) -> str:
        return f"{self.gone} into {self.kept}"


class MergeProposal(models.Model):
    """A provider named two leads as one person. `first` is the lead with the smaller id.

    `due_at` is set while the workspace's rule is to merge them without asking.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    first = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField()
    proposed_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_as = models.CharField(max_length=16, blank=True, help_text="merged, or different: a person said so.")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "first", "second"], name="proposal_once"),
            models.CheckConstraint(condition=Q(first__lt=models.F("second")), name="proposal_in_order"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="proposal_due"),  # the rule's sweep
            models.Index(fields=["second"], condition=Q(settled_at__isnull=True), name="proposal_open"),  # lead's page
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"
