"""`manage.py create_api_token`: makes an API token and prints it, this once."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from ccai.models import ApiToken


class Command(BaseCommand):
    """Makes an API token; only its hash is kept."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Make an API token and print it, this once.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The token's name, and whether it may be one that exists."""
        parser.add_argument("name", help=_("What the token is known by, such as the program that uses it."))
        parser.add_argument(
            "--replace",
            action="store_true",
            help=_("Give a token that exists a new secret; the old one is refused from then on."),
        )
        parser.add_argument(
            "--masked",
            action="store_true",
            help=_("Show this token names and numbers of end users masked."),
        )

    def handle(self, *args: Any, name: str, replace: bool, masked: bool, **options: Any) -> None:
        """The token is saved, live, and printed. CommandError where the name is taken or will not do."""
        name = name.strip()
        if not name:
            raise CommandError(_("The name is empty. Write what the token is known by."))
        token = ApiToken.objects.filter(name=name).first()
        if token is not None and not replace:
            raise CommandError(
                _(
                    'There is a token named "%(name)s" already. '
                    "Choose another name, or give that one a new secret with --replace."
                )
                % {"name": name}
            )
        token = token or ApiToken(name=name)
        token.active = True
        token.personal_data = token.personal_data and not masked
        secret = token.make_token()
        try:
            token.full_clean()
        except ValidationError as error:
            faults = [f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items()]
            raise CommandError(" ".join(faults)) from error
        token.save()
        self.stdout.write(secret)
