"""What a workspace's people taught its analyst: corrections of single messages, and the layer trained from them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from agents.reasoning.ports import Intent
from crm.models import Lead, Workspace
from messaging.models import Message

INTENTS = [(intent.value, intent.value.replace("_", " ")) for intent in Intent]


class Correction(models.Model):
    """A person's word on what a customer's message meant. The same text has one meaning in a workspace: the latest."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    corrected_at = models.DateTimeField()
    digest = models.CharField(max_length=64, help_text="Of the text in one spelling: how the exact tier finds it.")
    text = models.TextField(help_text="In the customer's spelling; it goes when the lead goes.")
    intent = models.CharField(max_length=32)
    was_read_as = models.CharField(max_length=32, blank=True, help_text="What the analyst had made of it.")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "digest"], name="correction_one_meaning")]
        indexes = [
            models.Index(fields=["workspace", "-corrected_at", "-id"], name="correction_newest")
        ]  # list, training

    def __str__(self) -> str:
        return f"{self.intent}: {self.text[:60]}"


class TrainedLayer(models.Model):
    """What the corrections of one workspace add to the shared model. `due_at` is when it is trained next."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    trained_at = models.DateTimeField(null=True, blank=True)
    corrections = models.PositiveIntegerField(default=0, help_text="From how many it was trained.")
    model_digest = models.CharField(max_length=64, blank=True, help_text="The model that it belongs to.")
    weights = models.BinaryField(default=bytes)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="layer_due")  # the sweep
        ]
