"""Shapes: menus as the wire shows them, in the manner of the call object (contract section 2)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypedDict

from django.db.models import QuerySet

from ccai.phones import wire_phone
from ccai.shapes import Keywords, Phone, Seconds, Words
from menus.models import AgentGroup, Menu, MenuPath, MenuSnapshot


class GroupObject(TypedDict):
    """Agents who are offered a menu's calls together."""

    id: int
    name: str
    position: int
    timeout_seconds: Annotated[Seconds, Keywords("After which the next group joins.")]
    agent_ids: list[int]


class MenuObject(MenuSnapshot):
    """The menu object: the keys of `selected_menu` and these, in this order."""

    menu_path: MenuPath
    leaf: Annotated[bool, Keywords("Nothing is below it: its callers wait in a queue.")]
    state: Annotated[
        Annotated[str, Words(Menu.State)] | None,
        Keywords("null where its hours cannot be read, of which the log says more."),
    ]
    recording: Annotated[str, Words(Menu.RecordingOption, "RecordingOption")]
    offer_type: Annotated[str, Words(Menu.OfferType, "OfferType")]
    priority: int
    substitute_id: Annotated[int | None, Keywords("Where waiting calls go when the menu is deleted.")]
    languages: Annotated[list[str], Keywords("None: all that are live.")]
    outbound_numbers: list[Phone]
    groups: list[GroupObject]


class MenuNode(MenuSnapshot):
    """A menu with those right below it."""

    children: list["MenuNode"]


class Ways:
    """The way to each menu, deleted or not, and what stands below it; read in one query."""

    def __init__(self) -> None:
        rows = list(Menu.objects.order_by().values_list("pk", "parent_id", "name", "deleted"))
        self._menus = {pk: (parent_id, name) for pk, parent_id, name, _ in rows}
        self._with_children = {parent_id for _, parent_id, _, deleted in rows if not deleted}

    def path(self, menu: Menu) -> MenuPath:
        """The way from the root to `menu`, as `Menu.path` gives it."""
        found: list[tuple[int, str]] = []
        pk: int | None = menu.pk
        while pk is not None and len(found) <= len(self._menus):
            parent_id, name = self._menus[pk]
            found.append((pk, name))
            pk = parent_id
        found.reverse()
        return MenuPath(
            items_count=len(found),
            name="/".join(name for _, name in found),
            materialized_path="/".join(str(pk) for pk, _ in found),
        )

    def is_leaf(self, menu: Menu) -> bool:
        """True where nothing that is not deleted stands below `menu`."""
        return menu.pk not in self._with_children


def menus_to_show(menus: QuerySet[Menu]) -> QuerySet[Menu]:
    """`menus`, with all that `menu_object` shows read along, in a fixed number of queries."""
    return menus.prefetch_related(
        "languages", "deflection_options", "groups__agents", "number_choices__outbound_number"
    )


def menu_object(menu: Menu, ways: Ways, at: datetime) -> MenuObject:
    """`menu` as the wire shows one, with its `state` at the moment `at`. It should come from `menus_to_show`.

    No languages mean all that are live. Groups stand in the order in which calls are offered to them.
    """
    return MenuObject(
        **menu.snapshot(),
        menu_path=ways.path(menu),
        leaf=ways.is_leaf(menu),
        state=_state(menu, at),
        recording=menu.recording,
        offer_type=menu.offer_type,
        priority=menu.priority,
        substitute_id=menu.substitute_id,
        languages=[language.code for language in menu.languages.all()],
        outbound_numbers=[
            shown for one in menu.number_choices.all() if (shown := wire_phone(one.outbound_number.number))
        ],
        groups=[group_object(group) for group in menu.groups.all()],
    )


def _state(menu: Menu, at: datetime) -> str | None:
    """The state of `menu`; None where its hours cannot be read, so that one such menu hides no other."""
    try:
        return menu.state_at(at)
    except ValueError:
        return None


def group_object(group: AgentGroup) -> GroupObject:
    """`group` as the wire shows it."""
    return GroupObject(
        id=group.pk,
        name=group.name,
        position=group.position,
        timeout_seconds=group.timeout_seconds,
        agent_ids=sorted(agent.pk for agent in group.agents.all()),
    )


def menu_tree(menus: Iterable[Menu]) -> list[MenuNode]:
    """`menus` as a tree, siblings by position. One whose parent is not among them stands at the top."""
    shown = {menu.pk: MenuNode(**menu.snapshot(), children=[]) for menu in menus}
    below: dict[int | None, list[MenuNode]] = defaultdict(list)
    for node in sorted(shown.values(), key=lambda node: (node["position"], node["id"])):
        below[node["parent_id"] if node["parent_id"] in shown else None].append(node)
    for pk, node in shown.items():
        node["children"] = below[pk]
    return below[None]
