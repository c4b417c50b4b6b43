"""Tracked short links: where each leads was decided when it was made, and who followed it on which day."""

import secrets

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, Workspace
from project.kernel import clock

from .messages import Message


def new_link_token() -> str:
    return secrets.token_urlsafe(9)


class LinkPolicy(models.Model):
    """Which messages of a workspace carry tracked links. Without a row: marketing only."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="link_policy")
    tracks_marketing = models.BooleanField(default=True)
    tracks_service = models.BooleanField(default=False)
    adds_utm = models.BooleanField(default=True, help_text="Tell the company's own site where the visit came from.")
    valid_days = models.PositiveSmallIntegerField(default=90)
    untracked_hosts = models.TextField(
        blank=True, help_text="Hosts whose addresses are left as they are, one a line; those below them too."
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "link policies"
        constraints = [
            models.CheckConstraint(condition=Q(valid_days__gte=1, valid_days__lte=730), name="link_policy_days")
        ]

    def __str__(self) -> str:
        return f"Links of {self.workspace}"


class TrackedLink(models.Model):
    """One address in one message to one person. The token leads to `destination` and to nothing else."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="links")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    token = models.CharField(max_length=32, unique=True, default=new_link_token)
    shown = models.TextField(help_text="The address as it was written.")
    destination = models.TextField(help_text="Where the token leads: the same, with what was added to it.")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [models.Index(fields=["message"], name="link_of_message")]  # read by: the thread and the API

    def __str__(self) -> str:
        return self.shown


class LinkClick(models.Model):
    """A person followed a link on a day of their workspace; how often on that day does not count."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    link = models.ForeignKey(TrackedLink, on_delete=models.CASCADE, related_name="clicks")
    day = models.DateField()
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "day"], name="click_once_a_day")]

    def __str__(self) -> str:
        return f"clicked on {self.day}"
