from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """The coordinator, the framework that every agent uses, reasoning, and the primary agent."""

    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging.merging import register_merge_rule

        from . import merging, receivers, sweeps
        from .spending.prices import refuse_unusable_prices
        from .tools import builtin

        receivers.connect()
        register_merge_rule("agents", merging.AgentsRule())
        sweeps.register()
        refuse_unusable_prices()
        builtin.register()
