"""Every setting of the project, read from the environment, top to bottom.

`.env.example` lists the variables with what they mean; `docs/operations.md` says which ones production needs.
"""

import os
import secrets
import sys
from logging import getLevelNamesMapping
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ccai.environment import Environment

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent
# A variable that is set wins over its line in the file.
env.read_env(env.str("CCAI_ENV_FILE", default=str(BASE_DIR / ".env")))

# --- Where state lives -------------------------------------------------------------------------------------------

CCAI_DATA_DIR = Path(env.str("CCAI_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
try:
    CCAI_DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    # Nothing can be read or kept without it, so there is no waiting for the system checks.
    sys.exit(f"CCAI_DATA_DIR: {CCAI_DATA_DIR} cannot be made ({error.strerror}). Write a directory of yours.")


def kept_secret_key(path: Path) -> str:
    """The secret key in the file at `path`, which is made, readable by its owner alone, where there is none yet.

    Several processes may start at once: the key is written whole to a file of its own and then linked into place,
    which only one of them can do.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


SECRET_KEY = env.str("CCAI_SECRET_KEY", default="") or kept_secret_key(CCAI_DATA_DIR / "secret_key")
DEBUG = env.bool("CCAI_DEBUG", default=False)

# --- The center --------------------------------------------------------------------------------------------------

CCAI_SUBDOMAIN = env.str("CCAI_SUBDOMAIN", default="demo").lower()
CCAI_DOMAIN = env.str("CCAI_DOMAIN", default="localhost").lower()
# Where the world finds this center: what is sent to programs outside of a request has its addresses below it.
CCAI_PUBLIC_URL = env.str("CCAI_PUBLIC_URL", default="").rstrip("/") or (
    f"http://{CCAI_SUBDOMAIN}.localhost:8000"
    if CCAI_DOMAIN == "localhost"
    else f"https://{CCAI_SUBDOMAIN}.{CCAI_DOMAIN}"
)
# Requests allowed per second and API token, where the token says nothing else.
CCAI_RATE_LIMIT = env.int("CCAI_RATE_LIMIT", default=10)
# Adapters, tried in this order: a temporary failure at one is `switching` to the next.
CCAI_VOIP_PROVIDERS = env.list("CCAI_VOIP_PROVIDERS", default=["sandbox", "sandbox_backup"])
CCAI_VOIP_ADAPTERS = {
    "sandbox": "calls.voip.sandbox.SandboxProvider",
    "sandbox_backup": "calls.voip.sandbox.SandboxProvider",
    "twilio": "calls.voip.twilio.TwilioProvider",
}
# Twilio. Its callbacks are signed with the auth token; requests go out with the API key, where there is one.
CCAI_TWILIO_ACCOUNT_SID = env.str("CCAI_TWILIO_ACCOUNT_SID", default="")
CCAI_TWILIO_AUTH_TOKEN = env.str("CCAI_TWILIO_AUTH_TOKEN", default="")
CCAI_TWILIO_API_KEY = env.str("CCAI_TWILIO_API_KEY", default="")
CCAI_TWILIO_API_SECRET = env.str("CCAI_TWILIO_API_SECRET", default="")
# Seconds that a request to Twilio may take to connect, and then to be answered.
CCAI_TWILIO_TIMEOUT = env.int("CCAI_TWILIO_TIMEOUT", default=10)
CCAI_TWILIO_MUSIC_URL = env.str(
    "CCAI_TWILIO_MUSIC_URL", default="http://com.twilio.sounds.music.s3.amazonaws.com/ClockworkWaltz.mp3"
)
CCAI_CRM = env.str("CCAI_CRM", default="builtin")
CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm", "zendesk": "calls.crm.zendesk.ZendeskCrm"}
CCAI_ZENDESK_URL = env.str("CCAI_ZENDESK_URL", default="").rstrip("/")
CCAI_ZENDESK_EMAIL = env.str("CCAI_ZENDESK_EMAIL", default="")
CCAI_ZENDESK_TOKEN = env.str("CCAI_ZENDESK_TOKEN", default="")
CCAI_ZENDESK_OAUTH_TOKEN = env.str("CCAI_ZENDESK_OAUTH_TOKEN", default="")
# The country of numbers that stand in Zendesk without one; "" where these are not dialled.
CCAI_ZENDESK_COUNTRY = env.str("CCAI_ZENDESK_COUNTRY", default="").upper()
# Seconds that a question to Zendesk may take in all.
CCAI_ZENDESK_TIMEOUT = env.float("CCAI_ZENDESK_TIMEOUT", default=8.0)

# Seconds. How long each thing may take before the clock settles it (docs/lifecycle.md lists the deadlines).
CCAI_UNANSWERED_CALL_EXPIRATION = env.int("CCAI_UNANSWERED_CALL_EXPIRATION", default=1_800)
CCAI_SCHEDULED_CALL_EXPIRATION = env.int("CCAI_SCHEDULED_CALL_EXPIRATION", default=900)
CCAI_DIAL_PROMPT_TTL = env.int("CCAI_DIAL_PROMPT_TTL", default=300)
CCAI_DIAL_DEADLINE = env.int("CCAI_DIAL_DEADLINE", default=60)
CCAI_CONNECT_DEADLINE = env.int("CCAI_CONNECT_DEADLINE", default=90)
CCAI_SELECTING_DEADLINE = env.int("CCAI_SELECTING_DEADLINE", default=120)
CCAI_VOICEMAIL_DEADLINE = env.int("CCAI_VOICEMAIL_DEADLINE", default=300)
CCAI_ACTION_ONLY_DEADLINE = env.int("CCAI_ACTION_ONLY_DEADLINE", default=14_400)
CCAI_TRANSFER_TIMEOUT = env.int("CCAI_TRANSFER_TIMEOUT", default=30)
CCAI_AGENT_GONE_SECONDS = env.int("CCAI_AGENT_GONE_SECONDS", default=60)
CCAI_TALK_CHECK = env.int("CCAI_TALK_CHECK", default=300)
CCAI_WRAP_UP_SECONDS = env.int("CCAI_WRAP_UP_SECONDS", default=0)
CCAI_RECORDING_URL_TTL = env.int("CCAI_RECORDING_URL_TTL", default=3_600)
# Bytes that a picture or a video of an end user may have.
CCAI_PHOTO_MAX_BYTES = env.int("CCAI_PHOTO_MAX_BYTES", default=10 * 1_048_576)
CCAI_VIDEO_MAX_BYTES = env.int("CCAI_VIDEO_MAX_BYTES", default=100 * 1_048_576)
CCAI_SANDBOX_RING_SECONDS = env.float("CCAI_SANDBOX_RING_SECONDS", default=1.0)
CCAI_SANDBOX_TALK_SECONDS = env.float("CCAI_SANDBOX_TALK_SECONDS", default=5.0)
CCAI_SANDBOX_KEY_SECONDS = env.float("CCAI_SANDBOX_KEY_SECONDS", default=0.5)

# A call that is answered within this many seconds counts for the service level.
CCAI_SERVICE_LEVEL_SECONDS = env.int("CCAI_SERVICE_LEVEL_SECONDS", default=20)
# Days for which it is kept who changed what.
CCAI_AUDIT_DAYS = env.int("CCAI_AUDIT_DAYS", default=400)
# Days for which it is kept what programs were told, and whether they have heard it.
CCAI_WEBHOOK_DAYS = env.int("CCAI_WEBHOOK_DAYS", default=30)
# Seconds that an endpoint has, from the connection to the end of its answer's headers.
CCAI_WEBHOOK_TIMEOUT = env.int("CCAI_WEBHOOK_TIMEOUT", default=15)
# Whether webhooks may go to addresses inside the network: for tests, and for centers that have no other.
CCAI_WEBHOOK_ALLOW_PRIVATE = env.bool("CCAI_WEBHOOK_ALLOW_PRIVATE", default=False)

# --- Django ------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "drf_spectacular_sidecar",
    "rest_framework",
    "tree_queries",
    "ccai",
    "agents",
    "menus",
    "calls",
]
MIDDLEWARE = [
    "ccai.middleware.OneCenter",
    "ccai.middleware.PagePolicy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ccai.middleware.WhoActs",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "ccai.urls"
ASGI_APPLICATION = "ccai.asgi.application"
WSGI_APPLICATION = "ccai.wsgi.application"
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
    },
]
# ccai.middleware.OneCenter answers for every host that is not this center, with the contract's 404.
ALLOWED_HOSTS = ["*"]
# Behind a proxy that sets X-Forwarded-Host and X-Forwarded-Proto, and lets no client set them.
USE_X_FORWARDED_HOST = env.bool("CCAI_TRUST_PROXY", default=False)
if USE_X_FORWARDED_HOST:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [f"https://{CCAI_SUBDOMAIN}.{CCAI_DOMAIN}"]
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
# "Today", in pages, is the center's day. On the wire every time is UTC.
CCAI_TIME_ZONE = env.str("CCAI_TIME_ZONE", default="UTC")
# Django itself stops at an unknown zone; the system check has a better sentence.
TIME_ZONE = CCAI_TIME_ZONE if CCAI_TIME_ZONE in available_timezones() else "UTC"
USE_TZ = True

STATIC_URL = "static/"
# Static files are found in the packages themselves, so there is no step to forget before a start.
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = CCAI_DATA_DIR / "media"

# --- People who log in -------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "agents.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# A superuser that `manage.py migrate` makes where there is none yet.
CCAI_ADMIN_EMAIL = env.str("CCAI_ADMIN_EMAIL", default="")
CCAI_ADMIN_PASSWORD = env.str("CCAI_ADMIN_PASSWORD", default="")
# By default axes counts failures per address alone, and one careless program locks a whole office out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# The login forms call it so, whatever the user's own field is called; axes would look for "email" and find nothing.
AXES_USERNAME_FORM_FIELD = "username"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("CCAI_SECURE_COOKIES", default=USE_X_FORWARDED_HOST)

# --- Mail --------------------------------------------------------------------------------------------------------

# The default prints every letter where the web process writes its log.
_mail = env.mail("CCAI_EMAIL_URL")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
# Seconds: somebody who has asked for a letter waits until the server has taken it.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("CCAI_EMAIL_FROM", default=f"ccai@{CCAI_SUBDOMAIN}.{CCAI_DOMAIN}")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "https:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    }
}

# --- The database ------------------------------------------------------------------------------------------------

# The default is built as it is: in a URL, a `#`, `?` or `%` in the directory's name would mean something else.
_default_database: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(CCAI_DATA_DIR / "db.sqlite3"),
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", default="") if "DATABASE_URL" in os.environ else _default_database
}
_database = DATABASES["default"]
_is_sqlite = _database["ENGINE"] == "django.db.backends.sqlite3"
# Django's own, with a record of what people change.
_recording = {
    "django.db.backends.sqlite3": "ccai.databases.sqlite3",
    "django.db.backends.postgresql": "ccai.databases.postgresql",
}
_database["ENGINE"] = _recording.get(_database["ENGINE"], _database["ENGINE"])
if _is_sqlite:
    # SQLite ignores row locks: every transaction takes the write lock when it begins, and waits its turn for it.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;",
    }
    # A real file, so that tests with several threads and processes see one database.
    _database["TEST"] = {"NAME": CCAI_DATA_DIR / "test.sqlite3"}
else:
    # A database that does not answer is a 503 in seconds, and a connection that broke is replaced by a new one.
    _database["OPTIONS"] = {"connect_timeout": 3, **_database.get("OPTIONS", {})}
    _database["CONN_HEALTH_CHECKS"] = True
    # CONN_MAX_AGE stays 0: under ASGI each request may run in another thread, and connections kept by threads pile up.
    # Web processes reuse theirs in a pool; workers reuse theirs by CELERY_DB_REUSE_MAX (ccai/celery.py), whatever
    # CONN_MAX_AGE says, and cannot have a pool, which Celery closes after each task.
    if env.bool("CCAI_DB_POOL", default=False):
        _database["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": env.int("CCAI_DB_POOL_SIZE", default=10),
            "timeout": 3,  # seconds that a request waits for a connection
        }

# --- Redis protocol: broker and rate limit -----------------------------------------------------------------------

# redis://, rediss:// or unix://. `manage.py serve` starts a private Valkey at the default address.
CCAI_REDIS_URL = env.redis("REDIS_URL", default=f"unix://{CCAI_DATA_DIR / 'run' / 'valkey.sock'}")
CELERY_BROKER_URL = CCAI_REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
    # A nudge that cannot be sent must not keep an answer waiting. Workers reconnect by the setting above.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"calls.tick": {"queue": "clock"}, "webhooks.send": {"queue": "webhooks"}}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# No task is acknowledged late, so there is none to cancel; unset, each lost connection brings a page of advice.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# The schedule stands in this dict alone, so beat needs no file and no table of its own.
CELERY_BEAT_SCHEDULER = "ccai.beat:HeardScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "calls.tick", "schedule": 1.0, "options": {"expires": 2}},
    "fetch recordings": {"task": "calls.fetch_recordings", "schedule": 5.0, "options": {"expires": 5}},
    "send webhooks": {"task": "webhooks.send", "schedule": 1.0, "options": {"expires": 2}},
}

# --- REST framework ----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ccai.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_THROTTLE_CLASSES": ["ccai.api.throttling.TokenThrottle"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ccai.api.parsing.IgnoreAccept",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "ccai.api.views.refusal_response",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}

# --- Pages and logs ----------------------------------------------------------------------------------------------


def page(title: Promise, icon: str, model: str) -> dict[str, Any]:
    """An entry of the sidebar: the list of `model` ("app.model"), for those who may view it."""
    app, name = model.split(".")

    def may_view(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{name}")

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": may_view,
    }


def own_page(title: Promise, icon: str, name: str, permission: str) -> dict[str, Any]:
    """An entry of the sidebar: the page whose address has this name, for those with the permission."""

    def may_open(request: HttpRequest) -> bool:
        return request.user.has_perm(permission)

    return {"title": title, "icon": icon, "link": reverse_lazy(name), "permission": may_open}


UNFOLD = {
    "SITE_TITLE": _("Contact center"),
    "SITE_HEADER": _("Contact center"),
    "SITE_SUBHEADER": CCAI_SUBDOMAIN,
    "SITE_SYMBOL": "support_agent",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "sizes": "any", "href": lambda request: static("ccai/icon.svg")}
    ],
    "DASHBOARD_CALLBACK": "calls.admin.front.front_page",
    "STYLES": [lambda request: static("ccai/admin.css"), lambda request: static("ccai/changes.css")],
    "SCRIPTS": [lambda request: static("ccai/accessible.js")],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
    "SIDEBAR": {
        "navigation": [
            {
                "title": _("Live"),
                "items": [
                    own_page(_("Reports"), "query_stats", "reports:page", "calls.view_report"),
                    own_page(_("Wallboard"), "tv", "wallboard:page", "calls.view_wallboard"),
                    page(_("Calls"), "call", "calls.call"),
                    own_page(_("Scheduled calls"), "event", "scheduled_calls", "calls.view_call"),
                    page(_("Offers"), "notifications_active", "calls.offer"),
                    page(_("Dial prompts"), "dialpad", "calls.dialprompt"),
                    page(_("Agents' time"), "timelapse", "agents.engagement"),
                    page(_("Status history"), "history", "agents.statuschange"),
                ],
            },
            {
                "title": _("Center"),
                "items": [
                    page(_("Menus"), "account_tree", "menus.menu"),
                    page(_("Agents"), "headset_mic", "agents.agent"),
                    page(_("Teams"), "groups", "agents.team"),
                    page(_("Outbound numbers"), "phone_forwarded", "agents.outboundnumber"),
                    page(_("Languages"), "translate", "agents.language"),
                    page(_("Dispositions"), "fact_check", "calls.disposition"),
                    own_page(_("Center file"), "description", "center_file", "ccai.load_center"),
                ],
            },
            {
                "title": _("Customers"),
                "items": [
                    page(_("End users"), "person", "calls.enduser"),
                    page(_("Contacts"), "contacts", "calls.contact"),
                    page(_("Tickets"), "confirmation_number", "calls.ticket"),
                ],
            },
            {
                "title": _("Access"),
                "items": [
                    page(_("Users"), "badge", "agents.user"),
                    page(_("Groups"), "shield_person", "auth.group"),
                    page(_("API tokens"), "key", "ccai.apitoken"),
                    own_page(_("API documentation"), "api", "api_docs", "ccai.view_apitoken"),
                    page(_("Webhooks"), "webhook", "ccai.webhookendpoint"),
                    page(_("Webhook deliveries"), "outbox", "ccai.webhookdelivery"),
                    page(_("Changes"), "manage_history", "ccai.auditentry"),
                ],
            },
        ],
    },
}

CCAI_LOG_LEVEL = env.str("CCAI_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": CCAI_LOG_LEVEL if CCAI_LOG_LEVEL in getLevelNamesMapping() else "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        # Below that it writes down addresses, in which people's numbers are searched for.
        "urllib3": {"level": "ERROR"},
    },
}

# What could not be read of all this; ccai/checks.py reports it.
CCAI_UNREADABLE = env.faults
