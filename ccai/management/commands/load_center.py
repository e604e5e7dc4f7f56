"""manage.py load_center: a center from files."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

from ccai.center import CenterFaults, load_files
from ccai.center.report import summary_of_faults, unusable_database


class Command(BaseCommand):
    """Puts center files over the center, in one transaction."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Load center files, one over the other, in one transaction. What they do not name stays as it is.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE … and --dry-run."""
        parser.add_argument("files", nargs="+", metavar="FILE", help=_("a center file (YAML)"))
        parser.add_argument(
            "--dry-run", action="store_true", help=_("say what would be created and changed, and change nothing")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report. Raises CommandError, with every fault, where the files cannot be loaded."""
        try:
            report = load_files(options["files"], dry_run=options["dry_run"])
        except CenterFaults as error:
            raise CommandError(f"{summary_of_faults(len(error.faults))}\n{error}") from None
        except DatabaseError as error:
            raise CommandError(unusable_database(error)) from error
        # However quiet: a token that is made and not shown is lost.
        for sentence in (*(report.sentences() if options["verbosity"] else ()), *report.token_sentences()):
            self.stdout.write(sentence)
