"""manage.py data_parameters: what virtual agents and programs know of a call (contract section 10)."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from calls.models import Call


class Command(BaseCommand):
    """Prints the data parameters of a call, and changes nothing."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Show the data parameters of a call, as JSON.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which call."""
        parser.add_argument("call", type=int, metavar="ID", help=_("the call"))

    def handle(self, *args: Any, call: int, **options: Any) -> None:
        """The map is printed, with its keys in order. CommandError where there is no such call."""
        known = Call.objects.filter(pk=call).only("data_parameters").first()
        if known is None:
            raise CommandError(_("There is no call %(call_id)s.") % {"call_id": call})
        self.stdout.write(json.dumps(known.data_parameters, ensure_ascii=False, indent=2, sort_keys=True))
