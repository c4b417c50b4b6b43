"""How good a turn was, by plain checks that cost nothing."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Workspace

from .turns import Turn


class TurnQuality(models.Model):
    """One row for each turn that said or decided something; columns run from 0 (bad) to 1, `sentiment_trend` -2 to 2.

    A column is empty where there is nothing to judge, such as the groundedness of a turn that said nothing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="quality")
    intent = models.CharField(max_length=32, blank=True)
    step = models.CharField(max_length=32)
    tier = models.CharField(max_length=32, blank=True)
    sentiment_trend = models.FloatField(null=True, blank=True)
    coherence = models.FloatField(null=True, blank=True)
    groundedness = models.FloatField(null=True, blank=True)
    appropriateness = models.FloatField(null=True, blank=True)
    flaws = models.JSONField(default=list, blank=True, help_text="In words: what the checks found.")
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "turn quality"
        indexes = [
            models.Index(fields=["workspace", "-at"], name="turn_quality_newest"),  # read by: the quality page
            models.Index(
                fields=["workspace", "-at"], condition=~Q(flaws=[]), name="turn_quality_flawed"
            ),  # read by: who decides whether to alert
        ]

    def __str__(self) -> str:
        return f"quality of turn {self.turn_id}"
