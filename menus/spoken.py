"""What callers on the phone are told in a menu, and which keys lead where: for the line, and for who edits the menu."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from menus.models import DeflectionOption, Menu

Occasion = DeflectionOption.Occasion
Kind = DeflectionOption.Kind

# A caller presses one key.
KEYS = 9
# Said where a menu has no words of its own.
NOBODY = gettext_lazy("Nobody can take your call now. Please call again later.")
LEAVE_A_MESSAGE = gettext_lazy("Please leave a message after the tone.")
NO_CHOICE = gettext_lazy("That is none of the choices.")
STAR_FOR_A_MESSAGE = gettext_lazy("To leave a message instead of waiting, press star.")
BUSY: dict[Kind, Promise] = {
    Kind.MESSAGE: gettext_lazy("All our agents are busy. Please call again later."),
    Kind.CALLBACK: gettext_lazy("All our agents are busy. You keep your place, and we will call you back."),
    Kind.SCHEDULED_CALL: gettext_lazy("All our agents are busy. We will call you later."),
}


def choices(menu: Menu) -> list[Menu]:
    """The menus below `menu` that a caller can choose, in the order of their digits, from 1 on."""
    return list(Menu.objects.filter(parent=menu, deleted=False, hidden=False).order_by("position", "pk"))


def prompt(menu: Menu, below: Sequence[Menu]) -> str:
    """What a caller hears in `menu`: its message, or the choices `below` where it has none."""
    return menu.output_msg or " ".join(
        _("Press %(digit)s for %(menu)s.") % {"digit": digit, "menu": child.name}
        for digit, child in enumerate(below[:KEYS], start=1)
    )


def words(occasion: str, option: DeflectionOption | None) -> str:
    """What a caller hears whom a menu does not take on this `occasion`; empty where they are handed on unspoken."""
    if option is None:
        return str(NOBODY)
    kind = Kind(option.kind)
    if option.message and kind != Kind.QUEUE:
        return option.message
    if kind == Kind.VOICEMAIL:
        return str(LEAVE_A_MESSAGE)
    if kind in (Kind.QUEUE, Kind.PHONE):
        return ""
    return str(BUSY[kind] if occasion == Occasion.OVER_CAPACITY else NOBODY)
