"""System checks of the settings: each wrong value is an error that says what to write instead.

`manage.py` runs them before every command; web, worker and beat, which no command starts, ask `refuse_wrong_settings`.
"""

import logging
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings
from django.core import checks
from django.core.validators import validate_email
from django.forms import ValidationError
from phonenumbers import SUPPORTED_REGIONS

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
# Settings that count something, with the least they may be.
LEAST = {
    "CCAI_RATE_LIMIT": 1,
    "CCAI_UNANSWERED_CALL_EXPIRATION": 1,
    "CCAI_SCHEDULED_CALL_EXPIRATION": 1,
    "CCAI_DIAL_PROMPT_TTL": 1,
    "CCAI_DIAL_DEADLINE": 1,
    "CCAI_CONNECT_DEADLINE": 1,
    "CCAI_SELECTING_DEADLINE": 1,
    "CCAI_VOICEMAIL_DEADLINE": 1,
    "CCAI_ACTION_ONLY_DEADLINE": 1,
    "CCAI_TRANSFER_TIMEOUT": 1,
    # Agents' pages are looked at each 15 s (calls/desk/live.py).
    "CCAI_AGENT_GONE_SECONDS": 30,
    "CCAI_TALK_CHECK": 1,
    "CCAI_RECORDING_URL_TTL": 1,
    "CCAI_PHOTO_MAX_BYTES": 1,
    "CCAI_VIDEO_MAX_BYTES": 1,
    "CCAI_WRAP_UP_SECONDS": 0,
    "CCAI_SERVICE_LEVEL_SECONDS": 1,
    "CCAI_AUDIT_DAYS": 1,
    "CCAI_ZENDESK_TIMEOUT": 1,
    "CCAI_TWILIO_TIMEOUT": 1,
    "CCAI_WEBHOOK_DAYS": 4,  # they are tried for three
    "CCAI_WEBHOOK_TIMEOUT": 1,
    "CCAI_SANDBOX_RING_SECONDS": 0,
    "CCAI_SANDBOX_TALK_SECONDS": 0,
    "CCAI_SANDBOX_KEY_SECONDS": 0,
}
# About a century: later than that no date can be reckoned with.
MOST = 3_000_000_000
SECRET_KEY_LENGTH = 32
PASSWORD_LENGTH = 8
# Seconds. The clock takes a question about tickets that has not been answered in twenty for one whose worker died.
ZENDESK_PATIENCE = 15
# Seconds. Agents and callers wait for a line meanwhile; so does whoever asks for the next one.
TWILIO_PATIENCE = 12


def find_faults() -> Iterator[tuple[str, str]]:
    """What is wrong with the settings: the variable, and a sentence."""
    unreadable: dict[str, str] = settings.CCAI_UNREADABLE
    yield from unreadable.items()
    for name, least in LEAST.items():
        value = getattr(settings, name)
        if not least <= value <= MOST:
            yield name, f"{value} is not possible. Write a number from {least} on."
    yield from find_faults_of_names()
    yield from find_faults_of_ports()
    if len(settings.SECRET_KEY) < SECRET_KEY_LENGTH:
        yield (
            "CCAI_SECRET_KEY",
            f"It is too short to keep a secret. Write at least {SECRET_KEY_LENGTH} random characters.",
        )
    email, password = settings.CCAI_ADMIN_EMAIL, settings.CCAI_ADMIN_PASSWORD
    if bool(email) != bool(password):
        yield "CCAI_ADMIN_EMAIL", "It goes with CCAI_ADMIN_PASSWORD. Write both, or neither."
    elif email:
        try:
            validate_email(email)
        except ValidationError:
            yield "CCAI_ADMIN_EMAIL", f'"{email}" is not an e-mail address.'
        if len(password) < PASSWORD_LENGTH:
            yield "CCAI_ADMIN_PASSWORD", f"It is too short. Write at least {PASSWORD_LENGTH} characters."


def find_faults_of_names() -> Iterator[tuple[str, str]]:
    """Faults of settings that name something in the world."""
    if not LABEL.fullmatch(settings.CCAI_SUBDOMAIN):
        yield "CCAI_SUBDOMAIN", f'"{settings.CCAI_SUBDOMAIN}" is not one part of a host name. Write one such as demo.'
    if not all(LABEL.fullmatch(label) for label in settings.CCAI_DOMAIN.split(".")):
        yield "CCAI_DOMAIN", f'"{settings.CCAI_DOMAIN}" is not a host name. Write one such as example.com.'
    if settings.CCAI_TIME_ZONE not in available_timezones():
        yield "CCAI_TIME_ZONE", f'"{settings.CCAI_TIME_ZONE}" is not a time zone. Write one such as Europe/Berlin.'
    if settings.CCAI_LOG_LEVEL not in logging.getLevelNamesMapping():
        yield "CCAI_LOG_LEVEL", f'"{settings.CCAI_LOG_LEVEL}" is not a level. Write DEBUG, INFO, WARNING or ERROR.'


def find_faults_of_ports() -> Iterator[tuple[str, str]]:
    """Faults of settings that say whom to talk to."""
    known = ", ".join(settings.CCAI_VOIP_ADAPTERS)
    if not settings.CCAI_VOIP_PROVIDERS:
        yield "CCAI_VOIP_PROVIDERS", f"It is empty. Write at least one of {known}."
    for name in settings.CCAI_VOIP_PROVIDERS:
        if name not in settings.CCAI_VOIP_ADAPTERS:
            yield "CCAI_VOIP_PROVIDERS", f'"{name}" is not a provider. Known are {known}.'
    if len(set(settings.CCAI_VOIP_PROVIDERS)) < len(settings.CCAI_VOIP_PROVIDERS):
        yield "CCAI_VOIP_PROVIDERS", "A provider stands there twice. Write each once."
    if "twilio" in settings.CCAI_VOIP_PROVIDERS:
        yield from find_faults_of_twilio()
    if settings.CCAI_CRM not in settings.CCAI_CRM_ADAPTERS:
        known = ", ".join(settings.CCAI_CRM_ADAPTERS)
        yield "CCAI_CRM", f'"{settings.CCAI_CRM}" is not a CRM. Known are {known}.'
    if settings.CCAI_CRM == "zendesk":
        yield from find_faults_of_zendesk()


def find_faults_of_zendesk() -> Iterator[tuple[str, str]]:
    """Faults of what a center says of its Zendesk account. None shows a secret."""
    try:
        url = urlsplit(settings.CCAI_ZENDESK_URL)
        is_host = bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        url, is_host = urlsplit(""), False
    is_bare = not (url.username or url.password or url.path or url.query or url.fragment)
    # Over plain HTTP the token could be read on the way; nobody is between here and here.
    is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in ("127.0.0.1", "::1", "localhost"))
    if not (is_host and is_bare and is_safe):
        yield "CCAI_ZENDESK_URL", "It is not the address of an account. Write one such as https://name.zendesk.com."
    if settings.CCAI_ZENDESK_OAUTH_TOKEN:
        if settings.CCAI_ZENDESK_TOKEN:
            yield "CCAI_ZENDESK_OAUTH_TOKEN", "There is CCAI_ZENDESK_TOKEN, too. Write one of them."
    elif not settings.CCAI_ZENDESK_TOKEN:
        yield "CCAI_ZENDESK_TOKEN", "It is empty. Write an API token, or CCAI_ZENDESK_OAUTH_TOKEN."
    else:
        try:
            validate_email(settings.CCAI_ZENDESK_EMAIL)
        except ValidationError:
            yield "CCAI_ZENDESK_EMAIL", "It is not an e-mail address. Write that of the agent the API token is used by."
    for name in ("CCAI_ZENDESK_TOKEN", "CCAI_ZENDESK_OAUTH_TOKEN"):
        if not re.fullmatch(r"[!-~]*", getattr(settings, name)):
            yield name, "It has a character that no token has, such as a space. Copy it again."
    if settings.CCAI_ZENDESK_COUNTRY not in ("", *SUPPORTED_REGIONS):
        yield "CCAI_ZENDESK_COUNTRY", f'"{settings.CCAI_ZENDESK_COUNTRY}" is no country. Write two letters such as US.'
    if settings.CCAI_ZENDESK_TIMEOUT > ZENDESK_PATIENCE:
        yield "CCAI_ZENDESK_TIMEOUT", f"So long nobody waits. Write {ZENDESK_PATIENCE} seconds at most."


def find_faults_of_twilio() -> Iterator[tuple[str, str]]:
    """Faults of what Twilio needs, where it is a provider."""
    if find_spec("twilio") is None:
        yield (
            "CCAI_VOIP_PROVIDERS",
            "It names twilio, whose package is not installed. Install it: "
            f"{sys.executable} -m pip install --require-hashes -r requirements-twilio.txt",
        )
    if not ACCOUNT_SID.fullmatch(settings.CCAI_TWILIO_ACCOUNT_SID):
        yield "CCAI_TWILIO_ACCOUNT_SID", "It is not an account of Twilio. Write AC and 32 letters and digits."
    if not settings.CCAI_TWILIO_AUTH_TOKEN:
        yield "CCAI_TWILIO_AUTH_TOKEN", "It is empty, so that no callback could be verified. Write the account's."
    if bool(settings.CCAI_TWILIO_API_KEY) != bool(settings.CCAI_TWILIO_API_SECRET):
        yield "CCAI_TWILIO_API_KEY", "It goes with CCAI_TWILIO_API_SECRET. Write both, or neither."
    if settings.CCAI_TWILIO_TIMEOUT > TWILIO_PATIENCE:
        yield "CCAI_TWILIO_TIMEOUT", f"So long nobody waits. Write {TWILIO_PATIENCE} seconds at most."
    address = urlsplit(settings.CCAI_PUBLIC_URL)
    if address.scheme not in ("http", "https") or f".{address.hostname}".endswith(".localhost"):
        yield (
            "CCAI_PUBLIC_URL",
            f'Twilio cannot report to "{settings.CCAI_PUBLIC_URL}". Write the address that the world has for this '
            "center, such as https://demo.example.com.",
        )


def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The faults as system check errors, `ccai.E001`."""
    return [checks.Error(f"{name}: {sentence}", id="ccai.E001") for name, sentence in find_faults()]


def refuse_wrong_settings(**_kwargs: Any) -> None:
    """Ends the process, with every fault on its error output, where the settings are wrong."""
    faults = [f"{name}: {sentence}" for name, sentence in find_faults()]
    if faults:
        sys.exit("\n".join(["The settings are wrong.", *faults]))
