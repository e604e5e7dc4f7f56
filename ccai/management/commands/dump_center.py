"""manage.py dump_center: the center as a file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

from ccai.center import dump_center
from ccai.center.report import unusable_database


class Command(BaseCommand):
    """Prints the center as YAML."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Print the whole center as YAML, which load_center makes the same center of elsewhere.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--no-secrets."""
        parser.add_argument(
            "--no-secrets", action="store_true", help=_("leave out the hashes of passwords and API tokens")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the dump to standard output. CommandError where the database cannot be used."""
        try:
            dump = dump_center(secrets=not options["no_secrets"])
        except DatabaseError as error:
            raise CommandError(unusable_database(error)) from error
        self.stdout.write(dump, ending="")
