"""What a start does to the database: migrations, the center, and on the first run a login and an API token."""

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from agents.models import Agent, User
from calls.sample_history import make_calls
from ccai.center import DEMO, CenterFaults, load_files
from ccai.center.report import summary_of_faults
from ccai.models import ApiToken
from menus.models import Menu

TOKEN_NAME = "demo"  # noqa: S105 - the name of a token
# What the demo's past has, for its pages to show.
PAST_CALLS = 400
PAST_DAYS = 14


def migrate() -> None:
    """Bring the database up to date. CommandError where it cannot be used."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise CommandError(
            _("The database cannot be used: %(reason)s Check DATABASE_URL.") % {"reason": f"{error}".strip()}
        ) from error


def is_first_run() -> bool:
    """True where the center is empty: no menu, no agent, no API token."""
    return not (Menu.objects.exists() or Agent.objects.exists() or ApiToken.objects.exists())


@transaction.atomic
def set_up_center(center: Path | None) -> list[str]:
    """The center is as the file says, or the demo where it was empty and there is no file; and somebody can log in.

    The demo comes with past calls. Returns what a person has to know of it, line by line, with the secrets that are
    shown this once. All or nothing: CommandError, with every fault, where the file is wrong.
    """
    first = is_first_run()
    sentences = []
    if center is not None:
        sentences += load(center)
    elif first:
        load(DEMO)
        sentences.append(_("The center was empty and has been filled with a demo."))
        made = make_calls(PAST_CALLS, days=PAST_DAYS)
        sentences.append(
            _("It has a past of %(calls)s calls, made up, over %(days)s days.") % {"calls": made, "days": PAST_DAYS}
        )
        sentences.append(let_agents_log_in())
    return [*sentences, *(make_keys() if first else how_to_make_keys())]


def let_agents_log_in() -> str:
    """Give the demo's agents one password, and say it: a page of theirs is the first thing to try."""
    password = secrets.token_urlsafe(9)
    hashed = make_password(password)
    agents = Agent.objects.filter(user__is_active=True)
    User.objects.filter(agent__in=agents).update(password=hashed)
    return _("Agents' login: %(email)s and the others, password: %(password)s (shown this once)") % {
        "email": agents.select_related("user").order_by("pk")[0].user.email,
        "password": password,
    }


def load(center: Path) -> list[str]:
    """Load a center file, and say what that changed and which tokens it made."""
    try:
        report = load_files([center])
    except CenterFaults as error:
        raise CommandError(f"{summary_of_faults(len(error.faults))}\n{error}") from None
    return [*report.sentences(), *report.token_sentences()]


def make_keys() -> Iterator[str]:
    """Make an admin's login and an API token, each unless the center file has brought one, and say them."""
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        password = secrets.token_urlsafe(12)
        admin = User.objects.create_superuser(f"admin@{settings.CCAI_SUBDOMAIN}.example.com", password)
        yield _("Admin login: %(email)s, password: %(password)s (shown this once)") % {
            "email": admin.email,
            "password": password,
        }
    if not ApiToken.objects.filter(active=True).exists():
        token = ApiToken(name=TOKEN_NAME)
        secret = token.make_token()
        token.save()
        yield _("API user: %(user)s, token: %(token)s (shown this once)") % {
            "user": settings.CCAI_SUBDOMAIN,
            "token": secret,
        }


def how_to_make_keys() -> Iterator[str]:
    """Say how to get in, to those who do not know the login or a token any more."""
    program = f"{os.path.relpath(sys.executable)} manage.py"
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is None:
        yield _("To make an admin login: %(command)s") % {"command": f"{program} createsuperuser"}
    else:
        yield _("To give %(email)s a new password: %(command)s") % {
            "email": admin.email,
            "command": f"{program} changepassword {admin.email}",
        }
    yield _("To make an API token: %(command)s") % {"command": f"{program} create_api_token NAME"}
