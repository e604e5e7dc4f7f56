"""manage.py ring: somebody calls, at the sandbox, and it is told what they hear and what becomes of the call."""

import time
from argparse import ArgumentParser
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from calls.models import Call, CallEvent, SandboxCall, Status
from calls.models.call import OVER
from calls.services.phone import answer_phone
from calls.voip import provider
from calls.voip.base import NoSuchProvider
from calls.voip.sandbox import ENDED, SandboxProvider
from ccai.heartbeat import WORKER, seen_lately
from ccai.phones import parse_phone
from menus.models import Menu

KEYS = frozenset("0123456789*#")
LOOK = 0.2  # seconds between two looks


class Command(BaseCommand):
    """Makes a caller's line and follows its call."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Call this center at the sandbox, press keys, and follow the call.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NUMBER, --menu, --press, --hang-up-after and --follow."""
        parser.add_argument("number", metavar="NUMBER", help=_("who calls, such as +12025550123"))
        parser.add_argument("--menu", type=int, required=True, metavar="ID", help=_("the IVR menu that answers"))
        parser.add_argument(
            "--press", default="", metavar="KEYS", help=_("keys to press, one after each prompt, such as 1,2")
        )
        parser.add_argument(
            "--hang-up-after", type=float, metavar="SECONDS", help=_("hang up then, unless an agent has answered")
        )
        parser.add_argument(
            "--follow",
            type=float,
            default=60,
            metavar="SECONDS",
            help=_("tell what happens for so long; 60 by default"),
        )

    def handle(self, *args: Any, number: str, menu: int, press: str, follow: float, **options: Any) -> None:
        """The line has come in, and its call is followed until an agent talks to the caller, or it is over.

        CommandError, and no call, where the number, the menu or a key is wrong, or no sandbox is there to play it.
        """
        caller = parse_phone(number)
        if caller is None:
            raise CommandError(_("%(number)s is no phone number. Write one such as +12025550123.") % {"number": number})
        root = find_menu(menu)
        keys = read_keys(press)
        sandbox = find_sandbox()
        # The sandbox's books are in the database: the line and its call come at one moment, as they do in the world.
        with transaction.atomic():
            call = answer_phone(number=caller, menu=root, provider=sandbox.name)
            sandbox.ring(call.pk, from_number=caller, keys=keys, patience=options["hang_up_after"])
        self.say(_("Call %(call_id)s") % {"call_id": call.pk})
        if not is_clock_running():
            self.say(_("No worker seems to run, so nothing will happen. Start one with manage.py serve."))
        self.follow(call, follow)

    def follow(self, call: Call, seconds: float) -> None:
        """Each prompt that is heard and each status the call comes to is printed, for `seconds` at most."""
        heard = told = 0
        until = time.monotonic() + seconds
        while True:
            call.refresh_from_db(fields=["status", "fail_reason"])
            events = list(CallEvent.objects.filter(call=call).order_by("pk").values_list("new", "cause"))
            for status, cause in events[told:]:
                self.say(f"  {status} ({cause})")
            told = len(events)
            line = SandboxCall.objects.get(provider=call.voip_provider, call_ref=call.pk)
            for prompt in line.heard[heard:]:
                self.say(_('  hears "%(prompt)s"') % {"prompt": prompt})
            heard = len(line.heard)
            # A call may be over before its caller has heard why.
            if call.status == Status.CONNECTED or (call.status in OVER and line.step in ENDED):
                if call.status == Status.FAILED:
                    self.say(_("The call failed: %(reason)s.") % {"reason": call.fail_reason})
                return
            if time.monotonic() > until:
                self.say(_("The call goes on; it is not followed any longer."))
                return
            time.sleep(LOOK)

    def say(self, line: str) -> None:
        """A line on the screen, at once."""
        self.stdout.write(line)
        self.stdout.flush()


def find_menu(menu_id: int) -> Menu:
    """The IVR menu that answers. CommandError where there is none with this id that callers can reach."""
    menu = Menu.objects.filter(pk=menu_id).prefetch_related("deflection_options").first()
    if menu is None or menu.deleted:
        raise CommandError(_("There is no menu %(menu_id)s. Choose another.") % {"menu_id": menu_id})
    if menu.menu_type != Menu.MenuType.IVR:
        raise CommandError(
            _("Menu %(menu_id)s is no IVR menu: callers on the phone do not come there. Choose another.")
            % {"menu_id": menu_id}
        )
    return menu


def read_keys(text: str) -> str:
    """The keys in `text`, which may have commas and spaces between them. CommandError where one is not on a phone."""
    keys = text.replace(",", "").replace(" ", "")
    if not KEYS.issuperset(keys):
        raise CommandError(_("%(text)s cannot be pressed. Keys are 0 to 9, * and #, such as 1,2.") % {"text": text})
    return keys


def find_sandbox() -> SandboxProvider:
    """The first sandbox among the providers. CommandError where calls are carried by real ones alone."""
    for name in settings.CCAI_VOIP_PROVIDERS:
        try:
            carrier = provider(name)
        except NoSuchProvider:
            continue
        if isinstance(carrier, SandboxProvider):
            return carrier
    raise CommandError(_("CCAI_VOIP_PROVIDERS names no sandbox. Only a sandbox can play a caller."))


def is_clock_running() -> bool:
    """Whether a worker has given a sign of life lately. Where Redis does not answer no worker can run either."""
    try:
        return seen_lately([WORKER])[0]
    except redis.RedisError:
        return False
