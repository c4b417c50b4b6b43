"""Workspaces (tenants), the people who work in them, and their roles."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django_scopes import ScopedManager

from project.kernel import clock


def validate_timezone(name: str) -> None:
    """Refuse a name that the IANA database does not hold."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError(f"“{name}” is not an IANA time zone, such as America/Sao_Paulo.") from error


class CompanyManager(models.Manager["Workspace"]):
    """The workspaces that people may find: all but the installation's own."""

    def get_queryset(self) -> models.QuerySet["Workspace"]:
        return super().get_queryset().filter(is_internal=False)


class Workspace(models.Model):
    """A company that runs its conversations here. Every other row belongs to one.

    `objects` leaves the installation's own workspace out, so that no list, address or command finds it.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    business = models.TextField(blank=True, help_text="What the company does; the agents read it.")
    debounce_seconds = models.FloatField(
        default=2.0, help_text="How long the agent waits for the customer to finish typing in pieces."
    )
    auto_return_minutes = models.FloatField(
        null=True,
        blank=True,
        help_text="A conversation taken over returns to the AI after this long without a word from the person.",
    )
    doubt_minutes = models.FloatField(
        default=10.0,
        help_text="How long the next words wait when nobody knows whether a message arrived; then a person decides.",
    )
    booking_url = models.URLField(blank=True, help_text="Offered when no Calendly account is connected.")
    max_discount_percent = models.FloatField(
        default=0.0,
        help_text="The largest discount that the agents may speak of; a customer who asks for more gets a person.",
    )
    is_internal = models.BooleanField(
        default=False, editable=False, help_text="The installation's own, in which it talks to itself."
    )
    created_at = models.DateTimeField(default=clock.now)

    objects = CompanyManager()
    everything = models.Manager["Workspace"]()

    class Meta:
        default_manager_name = "everything"  # the admin, and Django's own checks of unique values
        constraints = [
            models.UniqueConstraint(
                fields=["is_internal"], condition=models.Q(is_internal=True), name="workspace_one_internal"
            ),
            models.CheckConstraint(condition=models.Q(debounce_seconds__gte=0), name="workspace_debounce_not_negative"),
            models.CheckConstraint(
                condition=models.Q(auto_return_minutes__isnull=True) | models.Q(auto_return_minutes__gt=0),
                name="workspace_auto_return_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(doubt_minutes__gte=1, doubt_minutes__lte=60), name="workspace_doubt_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(max_discount_percent__gte=0, max_discount_percent__lte=100),
                name="workspace_discount_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who works in one or more workspaces; logs in by e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the Django admin.")
    date_joined = models.DateTimeField(default=clock.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return (self.name or self.email).split(" ")[0].split("@")[0]


class Role(models.TextChoices):
    OWNER = "owner"
    MANAGER = "manager"
    SALES = "sales"
    MARKETER = "marketer"
    VIEWER = "viewer"


class Membership(models.Model):
    """A person's role in a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
