"""Behind TLS, with its own PostgreSQL and Redis. Everything secret must be given; nothing has a lax default."""

from project.env import InvalidEnvironment, env_bool, env_int, env_str
from project.settings.base import *  # noqa: F403
from project.settings.base import INSTALLED_APPS, PUBLIC_BASE_URL

INSTALLED_APPS = [*INSTALLED_APPS, "anymail"]  # for EMAIL_BACKEND=anymail.backends.…

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 31_536_000, minimum=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)

MEDIA_STORAGE = env_str("MEDIA_STORAGE", "local")
"""local: below MEDIA_ROOT, which every process must see. s3: a bucket, by the names of django-storages."""
if MEDIA_STORAGE not in ("local", "s3"):
    raise InvalidEnvironment(f"MEDIA_STORAGE={MEDIA_STORAGE!r} is neither local nor s3")

S3 = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": env_str("MEDIA_S3_BUCKET", ""),
        "region_name": env_str("MEDIA_S3_REGION", "") or None,
        "endpoint_url": env_str("MEDIA_S3_ENDPOINT", "") or None,
        "access_key": env_str("MEDIA_S3_ACCESS_KEY", "") or None,
        "secret_key": env_str("MEDIA_S3_SECRET_KEY", "") or None,
        "default_acl": "private",
        "querystring_auth": True,
    },
}
STORAGES = {
    "default": S3 if MEDIA_STORAGE == "s3" else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 587, minimum=1)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10

if not PUBLIC_BASE_URL.startswith("https://"):
    raise InvalidEnvironment(f"PUBLIC_BASE_URL={PUBLIC_BASE_URL!r} must be https:// in production")
