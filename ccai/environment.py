"""Reading the environment so that a wrong value is a sentence, not a traceback.

A variable that cannot be read has its default, and leaves a fault; `ccai/checks.py` reports the faults, and no process
runs while there are any.
"""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = environ.Env.BOOLEAN_TRUE_STRINGS
FALSE = ("false", "off", "n", "no", "0", "")
DATABASES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


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
            return super().get_value(var, cast=cast, default=default, parse_default=parse_default)
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
            found: dict[str, Any] = dict(self.db_url(var, default=default))
        except (ValueError, ImproperlyConfigured):
            found = {}
        if found.get("ENGINE") not in DATABASES:
            # The value is not repeated: it may hold a password.
            self.faults[var] = "This is no database. Write postgres://USER:PASSWORD@HOST:5432/NAME, or sqlite:////PATH."
            return {"ENGINE": "django.db.backends.dummy"}
        return found
