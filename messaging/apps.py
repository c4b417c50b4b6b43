from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Channels, conversations, the inbox of webhooks, the floor, the gate and the outbox."""

    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import sweeps

        sweeps.register()
