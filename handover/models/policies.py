"""How a workspace escalates: the minutes of the ladder, its words, its opening hours."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from crm.models import Workspace
from handover.words import words_in

ENGLISH = words_in("en")


class HandoverPolicy(models.Model):
    """One per workspace. Minutes count from the request; fractions are allowed, so that it can be tried in seconds.

    Templates may use {name}, {company}, {waited}, {request}, {link}, {greeting}, {name_comma}, {for_company}, {opens}.
    One that was left as it came is said in the customer's language.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="handover_policy")
    alert_minutes = models.FloatField(default=15, help_text="Alert the whole team again.")
    update_minutes = models.FloatField(default=30, help_text="A gentle update to the customer.")
    bridge_minutes = models.FloatField(default=45, help_text="Offer a booked call.")
    resume_minutes = models.FloatField(default=60, help_text="The AI resumes, honestly; a callback stays open.")
    urgent_factor = models.FloatField(
        default=0.5,
        validators=[MinValueValidator(0.05), MaxValueValidator(1)],
        help_text="Urgent requests climb the ladder in this share of the time.",
    )
    vip_factor = models.FloatField(default=0.5, validators=[MinValueValidator(0.05), MaxValueValidator(1)])
    acknowledgement_text = models.TextField(default=ENGLISH["acknowledgement"])
    update_text = models.TextField(default=ENGLISH["update"])
    bridge_text = models.TextField(default=ENGLISH["bridge"])
    after_hours_text = models.TextField(default=ENGLISH["after_hours"])
    resume_text = models.TextField(default=ENGLISH["resume"])

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "handover policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(alert_minutes__gt=0)
                & Q(update_minutes__gt=F("alert_minutes"))
                & Q(bridge_minutes__gt=F("update_minutes"))
                & Q(resume_minutes__gt=F("bridge_minutes")),
                name="policy_minutes_ascend",
            )
        ]

    def __str__(self) -> str:
        return f"{self.alert_minutes:g}/{self.update_minutes:g}/{self.bridge_minutes:g}/{self.resume_minutes:g} min"


class OpeningHours(models.Model):
    """One open stretch of a weekday in the workspace's time zone. No rows at all: open around the clock."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 means midnight at the end of the day.")

    objects = ScopedManager(workspace="workspace")

    class Meta:
        verbose_name_plural = "opening hours"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "weekday", "opens"], name="opening_hours_once"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")) | Q(closes="00:00"), name="opening_hours_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class Holiday(models.Model):
    """A local date on which the workspace is closed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="holidays")
    date = models.DateField()
    name = models.CharField(max_length=100, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "date"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"
