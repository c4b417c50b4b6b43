"""Settings of the process that dies: one database of its own, no Redis, a clock that the story moves."""

from project.kernel import clock
from tests.crashes import warp

clock.now = warp.now  # before any model takes it as a default

from project.settings.test import *  # noqa: E402, F403
from project.settings.test import DATABASES  # noqa: E402

PUBLIC_BASE_URL = "https://baton.example"
DATABASES["default"]["OPTIONS"].pop("pool")  # its threads would not survive the fork
DATABASES["default"]["OPTIONS"]["options"] = f"-c search_path={warp.SEARCH_PATH}"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_BROKER_URL = "memory://"
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"anon": None, "user": None}  # noqa: F405
