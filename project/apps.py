from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """The wiring as an app: its management commands, and Celery bound before any task is published."""

    name = "project"

    def ready(self) -> None:
        from project import celery  # noqa: F401  (importing it makes it the default app of this process)
