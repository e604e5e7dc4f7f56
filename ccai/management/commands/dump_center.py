"""manage.py dump_center: the center as a file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccai.center import dump_center


class Command(BaseCommand):
    """Prints the center as YAML."""

    help = gettext_lazy("Print the whole center as YAML, which load_center makes the same center of elsewhere.")  # type: ignore[assignment]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--no-secrets."""
        parser.add_argument(
            "--no-secrets", action="store_true", help=_("leave out the hashes of passwords and API tokens")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the dump to standard output."""
        self.stdout.write(dump_center(secrets=not options["no_secrets"]), ending="")
