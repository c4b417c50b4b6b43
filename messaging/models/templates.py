"""Message templates as the providers have them, what they are used for, and who was reached with one."""

from datetime import time

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import Lead, User, Workspace
from messaging.templating import Category, Status
from project.kernel import clock


class TemplateStatus(models.TextChoices):
    """draft -> pending -> approved | rejected; approved -> paused | disabled -> approved; any -> gone."""

    DRAFT = Status.DRAFT.value, "draft"
    PENDING = Status.PENDING.value, "waits for approval"
    APPROVED = Status.APPROVED.value, "approved"
    REJECTED = Status.REJECTED.value, "rejected"
    PAUSED = Status.PAUSED.value, "paused"
    DISABLED = Status.DISABLED.value, "disabled"
    GONE = Status.GONE.value, "no longer at the provider"


class TemplateCategory(models.TextChoices):
    UTILITY = Category.UTILITY.value, "utility"
    MARKETING = Category.MARKETING.value, "marketing"
    AUTHENTICATION = Category.AUTHENTICATION.value, "authentication"


class MessageTemplate(models.Model):
    """A template of a provider's account; every sender of that account may use it.

    `reference` is what a message names it by: Twilio's content SID, or Meta's name and language. The keys of
    `variables` are what has to be filled, their values the examples.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="templates")
    channel_kind = models.CharField(max_length=32)
    account = models.CharField(max_length=64, help_text="The provider's account that owns it.")
    provider_id = models.CharField(max_length=64)
    reference = models.CharField(max_length=600)
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=16)
    category = models.CharField(max_length=16, choices=TemplateCategory.choices, blank=True)
    status = models.CharField(max_length=16, choices=TemplateStatus.choices, default=TemplateStatus.DRAFT)
    quality = models.CharField(max_length=16, blank=True, help_text="green, yellow, red, or empty while unknown.")
    header = models.TextField(blank=True)
    body = models.TextField(blank=True)
    footer = models.TextField(blank=True)
    buttons = models.JSONField(default=list, blank=True)
    variables = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was rejected, paused or disabled.")
    unsupported = models.CharField(max_length=255, blank=True, help_text="Why Baton cannot send it.")
    paused_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the provider last told its state.")
    created_at = models.DateTimeField(default=clock.now)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel_kind", "account", "provider_id"], name="template_once"
            ),
        ]
        indexes = [
            # read by: the provider's news, which name a template by its name and language
            models.Index(fields=["workspace", "channel_kind", "account", "name", "language"], name="template_named")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def is_usable(self) -> bool:
        return self.status == TemplateStatus.APPROVED and not self.unsupported


class TemplateChange(models.Model):
    """What became of a template, when, and why; append-only."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    template = models.ForeignKey(MessageTemplate, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    what = models.CharField(max_length=16, help_text="status, quality or category.")
    before = models.CharField(max_length=32, blank=True)
    after = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        indexes = [models.Index(fields=["template", "-id"], name="template_changes")]  # read by: the template's page

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}"


class TemplatePurpose(models.TextChoices):
    HANDOVER_UPDATE = "handover_update", "The update while a customer waits for a person"
    BRIDGE = "bridge", "The offer of a booked call"
    RESUME = "resume", "The AI resumes, and says so"
    CALLBACK = "callback", "A colleague calls or writes back later"
    AGENT_REPLY = "agent_reply", "The AI has an answer, but the window has closed"


class TemplateUse(models.Model):
    """Which template stands in for what, outside the window; one for each language and account.

    `values` says how each variable is filled: `{"1": "{first_name|there}"}`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    template = models.ForeignKey(MessageTemplate, on_delete=models.CASCADE, related_name="uses")
    purpose = models.CharField(max_length=32, choices=TemplatePurpose.choices)
    values = models.JSONField(default=dict, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "purpose", "template"], name="template_use_once")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.template_id}"


class Reach(models.Model):
    """When a person was last written to outside the window by an account: providers limit how many in 24 hours."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    account = models.CharField(max_length=100, help_text="The kind of channel and the account.")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, db_index=False)
    reached_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "reach"
        constraints = [models.UniqueConstraint(fields=["lead", "account"], name="reach_once")]
        indexes = [
            # read by: the dispatcher, before a message leaves outside the window; the channel's page
            models.Index(fields=["workspace", "account", "-reached_at"], name="reach_newest")
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.reached_at}"


class SendingPolicy(models.Model):
    """When and how often a workspace writes of its own accord; one per workspace. It concerns marketing only."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="sending_policy")
    quiet_from = models.TimeField(default=time(21), help_text="The customer's local time.")
    quiet_to = models.TimeField(default=time(8), help_text="Equal to the beginning: no quiet hours.")
    marketing_cap = models.PositiveSmallIntegerField(
        null=True, blank=True, default=4, help_text="Marketing messages to one customer, over all channels."
    )
    cap_days = models.PositiveSmallIntegerField(default=7, help_text="In so many days.")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "sending policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(marketing_cap__isnull=True) | Q(marketing_cap__gte=1, marketing_cap__lte=100),
                name="policy_cap_in_range",
            ),
            models.CheckConstraint(condition=Q(cap_days__gte=1, cap_days__lte=90), name="policy_days_in_range"),
        ]

    def __str__(self) -> str:
        return f"quiet {self.quiet_from}–{self.quiet_to}"
