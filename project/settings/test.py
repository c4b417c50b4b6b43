"""What pytest and the static checkers use. tests/servers.py gives the addresses of real servers."""

import os

os.environ.setdefault("SECRET_KEY", "for tests only")
os.environ.setdefault("FIELD_ENCRYPTION_KEY", "for tests only")
os.environ.setdefault("DATABASE_URL", "postgresql:///no_server_needed_to_read_the_settings")
os.environ.setdefault("REDIS_URL", "unix:///no_server_needed_to_read_the_settings")
os.environ.setdefault("LOG_FORMAT", "console")

from project.settings.base import *  # noqa: F403
from project.settings.base import DATABASES, REDIS_URL
from project.settings.databases import pool_options
from project.settings.redis import channel_layer

ALLOWED_HOSTS = ["*"]

# Several test runs may share one server: each has its own database and its own channel names.
RUN = os.environ.get("TEST_RUN", str(os.getpid()))
DATABASES["default"]["TEST"] = {"NAME": f"test_baton_{RUN}"}
DATABASES["default"]["OPTIONS"]["pool"] = pool_options(30)
del DATABASES["default"]["OPTIONS"]["options"]  # many a test is one transaction, however long it waits
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL, prefix=f"test{RUN}")}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT = None  # type: ignore[assignment]
WHITENOISE_USE_FINDERS = True
DEMO = True
CANARY_SECONDS = 0
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
OPENAI_API_KEY = ""
OPENAI_BASE_URL = ""
EMBEDDINGS_MODEL_NAME = ""
