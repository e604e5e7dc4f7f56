"""manage.py action_only: the start and the end of a call that the customer's own telephony carries."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from agents.models import Agent
from calls.models import Call, DisconnectedBy, Status
from calls.services.action_only import begin_action_only, end_action_only
from ccai.errors import Refused
from ccai.phones import parse_phone
from menus.models import Menu


class Command(BaseCommand):
    """Begins and ends action-only calls."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Begin or end a call that your own telephony carries.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`begin NUMBER` with --agent, --menu and --outbound; `end ID` with --by."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="begin|end")
        begin = verbs.add_parser("begin", help=_("a call is under way"))
        begin.add_argument("number", metavar="NUMBER", help=_("the end user, such as +12025550123"))
        begin.add_argument("--agent", metavar="EMAIL", help=_("the agent who talks"))
        begin.add_argument("--menu", type=int, metavar="ID", help=_("the menu the end user chose"))
        begin.add_argument("--outbound", action="store_true", help=_("the agent called the end user"))
        end = verbs.add_parser("end", help=_("the call is over"))
        end.add_argument("call", type=int, metavar="ID", help=_("the call, as begin has printed it"))
        end.add_argument(
            "--by",
            choices=[by.value for by in DisconnectedBy],
            default=DisconnectedBy.UNKNOWN.value,
            help=_("who ended it"),
        )

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """The call has begun, and its id is printed; or it has ended, and its duration is. CommandError otherwise."""
        if verb == "begin":
            self._begin(options["number"], options["agent"], options["menu"], outbound=options["outbound"])
        else:
            self._end(options["call"], options["by"])

    def _begin(self, number: str, email: str | None, menu_id: int | None, *, outbound: bool) -> None:
        end_user = parse_phone(number)
        if end_user is None:
            raise CommandError(_("%(number)s is no phone number. Write one such as +12025550123.") % {"number": number})
        agent = None
        if email:
            known = Agent.objects.alias(address=Lower("user__email")).select_related("user")
            agent = known.filter(address=email.lower(), user__is_active=True).first()
            if agent is None:
                raise CommandError(_("There is no active agent %(email)s.") % {"email": email})
        menu = Menu.objects.filter(pk=menu_id, deleted=False).first() if menu_id is not None else None
        if menu_id is not None and menu is None:
            raise CommandError(_("There is no menu %(menu_id)s. Choose another.") % {"menu_id": menu_id})
        try:
            call = begin_action_only(number=end_user, agent=agent, menu=menu, outbound=outbound)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(_("Call %(call_id)s has begun.") % {"call_id": call.pk})

    def _end(self, call_id: int, by: str) -> None:
        call = Call.objects.filter(pk=call_id).first()
        if call is None:
            raise CommandError(_("There is no call %(call_id)s.") % {"call_id": call_id})
        if call.status not in (Status.ACTION_ONLY, Status.ACTION_ONLY_FINISHED):
            raise CommandError(_("Call %(call_id)s is not one that your own telephony carries.") % {"call_id": call_id})
        try:
            call = end_action_only(call, disconnected_by=by)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            _("Call %(call_id)s has ended after %(seconds)s seconds.")
            % {"call_id": call_id, "seconds": call.call_duration}
        )
