"""Every setting, read from the environment; docs/configuration.md lists the variables."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from llmhub.lib import database, env, forwarded, logs, mail, packages, secrets
from llmhub.lib.bounded import MAX_BODY
from llmhub.people import oidc_client
from llmhub.up import home

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

# --- where and how this installation runs -------------------------------------------------

PROFILE = env.choice(
    "LLMHUB_PROFILE",
    options=("embedded", "production"),
    default="embedded",
    meaning="embedded: makes what is missing; production: refuses to start without secrets",
    example="production",
)
EMBEDDED = PROFILE == "embedded"

HOME = Path(
    env.text(
        "LLMHUB_HOME",
        default=str(BASE_DIR / ".llmhub"),
        shown=".llmhub beside the code",
        meaning="data folder: database, secrets, logs, sockets",
        example="/var/lib/llmhub",
    )
).absolute()
SOCKETS = home.sockets(HOME)  # unix sockets: a short path, for the kernel allows no long one
CONSOLE_SOCKET = SOCKETS / "console.sock"
CONSOLE_URL = env.address(
    "LLMHUB_CONSOLE_URL",
    meaning="where the gateway finds a console that runs elsewhere, else a unix socket in the data folder",
    example="http://console:8001",
)
DEMO = env.switch(
    "LLMHUB_DEMO", default=False, meaning="this is demo data: every page says so; set by `up --demo`"
)
CONFIG_FILE = env.text("LLMHUB_CONFIG", meaning="llmhub.toml, applied at start", example="/etc/llmhub.toml")
PUBLIC_URL = env.text(
    "LLMHUB_PUBLIC_URL",
    default=home.address(HOME),
    shown="where `up` serves: http://127.0.0.1:8000",
    meaning="the address people and services use",
    example="https://llmhub.example.com",
).rstrip("/")
LISTENING = home.listening(HOME)  # behind a reverse proxy another address than the public one
GRACE_SECONDS = env.number(
    "LLMHUB_GRACE_SECONDS", default=30, meaning="seconds that calls may go on after a stop", example="30"
)
LOG_LEVEL = env.choice(
    "LLMHUB_LOG",
    options=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    default="INFO",
    meaning="log level",
    example="DEBUG",
)
LOGGING = logs.configuration(LOG_LEVEL)
EGRESS_ALLOW = env.words(
    "LLMHUB_EGRESS_ALLOW",
    meaning="private addresses that providers and webhooks may reach: ip, ip:port or CIDR",
    example="10.0.0.5:8000,192.168.7.0/24",
)
BROWSER = env.text(
    "LLMHUB_BROWSER", meaning="the Chromium that browser tests drive", example="/usr/bin/chromium"
)

# --- secrets --------------------------------------------------------------------------------

LLMHUB_SECRET_KEYS = env.words(
    "LLMHUB_SECRET_KEYS",
    meaning="key ring, comma-separated: the first encrypts, all decrypt; made on first start when embedded",
    example="(48 random letters)",
)
_DATABASE_URL = env.text(
    "DATABASE_URL",
    meaning="Postgres instead of the embedded SQLite file",
    example="postgres://llmhub:secret@db:5432/llmhub",
)
DATABASE_CONNECTIONS = env.number(
    "LLMHUB_DATABASE_CONNECTIONS",
    default=10,
    meaning="connections to Postgres that a process opens at most; 0: one for each thread, no pool",
    example="20",
)
_ALLOWED_HOSTS = env.words(
    "LLMHUB_ALLOWED_HOSTS", meaning="host names the console answers to", example="llmhub.example.com"
)

if not EMBEDDED:
    env.require_in_production(
        LLMHUB_SECRET_KEYS=LLMHUB_SECRET_KEYS,
        DATABASE_URL=_DATABASE_URL,
        LLMHUB_ALLOWED_HOSTS=_ALLOWED_HOSTS,
        LLMHUB_PUBLIC_URL=PUBLIC_URL.startswith("https://"),
    )
    if any(len(key) < 32 for key in LLMHUB_SECRET_KEYS):
        raise ImproperlyConfigured("LLMHUB_SECRET_KEYS: each key needs at least 32 letters")

LLMHUB_SECRET_KEYS = LLMHUB_SECRET_KEYS or secrets.read_or_make_keys(HOME / "secret-keys")
SECRET_KEY, *SECRET_KEY_FALLBACKS = [secrets.derive(key, purpose="django") for key in LLMHUB_SECRET_KEYS]

# --- who signs in, and mail -----------------------------------------------------------------

OIDC = oidc_client.from_environment(embedded=EMBEDDED)
SMTP_URL = mail.from_environment()

# --- databases ------------------------------------------------------------------------------

DATABASES = {
    "default": database.from_url(_DATABASE_URL, connections=DATABASE_CONNECTIONS)
    if _DATABASE_URL
    else database.sqlite(HOME / "llmhub.db")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text(
    "REDIS_URL",
    default=f"redis+socket://{SOCKETS / 'valkey.sock'}",
    shown="the embedded server",
    meaning="Redis or Valkey instead of the embedded one",
    example="redis://redis:6379/0",
)
CACHES = {
    "default": {
        "BACKEND": "llmhub.lib.cache.BoundedRedisCache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
        "KEY_PREFIX": "llmhub",
    }
}

# --- periodic work ----------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,  # seconds until a lost task is given out again: above any time limit
    "unacked_restore_throttle": 1,  # look for lost tasks every second, not every 100
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
CELERY_TASK_ACKS_LATE = True  # every task is safe to repeat
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True  # results are rows of ours
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
SWEEP_SECONDS = env.number(
    "LLMHUB_SWEEP_SECONDS",
    default=30,
    meaning="seconds between two looks for reservations that nobody settled",
    example="30",
)
ROLLUP_SECONDS = env.number(
    "LLMHUB_ROLLUP_SECONDS",
    default=15,
    meaning="seconds between two looks for calls that are to be added up for reports",
    example="15",
)
FIGURES_SECONDS = env.number(
    "LLMHUB_FIGURES_SECONDS", default=1, meaning="seconds that figures of Overview are kept", example="5"
)
HEALTH_SECONDS = env.number(
    "LLMHUB_HEALTH_SECONDS",
    default=300,
    meaning="seconds between two checks of each provider by a free call",
    example="300",
)
DISCOVERY_SECONDS = env.number(
    "LLMHUB_DISCOVERY_SECONDS",
    default=3600,
    meaning="seconds between two readings of each provider's list of models, which is a free call",
    example="3600",
)
RETENTION_DAYS = env.number(
    "LLMHUB_RETENTION_DAYS",
    default=400,
    meaning="days that single calls are kept, 2 or more; their sums are kept for good; 0 keeps all",
    example="90",
)
CONTENT_ALLOWED = env.switch(
    "LLMHUB_CONTENT", default=True, meaning="an owner may have prompts and answers kept", example="off"
)

# --- Django ---------------------------------------------------------------------------------

DEBUG = False
ALLOWED_HOSTS = _ALLOWED_HOSTS or [
    urlsplit(PUBLIC_URL).hostname or "127.0.0.1",
    "127.0.0.1",
    "localhost",
    "[::1]",
]
TRUSTED_PROXIES = env.words(
    "LLMHUB_TRUSTED_PROXIES",
    meaning="addresses of reverse proxies whose X-Forwarded-For is believed",
    example="10.0.0.1",
)
TRUSTED_NETWORKS = forwarded.networks(TRUSTED_PROXIES)

INSTALLED_APPS = [
    "llmhub.apps.LlmhubConfig",
    "llmhub.people.apps.PeopleConfig",
    "llmhub.audit.apps.AuditConfig",
    "llmhub.alerts.apps.AlertsConfig",
    "providers.apps.ProvidersConfig",
    "catalog.apps.CatalogConfig",
    "billing.apps.BillingConfig",
    "routing.apps.RoutingConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "llmhub.lib.security.headers_on_every_answer",
    "llmhub.lib.security.refuse_nul",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "llmhub.people.sessions.note_use",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "llmhub.zone.in_time_zone",
    "llmhub.api_refusals.refuse_methods",
]
ROOT_URLCONF = "llmhub.urls"
ASGI_APPLICATION = "llmhub.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates", packages.folder("ninja") / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "llmhub.navigation.frame",
            ]
        },
    }
]
AUTH_USER_MODEL = "people.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]
LOGIN_URL = "people:sign_in"
LOGIN_REDIRECT_URL = "/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static", packages.folder("ninja") / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "llmhub.lib.assets.Assets"},
}
SERVESTATIC_USE_ZSTD = False  # every browser that reads zstd also reads brotli

# --- security -------------------------------------------------------------------------------

SESSION_ENGINE = "llmhub.people.session_store"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # pages carry the token for htmx in hx-headers
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "llmhub.failures.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not EMBEDDED
SECURE_HSTS_SECONDS = 0 if EMBEDDED else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not EMBEDDED
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY

os.umask(0o077)  # what this process makes is for its owner alone
