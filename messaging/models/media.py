"""Files beside messages: what customers sent along, and what the team attaches."""

import uuid

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.models import User, Workspace
from project.kernel import clock

from .messages import Message


class AttachmentState(models.TextChoices):
    """wanted -> stored | refused | failed, of what a customer sent; uploaded -> stored, of what the team attaches."""

    WANTED = "wanted"
    UPLOADED = "uploaded"
    STORED = "stored"
    REFUSED = "refused"
    FAILED = "failed"


class Attachment(models.Model):
    """One file. `due_at` is when it is fetched next, or when an upload that no message took is forgotten.

    `content_type` is what its content is, `claimed_type` what was said of it; `claimed_until` is in PostgreSQL's clock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField(default=0, help_text="Its place in the message's media.")
    state = models.CharField(max_length=16, choices=AttachmentState.choices)
    reason = models.CharField(max_length=255, blank=True, help_text="Why it is not kept, as the team reads it.")
    file_name = models.CharField(max_length=160, blank=True)
    claimed_type = models.CharField(max_length=100, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    file = models.FileField(max_length=255, blank=True)
    thumbnail = models.FileField(max_length=255, blank=True)
    uploaded_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="attachment_place_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["wanted", "uploaded"]) | Q(due_at__isnull=False),
                name="attachment_waiting_is_due",
            ),
            models.CheckConstraint(
                condition=Q(state="uploaded", message__isnull=True) | (~Q(state="uploaded") & Q(message__isnull=False)),
                name="attachment_has_message",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["stored", "uploaded"]) | (~Q(file="") & ~Q(content_type="")),
                name="attachment_kept_has_file",
            ),
        ]
        indexes = [
            # read by: the sweep that fetches what is wanted and forgets what nobody sent
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="attachment_due")
        ]

    def __str__(self) -> str:
        return self.file_name or f"attachment {self.position}"

    @property
    def family(self) -> str:
        """image, audio, video, or anything else: how it is shown."""
        return self.content_type.partition("/")[0]
