from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Channels, conversations, the inbox of webhooks, the floor, the gate and the outbox."""

    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from . import sweeps
        from .models import Attachment
        from .services.media import forget_files

        sweeps.register()
        post_delete.connect(forget_files, sender=Attachment, dispatch_uid="messaging.forget_files")
