"""How a menu stands now, and what callers meet in it, at the top and at the end of its page."""

from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import User
from ccai.phones import wire_phone
from ccai.times import now
from menus import spoken
from menus.hours import Hours, find_faults, parse_hours
from menus.models import DeflectionOption, Menu
from menus.preview import Look, Standing, Switched, hours_sentence, standing

Occasion = DeflectionOption.Occasion
Kind = DeflectionOption.Kind
ICONS = {
    Look.OPEN: "check_circle",
    Look.AFTER_HOURS: "bedtime",
    Look.REDIRECTED: "alt_route",
    Look.CLOSED: "e911_emergency",
    Look.DELETED: "delete",
}
SWITCHED = (Look.CLOSED, Look.REDIRECTED)
WHEN: dict[Occasion, Promise] = {
    Occasion.AFTER_HOURS: gettext_lazy("While it is closed"),
    Occasion.REDIRECTION: gettext_lazy("While it is redirected"),
    Occasion.OVER_CAPACITY: gettext_lazy("When too many wait"),
}


class Instead(NamedTuple):
    """What callers get on an occasion instead of an agent."""

    when: Promise
    what: str
    words: str


def standing_context(menu: Menu) -> dict[str, Any]:
    """What the top of the page of `menu` shows."""
    option = menu.option(Occasion.REDIRECTION)
    redirection = option if option is not None and option.active else None
    now_it = stand(menu, redirection)
    by_hours = hours_sentence(hours, now()) if (hours := read_hours(menu)) and now_it.look in SWITCHED else ""
    return {
        "standing": now_it,
        "standing_icon": ICONS[now_it.look],
        "by_hours": by_hours,
        "closing": menu.closing,
        "closed_with": closed_with(menu),
        "redirection": option,
        "is_redirected": redirection is not None,
    }


def closed_with(menu: Menu) -> str:
    """The name of the menu whose whole branch is closed, and this one with it; empty where it is not so."""
    closing = menu.closing
    return closing.menu.name if closing and closing.menu_id != menu.pk and not menu.deleted else ""


def stand(menu: Menu, redirection: DeflectionOption | None) -> Standing:
    """How `menu` stands now, as a sentence."""
    if menu.hours is not None and find_faults(menu.hours) and not menu.deleted:
        return Standing(Look.AFTER_HOURS, _("Its hours cannot be read. Write them anew."))
    closing = menu.closing
    return standing(
        read_hours(menu),
        now(),
        closing=Switched(closing.closed_at, name_of(closing.closed_by), closing.reason) if closing else None,
        redirection=Switched(redirection.switched_at, name_of(redirection.switched_by)) if redirection else None,
        deleted=menu.deleted,
    )


def read_hours(menu: Menu) -> Hours | None:
    """The hours of `menu`; None where it has none, or none that can be read."""
    return None if menu.hours is None or find_faults(menu.hours) else parse_hours(menu.hours)


def name_of(user: User | None) -> str:
    """What a person is called; empty where nobody knows any more who it was."""
    return (user.get_full_name() or user.email) if user else ""


def heard_in(menu: Menu) -> SafeString:
    """What callers hear or read in `menu`, where their keys lead, and what they get where it does not take them."""
    below = spoken.choices(menu)
    instead = [] if below else [what_instead(menu, occasion) for occasion in Occasion]
    context = {
        "menu": menu,
        "is_ivr": menu.menu_type == Menu.MenuType.IVR,
        "prompt": spoken.prompt(menu, below) if below else menu.output_msg,
        "keys": list(enumerate(below[: spoken.KEYS], start=1)),
        "beyond": below[spoken.KEYS :],
        "instead": [one for one in instead if one is not None],
    }
    return mark_safe(render_to_string("admin/menus/menu/heard.html", context))  # noqa: S308


def what_instead(menu: Menu, occasion: Occasion) -> Instead | None:
    """What callers of `menu` get on this occasion; None where it cannot come about."""
    option = menu.option(occasion)
    if option is None and occasion != Occasion.AFTER_HOURS:
        return None
    what = str(Kind(option.kind).label if option else Kind.MESSAGE.label)
    if option is not None and option.kind == Kind.QUEUE and option.to_menu:
        what = _("On to %(menu)s") % {"menu": option.to_menu.path()["name"]}
    if option is not None and option.kind == Kind.PHONE:
        what = _("On to %(number)s") % {"number": wire_phone(option.to_number)}
    return Instead(WHEN[occasion], what, spoken.words(occasion, option))
