"""One machine, the embedded servers, plain http. What bin/up and bin/manage use."""

import os

os.environ.setdefault("LOG_FORMAT", "console")

from project.env import env_bool
from project.settings.base import *  # noqa: F403
from project.settings.base import ALLOWED_HOSTS

DEBUG = env_bool("DEBUG", False)
DEMO = env_bool("DEMO", True)
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "localhost", "127.0.0.1", "[::1]"]

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Static files come straight from their folders: no collectstatic before the first look.
STATIC_ROOT = None  # type: ignore[assignment]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
