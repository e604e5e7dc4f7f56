"""Reading the environment so that a wrong value is a sentence, not a traceback.

A variable that cannot be read has its default, and leaves a fault; `ccai/checks.py` reports the faults, and no process
runs while there are any.
"""

import warnings
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = environ.Env.BOOLEAN_TRUE_STRINGS
FALSE = ("false", "off", "n", "no", "0", "")
REDIS_SCHEMES = ("redis", "rediss", "unix")
MAIL_SCHEMES = ("smtp", "smtp+tls", "smtp+ssl", "consolemail")
DATABASES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


def read_float(text: str) -> float:
    """The number that `text` is. ValueError where it is none; the library would read 13 in "1e3" and 1 in "1s"."""
    return float(text)


class Environment(environ.Env):
    """Variables, with `faults`: what is wrong with each that could not be read, by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, str] = {}

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """The variable's value as `cast`; the default, and a fault, where it cannot be read as that."""
        given = self.ENVIRON.get(var)
        if cast is bool and given is not None and given.lower() not in (*TRUE, *FALSE):
            self.faults[var] = f'"{given}" is neither true nor false. Write one of the two.'
            return default
        try:
            return super().get_value(
                var, cast=read_float if cast is float else cast, default=default, parse_default=parse_default
            )
        except ValueError:
            self.faults[var] = f'"{given}" is not a number. Write one, such as {default}.'
            return default
        except ImproperlyConfigured:
            # The library takes a value that begins with $ for the name of another variable; here it is a value.
            if given is None:
                raise
            return given

    def database(self, var: str, default: str) -> dict[str, Any]:
        """The database that the variable's URL names; one that refuses all use, and a fault, where it names none."""
        try:
            # The library warns of some URLs with all their parts, the password among them.
            with warnings.catch_warnings(action="ignore"):
                found: dict[str, Any] = dict(self.db_url(var, default=default))
        except (ValueError, ImproperlyConfigured):
            found = {}
        if found.get("ENGINE") not in DATABASES:
            # The value is not repeated: it may hold a password.
            self.faults[var] = "This is no database. Write postgres://USER:PASSWORD@HOST:5432/NAME, or sqlite:////PATH."
            return {"ENGINE": "django.db.backends.dummy"}
        return found

    def redis(self, var: str, default: str) -> str:
        """The variable's URL of a Redis; the default, and a fault, where it is none."""
        url: str = self.str(var, default=default)
        try:
            parts = urlsplit(url)
            known = parts.scheme in REDIS_SCHEMES and parts.port != 0
        except ValueError:
            known = False
        if not known:
            # The value is not repeated: it may hold a password.
            self.faults[var] = "This is no Redis. Write redis://HOST:6379/0, rediss://… or unix:///PATH."
            return default
        return url

    def mail(self, var: str) -> dict[str, Any]:
        """Django's settings for the mail server that the variable's URL names; the console, and a fault, for none."""
        given = self.str(var, default="") or "consolemail://"
        try:
            known = urlsplit(given).scheme in MAIL_SCHEMES
            # The library opens the port as a number, which may be none.
            found: dict[str, Any] = dict(self.email_url_config(given)) if known else {}
        except (ValueError, ImproperlyConfigured):
            found = {}
        if not found:
            # The value is not repeated: it may hold a password.
            self.faults[var] = "This is no mail server. Write smtp+tls://USER:PASSWORD@HOST:587, or consolemail://."
            return dict(self.email_url_config("consolemail://"))
        return found
