from django.apps import AppConfig


class HandoverConfig(AppConfig):
    """Requests for a person: the ladder that watches for an answer, the bridge to a booked call, the bookings."""

    name = "handover"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents.tools.registry import register_appointment_desk
        from messaging.merging import register_merge_rule

        from . import merging, monitor, sweeps
        from .services.appointments import offer_appointment

        monitor.subscribe()
        register_merge_rule("handover", merging.HandoverRule())
        sweeps.register()
        register_appointment_desk(offer_appointment)
