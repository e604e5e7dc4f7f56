"""The tree of menus as rows of a table: what each is, and how it stands at one moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from agents.models import User
from menus.models import AgentGroup, Closing, DeflectionOption, Menu


class Mark(NamedTuple):
    """A word about a menu, with its icon."""

    key: str
    words: str | Promise
    icon: str


STATES = {
    Menu.State.OPEN: Mark("open", _("Open"), "check_circle"),
    Menu.State.AFTER_HOURS: Mark("after_hours", _("After hours"), "bedtime"),
    Menu.State.MANUAL_REDIRECTION: Mark("redirected", _("Redirected"), "alt_route"),
}
CLOSED = Mark("closed", _("Closed"), "block")
UNREADABLE = Mark("unreadable", _("Hours cannot be read"), "error")
DELETED = Mark("deleted", _("Deleted"), "delete")
HIDDEN = Mark("hidden", _("Hidden"), "visibility_off")
NOBODY = Mark("nobody", _("No agents"), "person_off")
TYPE_WORDS = {menu_type: menu_type.label for menu_type in Menu.MenuType}
TYPE_ICONS = {Menu.MenuType.IVR: "dialpad", Menu.MenuType.MOBILE: "smartphone", Menu.MenuType.WEB: "language"}


@dataclass
class Row:
    """One menu of the tree."""

    menu: Menu
    level: int  # 1 at the top
    is_match: bool  # False: it is shown since others below it are
    is_leaf: bool  # callers do not walk on from here
    agents: int  # who log in, in all its groups together
    marks: list[Mark]
    redirects: bool | None  # None where nothing says where to
    below: list["Row"] = field(default_factory=list)  # those that are shown
    leaves: int = 0  # below it that are not deleted
    open_leaves: int = 0

    def __post_init__(self) -> None:
        """Work out once what is written several times: as text, and fit to stand in a page."""
        self.pk = str(self.menu.pk)
        self.depth = str(self.level)
        self.name = conditional_escape(self.menu.name)
        self.is_deleted = self.menu.deleted
        self.type_words = TYPE_WORDS[Menu.MenuType(self.menu.menu_type)]

    @property
    def is_closed(self) -> bool:
        """True where an emergency has closed it."""
        return self.menu.closing_id is not None and not self.menu.deleted

    @property
    def agents_word(self) -> str:
        """What follows the number of agents."""
        return ngettext("agent", "agents", self.agents)

    @property
    def type_icon(self) -> str:
        """The icon of where it is met."""
        return TYPE_ICONS[Menu.MenuType(self.menu.menu_type)]


def read_rows(menus: Iterable[Menu], matches: Collection[int], at: datetime) -> list[Row]:
    """The rows of those of `menus` with an id in `matches`, and of those they stand below, in the order of the tree.

    `menus` are all that somebody sees, in the order of siblings. Two queries, however many there are.
    """
    by_id = {menu.pk: menu for menu in menus}
    children: dict[int | None, list[Menu]] = defaultdict(list)
    for menu in by_id.values():
        children[menu.parent_id if menu.parent_id in by_id else None].append(menu)
    options = _options(by_id)
    agents = agents_of(by_id)
    rows: list[Row] = []

    def add(menu: Menu, level: int) -> Row | None:
        """The row of `menu`, with those of what is below it after it; None where neither it nor they are shown."""
        place = len(rows)
        living = [child for child in children[menu.pk] if not child.deleted]
        row = Row(menu, level, menu.pk in matches, not living, agents.get(menu.pk, 0), [], None)
        rows.append(row)
        for child in children[menu.pk]:
            below = add(child, level + 1)
            if below is None:
                continue
            row.below.append(below)
            row.leaves += below.leaves
            row.open_leaves += below.open_leaves
        _judge(row, options.get(menu.pk, []), at)
        if row.is_match or row.below:
            return row
        del rows[place]
        return None

    for menu in children[None]:
        add(menu, 1)
    return rows


def _judge(row: Row, options: list[DeflectionOption], at: datetime) -> None:
    """How the menu of `row` stands: a menu that callers walk through has no state of its own, but how many below have.

    What is not shown of the branch is not counted."""
    menu = row.menu
    redirection = next((one for one in options if one.occasion == DeflectionOption.Occasion.REDIRECTION), None)
    row.redirects = redirection.active if redirection else None
    if menu.deleted:
        row.marks = [DELETED]
        return
    if row.is_closed:
        row.marks.append(CLOSED)
    elif row.is_leaf:
        try:
            row.marks.append(STATES[Menu.State(menu.state_at(at))])
        except ValueError:
            row.marks.append(UNREADABLE)
    if row.is_leaf:
        row.leaves, row.open_leaves = 1, int(row.marks[0].key == "open")
        if not row.agents:
            row.marks.append(NOBODY)
    if menu.hidden:
        row.marks.append(HIDDEN)


def _options(menus: dict[int, Menu]) -> dict[int, list[DeflectionOption]]:
    """The options of each of `menus`, in one query; the menus know them from then on."""
    found: dict[int, list[DeflectionOption]] = defaultdict(list)
    for option in DeflectionOption.objects.all():
        found[option.menu_id].append(option)
    for menu in menus.values():
        menu._prefetched_objects_cache = {"deflection_options": found.get(menu.pk, [])}
    return found


def agents_of(menu_ids: Collection[int]) -> dict[int, int]:
    """How many agents who may log in the groups of each menu have together; those that nobody serves are left out."""
    served = AgentGroup.objects.filter(agents__user__is_active=True).values("menu")
    counts = served.annotate(agents=Count("agents", distinct=True, filter=Q(agents__user__is_active=True)))
    return {menu_id: count for menu_id, count in counts.values_list("menu", "agents") if menu_id in menu_ids}


@dataclass(frozen=True)
class Shut:
    """An emergency that is not over."""

    closing: Closing
    menus: int  # that it has closed, of those that somebody sees
    may_reopen: bool

    @property
    def by(self) -> str:
        """Who closed it; "" where nobody did, or they are no more."""
        user: User | None = self.closing.closed_by
        return (user.get_full_name() or user.email) if user else ""


def open_closings(menus: Iterable[Menu], *, may_reopen: bool) -> list[Shut]:
    """The emergencies that have closed some of `menus`, the latest first. One that began outside of them is not
    for those who see only these to end."""
    counts: dict[int, int] = defaultdict(int)
    ids = set()
    for menu in menus:
        ids.add(menu.pk)
        if menu.closing_id is not None and not menu.deleted:
            counts[menu.closing_id] += 1
    closings = Closing.objects.filter(pk__in=counts, opened_at=None).select_related("menu", "closed_by")
    return [Shut(closing, counts[closing.pk], may_reopen and closing.menu_id in ids) for closing in closings]
