from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WebhooksConfig(AppConfig):
    """Other systems that are told what happens here."""

    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import sweeps
        from .services.subscriptions import refresh_facts

        sweeps.register()
        post_migrate.connect(refresh_facts, sender=self, dispatch_uid="webhooks.refresh_facts")
