"""Reading single values of a center file: each reader returns the value, or notes a fault and returns WRONG.

Values come from YAML, where unquoted scalars are Plain text, or ready typed from JSON. A reader never meets null: for
a key, null means its default.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.contrib.auth.hashers import identify_hasher
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _

from agents.languages import base_code
from agents.models import Agent
from ccai.center.faults import FileFaults, shown
from ccai.center.parsing import Plain
from ccai.models import ApiToken
from ccai.phones import parse_line, parse_phone
from menus import hours as opening_hours

WRONG: Any = object()
Read = Callable[[FileFaults, str, Any], Any]

NULLS = ("", "~", "null", "Null", "NULL")
TRUE_WORDS = ("true", "yes", "on")
FALSE_WORDS = ("false", "no", "off")
WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d{0,18})", re.ASCII)
# PostgreSQL stores neither in text.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
TOKEN_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
PASSWORD_MIN_LENGTH = 8
# Longer ones are refused by the login form too: hashing them takes long.
PASSWORD_MAX_LENGTH = 4_096
TEAM_NAME_MAX_LENGTH = 100
LINE_MAX_LENGTH = 200
is_url = URLValidator(schemes=["http", "https"])


def is_null(value: Any) -> bool:
    """True for null, however it was written."""
    return value is None or (isinstance(value, Plain) and value in NULLS)


def passes(validate: Callable[[str], None], value: str) -> bool:
    """True where `validate` has nothing against `value`."""
    try:
        validate(value)
    except ValidationError:
        return False
    return True


def text(*, max_length: int | None = None, required: bool = False) -> Read:
    """Text, as it is; a number is read as its digits."""

    def read(faults: FileFaults, path: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int):
            faults.add(path, _("must be text; put it in quotes"))
            return WRONG
        found = str(value)
        if UNSTORABLE.search(found):
            faults.add(path, _("contains a character that cannot be stored"))
            return WRONG
        if max_length and len(found) > max_length:
            faults.add(path, _("is longer than %(limit)d characters") % {"limit": max_length})
            return WRONG
        if required and not found.strip():
            faults.add(path, _("must not be empty"))
            return WRONG
        return found

    return read


def checked_text(
    check: Callable[[str], bool], sentence: Callable[[], str], *, max_length: int | None, required: bool = False
) -> Read:
    """Text that passes `check`, or nothing at all; `sentence()` says what it is not."""
    read_text = text(max_length=max_length, required=required)

    def read(faults: FileFaults, path: str, value: Any) -> Any:
        found = read_text(faults, path, value)
        if found is not WRONG and found and not check(found):
            faults.add(path, f"{shown(found)} {sentence()}")
            return WRONG
        return found

    return read


def url(max_length: int | None) -> Read:
    """An address on the web."""
    return checked_text(
        lambda found: passes(is_url, found),
        lambda: _("is not an address such as https://example.com/page"),
        max_length=max_length,
    )


def line(faults: FileFaults, path: str, value: Any) -> Any:
    """What rings, a phone number or a SIP address, or nothing at all."""
    given = text()(faults, path, value)
    if given is WRONG or not given:
        return given
    found = parse_line(given)
    if found is None or len(found) > LINE_MAX_LENGTH:
        faults.add(
            path,
            _("%(value)s is neither a phone number nor a SIP address; write one such as %(number)s or %(address)s")
            % {"value": shown(value), "number": '"+1 339-219-5276"', "address": "sip:ana@example.com"},
        )
        return WRONG
    return found


def email(max_length: int | None, *, required: bool = False) -> Read:
    """An e-mail address."""
    return checked_text(
        lambda found: passes(validate_email, found),
        lambda: _("is not an email address such as ana@example.com"),
        max_length=max_length,
        required=required,
    )


def time_zone(max_length: int | None) -> Read:
    """A time zone's name."""
    return checked_text(
        lambda found: found in opening_hours.time_zones(),
        lambda: _("is not a time zone; write one such as Europe/Berlin"),
        max_length=max_length,
    )


def flag(faults: FileFaults, path: str, value: Any) -> Any:
    """True or false."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, Plain) else None
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    faults.add(path, _("must be true or false, without quotes"))
    return WRONG


def whole_number(least: int, most: int) -> Read:
    """A whole number from `least` to `most`."""

    def read(faults: FileFaults, path: str, value: Any) -> Any:
        if isinstance(value, Plain) and WHOLE_NUMBER.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            faults.add(path, _("must be a whole number such as 20, without quotes and leading zeros"))
            return WRONG
        if not least <= value <= most:
            faults.add(path, _("must be a whole number from %(least)d to %(most)d") % {"least": least, "most": most})
            return WRONG
        return value

    return read


def choice(options: Sequence[str]) -> Read:
    """One of `options`."""

    def read(faults: FileFaults, path: str, value: Any) -> Any:
        if isinstance(value, str) and value in options:
            return str(value)
        faults.add(
            path,
            _("%(value)s is not one of %(options)s") % {"value": shown(value), "options": ", ".join(options)},
        )
        return WRONG

    return read


def status(faults: FileFaults, path: str, value: Any) -> Any:
    """A status that an agent can say they have."""
    if value == Agent.ON_CALL:
        faults.add(
            path, _('"on_call" is set by the system while a call lasts; write the status the agent returns to after it')
        )
        return WRONG
    return choice(Agent.Status.values)(faults, path, value)


def phone(faults: FileFaults, path: str, value: Any) -> Any:
    """A phone number, as E.164."""
    if not isinstance(value, bool) and str(value).isdecimal():
        faults.add(
            path,
            _("%(value)s has no country code; write it in quotes with + and the country code: %(example)s")
            % {"value": shown(value), "example": '"+1 339-219-5276"'},
        )
        return WRONG
    number = parse_phone(str(value)) if isinstance(value, str) else None
    if number is None:
        faults.add(
            path,
            _("%(value)s is not a phone number; write it in quotes with + and the country code: %(example)s")
            % {"value": shown(value), "example": '"+1 339-219-5276"'},
        )
        return WRONG
    return number


def language_code(faults: FileFaults, path: str, value: Any) -> Any:
    """A language code."""
    if value is False:  # what a YAML parser of another program has made of Norwegian
        return "no"
    if isinstance(value, str) and base_code(value):
        return str(value)
    faults.add(path, _("%(value)s is not a language code such as en or en-US") % {"value": shown(value)})
    return WRONG


def list_of(read_item: Read) -> Read:
    """A list without repetitions, as a tuple; a wrong item keeps its place in it, as WRONG."""

    def read(faults: FileFaults, path: str, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            faults.add(path, _("must be a list"))
            return WRONG
        seen: set[Any] = set()
        found: list[Any] = []
        for index, item in enumerate(value):
            if is_null(item):
                faults.add(f"{path}[{index}]", _("must not be empty"))
                found.append(WRONG)
                continue
            one = read_item(faults, f"{path}[{index}]", item)
            if one in seen:
                faults.add(f"{path}[{index}]", _("%(value)s stands twice in the list") % {"value": shown(item)})
                one = WRONG
            if one is not WRONG:
                seen.add(one)
            found.append(one)
        return tuple(found)

    return read


def agent_key(faults: FileFaults, path: str, value: Any) -> Any:
    """An agent's e-mail address, in the form in which addresses are compared."""
    found = text(required=True)(faults, path, value)
    return found if found is WRONG else found.lower()


def team(faults: FileFaults, path: str, value: Any) -> Any:
    """The names from the topmost team down, written `Sales/North`, or as a list where a name has a slash in it."""
    names = list(value) if isinstance(value, list | tuple) else [value]
    if isinstance(value, str):
        names = [name.strip() for name in value.split("/")]
    read_name = text(max_length=TEAM_NAME_MAX_LENGTH, required=True)
    found = tuple(read_name(faults, path, name) for name in names)
    return WRONG if WRONG in found else found


def hours(faults: FileFaults, path: str, value: Any) -> Any:
    """Opening hours, whole, in the shape in which menus keep them."""
    found = plain_json(value)
    wrong = opening_hours.find_faults(found)
    for where, sentence in wrong:
        faults.add(f"{path}.{where}" if where else path, sentence)
    if not wrong and not is_storable(found):
        faults.add(path, _("contains a character that cannot be stored"))
        return WRONG
    return WRONG if wrong else found


def is_storable(value: Any) -> bool:
    """True where no text in `value` holds a character that a database refuses."""
    if isinstance(value, dict):
        return all(is_storable(item) for item in value.values())
    if isinstance(value, list):
        return all(is_storable(item) for item in value)
    return not isinstance(value, str) or not UNSTORABLE.search(value)


def plain_json(value: Any) -> Any:
    """`value` as JSON keeps it: scalars as text, days in ISO form, keys without a value left out."""
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items() if not is_null(item)}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def password(faults: FileFaults, path: str, value: Any) -> Any:
    """A password in the clear. No fault quotes it."""
    found = text(max_length=PASSWORD_MAX_LENGTH)(faults, path, value)
    if found is not WRONG and len(found) < PASSWORD_MIN_LENGTH:
        faults.add(path, _("must have at least %(limit)d characters") % {"limit": PASSWORD_MIN_LENGTH})
        return WRONG
    return found


def password_hash(faults: FileFaults, path: str, value: Any) -> Any:
    """A password's hash, as dump_center writes it."""
    found = text(max_length=128)(faults, path, value)
    if found is WRONG:
        return WRONG
    try:
        identify_hasher(found)
    except ValueError:
        faults.add(path, _("is not a password hash; copy it from a dump, or write password instead"))
        return WRONG
    return found


def token(faults: FileFaults, path: str, value: Any) -> Any:
    """An API token in the clear. No fault quotes it."""
    found = text(max_length=255)(faults, path, value)
    if found is not WRONG and len(found) < ApiToken.MIN_LENGTH:
        faults.add(path, _("must have at least %(limit)d characters") % {"limit": ApiToken.MIN_LENGTH})
        return WRONG
    return found


def token_hash(faults: FileFaults, path: str, value: Any) -> Any:
    """A token's hash, as dump_center writes it."""
    if isinstance(value, str) and TOKEN_HASH.fullmatch(value.lower()):
        return value.lower()
    faults.add(path, _("is not a token hash; copy it from a dump, or write token instead"))
    return WRONG
