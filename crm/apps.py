from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Workspaces, people, leads, consent, holds, activity, and the trail of every decision."""

    name = "crm"
    default_auto_field = "django.db.models.BigAutoField"
