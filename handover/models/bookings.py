"""Booked calls: the link that was offered, and what became of it."""

import secrets

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.fields import SealedJSONField
from crm.models import Lead, Workspace

from .handovers import Handover


def new_booking_token() -> str:
    return secrets.token_urlsafe(16)


class BookingState(models.TextChoices):
    """offered -> booked -> (rescheduled stays booked) -> canceled | no_show."""

    OFFERED = "offered"
    BOOKED = "booked"
    CANCELED = "canceled"
    NO_SHOW = "no_show"


class Booking(models.Model):
    """A single-use booking link with our token in `utm_content`, and the call that came of it.

    A reschedule is two Calendly events in any order: the row follows the newest invitee (`invitee_uri`).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="bookings")
    handover = models.ForeignKey(Handover, null=True, blank=True, on_delete=models.SET_NULL, related_name="bookings")
    token = models.CharField(max_length=64, unique=True, default=new_booking_token)
    url = models.TextField()
    state = models.CharField(max_length=16, choices=BookingState.choices, default=BookingState.OFFERED)
    offered_at = models.DateTimeField()
    booked_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    invitee_uri = models.TextField(blank=True)
    superseded_uris = models.JSONField(default=list, blank=True, help_text="Invitees left behind by reschedules.")
    invitee_email = models.EmailField(blank=True)
    cancel_reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="booked") | Q(starts_at__isnull=False, booked_at__isnull=False),
                name="booking_booked_has_time",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "starts_at"], condition=Q(state="booked"), name="booking_upcoming")
        ]

    def __str__(self) -> str:
        return f"booking {self.pk}: {self.state}"


class CalendlyConnection(models.Model):
    """A workspace's Calendly account. `door_token` names its webhook URL and cannot be guessed."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="calendly")
    event_type = models.URLField()
    api_base = models.URLField(default="https://api.calendly.com")
    secrets = SealedJSONField(default=dict, help_text="token, signing_key")
    door_token = models.CharField(max_length=64, unique=True, default=new_booking_token)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager(workspace="workspace")

    def __str__(self) -> str:
        return f"Calendly of {self.workspace}"
