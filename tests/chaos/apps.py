from django.apps import AppConfig


class ChaosConfig(AppConfig):
    """The last app to be ready: what it patches is loaded, and nothing works yet."""

    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from . import bugs, devices, tempo

        tempo.quicken()
        devices.install()
        bugs.plant()
