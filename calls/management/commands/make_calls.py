"""manage.py make_calls: a past for a center that has none."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calls.sample_history import NobodyToCall, days_for, make_calls

STEP = 10_000  # how often progress is told, in calls


def positive_number(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ArgumentTypeError(_("%(text)s is not a whole number from 1 on") % {"text": text})
    return int(text)


class Command(BaseCommand):
    """Makes past calls; the clock finds nothing to do in them."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Make calls that are over, from the menus and agents that the center has.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """COUNT and --days."""
        parser.add_argument("count", type=positive_number, metavar="COUNT", help=_("how many calls to make"))
        parser.add_argument(
            "--days",
            type=positive_number,
            metavar="N",
            help=_("over how many past days; by default 14, more where that is over 30 calls a day for each agent"),
        )

    def handle(self, *args: Any, count: int, days: int | None, **options: Any) -> None:
        """The calls are made, and how many is printed. CommandError, and none, where the center cannot have any."""
        days = days or days_for(count)
        told = 0

        def progress(made: int) -> None:
            nonlocal told
            if made >= told + STEP and made < count and options["verbosity"]:
                told = made
                self.stdout.write(_("%(made)s of %(count)s calls") % {"made": f"{made:,}", "count": f"{count:,}"})
                self.stdout.flush()

        try:
            made = make_calls(count, days=days, progress=progress)
        except NobodyToCall as error:
            raise CommandError(str(error)) from None
        if options["verbosity"]:
            sentence = ngettext(
                "%(made)s past call was made, over %(days)s days.",
                "%(made)s past calls were made, over %(days)s days.",
                made,
            )
            self.stdout.write(sentence % {"made": f"{made:,}", "days": days})
