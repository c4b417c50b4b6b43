from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """The coordinator, the framework that every agent uses, reasoning, and the primary agent."""

    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers, sweeps

        receivers.connect()
        sweeps.register()
