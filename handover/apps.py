from django.apps import AppConfig


class HandoverConfig(AppConfig):
    """Requests for a person: the ladder that watches for an answer, the bridge to a booked call, the bookings."""

    name = "handover"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import monitor, sweeps

        monitor.subscribe()
        sweeps.register()
