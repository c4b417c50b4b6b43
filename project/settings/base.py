"""What holds in every installation. Values that differ come from the environment, typed (project/env.py)."""

from pathlib import Path
from urllib.parse import urlsplit

from project.env import env_decimal, env_float, env_int, env_list, env_objects, env_str, env_url
from project.installation import chosen_data
from project.settings.databases import postgres
from project.settings.logs import configure as configure_logs
from project.settings.redis import celery_broker, channel_layer, tolerant_cache

BASE_DIR = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = env_str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
"""Earlier keys: links that were sent to customers go on working after a change."""
FIELD_ENCRYPTION_KEY = env_str("FIELD_ENCRYPTION_KEY")
"""Seals provider secrets in the database. Several keys, newest first, separated by commas."""

PUBLIC_BASE_URL = env_url("PUBLIC_BASE_URL", "http://localhost:8000")
"""The address at which providers and customers reach this installation."""
INTERNAL_URL = env_url("INTERNAL_URL", PUBLIC_BASE_URL)
"""The address at which the installation reaches its own web process."""

DEBUG = False
DEMO = False
"""Whether /demo/ and load_demo are open. They sign strangers in: never in production."""
ALLOWED_HOSTS = [*env_list("ALLOWED_HOSTS"), urlsplit(PUBLIC_BASE_URL).hostname or "localhost"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL, *env_list("CSRF_TRUSTED_ORIGINS")]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "template_partials",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "crm",
    "messaging",
    "agents",
    "handover",
    "analytics",
    "webhooks",
    "inbox",
    "project",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "project.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.admin_scope.AdminScopeMiddleware",
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Truth

DATABASES = {"default": postgres(env_str("DATABASE_URL"), pool_size=env_int("DATABASE_POOL_SIZE", 20, minimum=2))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Hints: Redis may be away at any moment, and nothing but speed is lost

REDIS_URL = env_url("REDIS_URL", schemes=("redis", "rediss", "unix"))
CACHES = {"default": tolerant_cache(REDIS_URL)}
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}

CELERY_BROKER_URL = celery_broker(REDIS_URL)
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "wake"
CELERY_TASK_ROUTES = {
    "agents.tasks.take_turns": {"queue": "reasoning"},
    "agents.tasks.extract_facts": {"queue": "reasoning"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 8
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Without these a publish to a Redis that stopped answering would hang the request that made it.
    "socket_connect_timeout": 0.5,
    "socket_timeout": 3,
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# Where events come from besides channels: a source's name, and its `Source` (messaging/doors/sources.py)

WEBHOOK_SOURCES = {"calendly": "handover.calendly.source.SOURCE"}

# People and their sessions

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "project.accounts.ClosedSignupAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Baton"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "1200/min"},
}
REST_KNOX = {"TOKEN_TTL": None, "AUTO_REFRESH": False}
UNFOLD = {"SITE_TITLE": "Baton", "SITE_HEADER": "Baton"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Baton API",
    "DESCRIPTION": "Conversations, handovers and leads of a workspace.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "MessageStatusEnum": "messaging.models.messages.MessageStatus",
        "IdentityKindEnum": "crm.models.people.IdentityKind",
        "KnowledgeSourceKindEnum": "agents.models.sources.SourceKind",
        "ConsentPurposeEnum": "crm.models.consent.Purpose",
        "TemplateCategoryEnum": "messaging.models.templates.TemplateCategory",
        "DraftCategoryEnum": ["utility", "marketing"],
        "TemplatePurposeEnum": "messaging.models.templates.TemplatePurpose",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

UNFOLD = {"SITE_TITLE": "Baton", "SITE_HEADER": "Baton"}

# Language, time, files, mail

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []

DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "Baton <baton@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# The model: any OpenAI-compatible service. Neither key nor address: the offline analyst works alone.

OPENAI_API_KEY = env_str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env_url("OPENAI_BASE_URL", "")
OPENAI_MODEL_NAME = env_str("OPENAI_MODEL_NAME", "gpt-4o-mini")
OPENAI_CHEAPER_MODEL = env_str("OPENAI_CHEAPER_MODEL", "")
"""Thinks when most of a limit is spent; none: the usual model, asked less."""
OPENAI_FALLBACKS = env_objects(
    "OPENAI_FALLBACKS", required=("model",), optional=("base_url", "api_key", "cheaper_model"), urls=("base_url",)
)
"""Asked in this order when the first fails."""
MODEL_PRICES_FILE = env_str("MODEL_PRICES_FILE", "")
MODEL_LIMITS = {
    "per_conversation": env_decimal("MODEL_USD_PER_CONVERSATION"),
    "per_day": env_decimal("MODEL_USD_PER_DAY"),
    "per_month": env_decimal("MODEL_USD_PER_MONTH"),
}
"""Of each workspace, in US dollars; None: no limit. A workspace may choose its own."""
REASONING_BUDGET_SECONDS = env_float("REASONING_BUDGET_SECONDS", 10.0, minimum=1.0)
"""How long a model may think about one reply before the offline analyst answers."""
REASONING_SEATS = env_int("REASONING_SEATS", 12, minimum=1)
"""How many turns of one worker may think at once; its other threads stay free for what needs no model."""

EMBEDDINGS_MODEL_NAME = env_str("EMBEDDINGS_MODEL_NAME", "")
"""Such as text-embedding-3-small. Empty: knowledge is found by its words alone, which needs no model."""
EMBEDDINGS_BASE_URL = env_url("EMBEDDINGS_BASE_URL", "")
"""Where it is not the model's own address."""

# Sending

SENDING_SEATS = env_int("SENDING_SEATS", 8, minimum=1)
"""How many messages one worker may be sending at once; its other threads stay free when a provider hangs."""

# Media, and calls to addresses that others named

MEDIA_MAX_BYTES = env_int("MEDIA_MAX_BYTES", 25 * 1024 * 1024, minimum=1)
"""The largest file that is taken in, from customers and from the team alike."""
MEDIA_TYPES = env_list("MEDIA_TYPES")
"""The content types that are taken in. Empty: those of messaging/media_types.py."""
MEDIA_SCANNER = env_str("MEDIA_SCANNER", "")
"""What looks for malware before a file is kept: clamd://host:3310, clamd:///a/socket, or a function's dotted name."""
MEDIA_ROOT = env_str("MEDIA_ROOT", str(chosen_data() / "media"))
REACHABLE_NETWORKS = env_list("REACHABLE_NETWORKS")
"""Private networks (10.1.0.0/16) that media and webhooks may be fetched from and sent to; public ones always may."""

# Is it alive?

CANARY_SECONDS = env_int("CANARY_SECONDS", 60, minimum=0)
"""How often the installation talks to itself, to see that a message gets through; 0: never."""
METRICS_TOKEN = env_str("METRICS_TOKEN", "")
"""What /metrics asks for as a bearer token. Without one it answers this machine alone."""

LOGGING_CONFIG = None
configure_logs(as_json=env_str("LOG_FORMAT", "json") == "json", level=env_str("LOG_LEVEL", "INFO"))
