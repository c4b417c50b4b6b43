from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """What the rows tell about all floors: first of all whether the promises were kept."""

    name = "analytics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import sweeps

        sweeps.register()
