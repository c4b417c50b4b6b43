"""What conversations told about a lead: facts with their source, tags, scores, and the readings still to be made."""

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace
from messaging.models import Conversation, Message


class FactSource(models.TextChoices):
    """Who says so. A person's word stands against every other."""

    OFFLINE = "offline", "read from the words"
    MODEL = "model", "understood by the model"
    PERSON = "person", "entered by a person"


class LeadFact(models.Model):
    """One thing said about a lead. Append-only but for its end: `superseded_at` is when it stopped being current.

    A person's empty value means that they took the fact away; no reading of a message puts it back.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="facts")
    field = models.CharField(max_length=32, help_text="A key of agents.qualification.fields.FIELDS.")
    value = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=16, choices=FactSource.choices)
    confidence = models.FloatField(help_text="From 0 to 1; a person is sure.")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    words = models.CharField(max_length=300, blank=True, help_text="The customer's words that said so.")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "field"], condition=Q(superseded_at__isnull=True), name="lead_fact_one_current"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="lead_fact_confidence_in_range"
            ),
            models.CheckConstraint(condition=Q(source="person") | ~Q(value=""), name="lead_fact_only_people_take_away"),
        ]
        indexes = [models.Index(fields=["lead", "field", "-id"], name="lead_fact_history")]  # read by: the lead's page

    def __str__(self) -> str:
        return f"{self.field}: {self.value}"


class LeadTag(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)
    source = models.CharField(max_length=16, choices=FactSource.choices)
    at = models.DateTimeField()
    removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person took it away; no reading puts it back."
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead", "name"], name="lead_tag_once")]
        indexes = [
            models.Index(fields=["workspace", "name"], condition=Q(removed_at__isnull=True), name="lead_tag_in_use")
        ]  # read by: whoever looks for the leads with a tag

    def __str__(self) -> str:
        return self.name


class LeadScore(models.Model):
    """Three scores from 0 to 100, each with the parts that make it up: `parts[score] = [[what, points], …]`.

    `due_at` is when they are looked at again: at once after something happened, else when a day has passed, because
    what is older than 30 days no longer counts.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, related_name="score")
    engagement = models.PositiveSmallIntegerField(default=0)
    intent = models.PositiveSmallIntegerField(default=0)
    fit = models.PositiveSmallIntegerField(default=0)
    parts = models.JSONField(default=dict, blank=True)
    opinion = models.JSONField(default=dict, blank=True, help_text="The model's own figures, when a model was asked.")
    computed_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(engagement__lte=100, intent__lte=100, fit__lte=100), name="lead_score_in_range"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="lead_score_due"
            )  # read by: the sweep of scores
        ]

    def __str__(self) -> str:
        return f"{self.engagement}/{self.intent}/{self.fit}"


class ExtractionState(models.TextChoices):
    """waiting -> taken -> done | waiting (to be tried again) | parked."""

    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    PARKED = "parked"


class Extraction(models.Model):
    """One reading of a conversation for facts, due after the reply. `claimed_until` is a lease in the database's clock.

    `read_from` and `read_to` are positions in the conversation: the next extraction begins after `read_to`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="extractions")
    state = models.CharField(max_length=16, choices=ExtractionState.choices, default=ExtractionState.WAITING)
    why = models.CharField(max_length=120)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    read_from = models.BigIntegerField(default=0)
    read_to = models.BigIntegerField(default=0)
    outcome = models.JSONField(default=dict, blank=True, help_text="What was found, by which tier, at what cost.")
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state__in=["waiting", "taken"]), name="extraction_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(state="taken") | Q(claimed_until__isnull=False), name="extraction_taken_has_lease"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "parked"], finished_at__isnull=False)
                | (~Q(state__in=["done", "parked"]) & Q(finished_at__isnull=True)),
                name="extraction_end_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "taken"]), name="extraction_due"
            ),  # read by: the sweep
            models.Index(
                fields=["conversation", "-id"], name="extraction_of_conversation"
            ),  # read by: the turn, which asks how far was read
        ]

    def __str__(self) -> str:
        return f"extraction {self.pk}: {self.state}"
