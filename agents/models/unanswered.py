"""What customers asked and the knowledge could not answer: alike questions are one row with a count."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace

from .knowledge import KnowledgeEntry
from .turns import Turn


class UnansweredState(models.TextChoices):
    """open -> answered | dismissed."""

    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class UnansweredQuestion(models.Model):
    """`terms` are the words that carry its meaning, by which a question like it is recognised."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    text = models.TextField(max_length=2000)
    language = models.CharField(max_length=8, blank=True, default="")
    terms = ArrayField(models.CharField(max_length=64), default=list)
    times_asked = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=16, choices=UnansweredState.choices, default=UnansweredState.OPEN)
    first_asked_at = models.DateTimeField()
    last_asked_at = models.DateTimeField()
    entry = models.ForeignKey(
        KnowledgeEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="learned_from"
    )
    settled_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True) | (~Q(state="open") & Q(settled_at__isnull=False)),
                name="unanswered_settled_has_time",
            )
        ]
        indexes = [
            # read by: the list for staff
            models.Index(
                fields=["workspace", "-times_asked", "-id"], condition=Q(state="open"), name="unanswered_open"
            ),
            # read by: whoever looks for a question like a new one
            GinIndex(fields=["terms"], condition=Q(state="open"), name="unanswered_terms"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Asking(models.Model):
    """One time that a customer asked it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    question = models.ForeignKey(UnansweredQuestion, on_delete=models.CASCADE, related_name="askings")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="asking")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    def __str__(self) -> str:
        return self.text[:80]
