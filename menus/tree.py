"""What people do to the tree of menus: move, close in an emergency, redirect, delete, and undo each of these.

Every verb locks the whole tree first, so two at once come one after the other and each judges what the other left.
A verb refuses with a ValidationError whose sentences say what is wrong and what to do; then nothing has changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from agents.models import User
from ccai import audit
from ccai.times import now
from menus.models import AgentGroup, Closing, DeflectionOption, Menu


class Where(StrEnum):
    """Where a menu goes, as seen from another."""

    BEFORE = "before"
    AFTER = "after"
    FIRST = "first"  # below it, before all others there
    LAST = "last"  # below it, after all others there


class Tree:
    """All menus, deleted ones too, locked until the transaction ends. Call it in a transaction."""

    def __init__(self) -> None:
        # Calls that are made meanwhile may refer to the rows: only other changes of menus wait.
        rows = Menu.objects.select_for_update(no_key=True).order_by("pk")
        self.menus = {menu.pk: menu for menu in rows}
        self.children: dict[int | None, list[Menu]] = defaultdict(list)
        for menu in sorted(self.menus.values(), key=lambda menu: (menu.position, menu.pk)):
            self.children[menu.parent_id].append(menu)

    def find(self, menu: Menu) -> Menu:
        """`menu` as it stands now. Raises ValidationError where it is gone."""
        if menu.pk not in self.menus:
            raise ValidationError(_("This menu is not there any more. Load the page again."), code="gone")
        return self.menus[menu.pk]

    def branch(self, menu: Menu) -> Iterator[Menu]:
        """`menu` and all below it, each after the one it stands below."""
        yield menu
        for child in self.children[menu.pk]:
            yield from self.branch(child)

    def has_living(self, menu: Menu) -> bool:
        """True where something that is not deleted stands right below `menu`."""
        return any(not child.deleted for child in self.children[menu.pk])


@transaction.atomic
def put(menu: Menu, where: Where, other: Menu | None) -> Menu:
    """`menu`, with all below it, stands where `where` says, as seen from `other`; None is the top of the tree.

    Raises ValidationError as `move` does, and for a place before or after the top.
    """
    tree = Tree()
    other = other and tree.find(other)
    if where in (Where.FIRST, Where.LAST):
        parent = other
        below = [child for child in tree.children[parent.pk if parent else None] if child.pk != menu.pk]
        before = below[0] if below and where == Where.FIRST else None
    else:
        if other is None:
            raise ValidationError(_("Choose the menu beside which this one shall stand."))
        parent = tree.menus[other.parent_id] if other.parent_id else None
        beside = tree.children[other.parent_id]
        later = [one for one in beside[beside.index(other) + 1 :] if one.pk != menu.pk]
        before = other if where == Where.BEFORE else (later[0] if later else None)
    if before is not None and before.pk == menu.pk:
        return before
    return _move(tree, menu, parent, before)


@transaction.atomic
def move(menu: Menu, *, parent: Menu | None, before: Menu | None = None) -> Menu:
    """`menu`, with all below it, stands below `parent` (None: at the top), before `before`, else last. Returns it.

    Its siblings are shifted so that each has a position of its own. Raises ValidationError where it is deleted or
    `parent` is, where it would stand below itself, where the types differ, where `parent` has groups of agents, and
    where `before` does not stand below `parent` (any more).
    """
    return _move(Tree(), menu, parent, before)


def _move(tree: Tree, menu: Menu, parent: Menu | None, before: Menu | None) -> Menu:
    menu, parent, before = tree.find(menu), parent and tree.find(parent), before and tree.find(before)
    parent_id = parent.pk if parent else None
    names = {"menu": menu.name, "parent": parent.name if parent else ""}
    if menu.deleted:
        raise ValidationError(_("“%(menu)s” is deleted. Restore it first."), params=names)
    if parent is not None and parent.pk != menu.parent_id:
        _check_parent(tree, menu, parent, names)
    if before is not None and (before.parent_id != parent_id or before.pk == menu.pk):
        raise ValidationError(_("Somebody has moved menus here meanwhile. Load the page again."), code="moved")
    siblings = [one for one in tree.children[parent_id] if one.pk != menu.pk]
    place = siblings.index(before) if before else len(siblings)
    earlier, later = siblings[:place], siblings[place:]
    changed = []
    if menu.parent_id != parent_id:
        menu.parent = parent
        changed.append(menu)
    # The menu takes the next number after the one before it; only those that are in the way make room.
    number = earlier[-1].position + 1 if earlier else max(0, later[0].position - 1) if later else 0
    changed += _number(menu, number)
    for one, following in pairwise([*earlier, menu, *later]):
        if following.position <= one.position:
            changed += _number(following, one.position + 1)
    if menu in changed:
        menu.save(update_fields=["parent", "position"])
    with audit.what_follows():
        for one in dict.fromkeys(changed):
            if one is not menu:
                one.save(update_fields=["parent", "position"])
    return menu


def _number(menu: Menu, position: int) -> list[Menu]:
    """`menu` has this position. Returns it where it had another, else nothing."""
    if menu.position == position:
        return []
    menu.position = position
    return [menu]


def _check_parent(tree: Tree, menu: Menu, parent: Menu, names: dict[str, str]) -> None:
    """Raise ValidationError where `menu` cannot stand below `parent`."""
    if parent.pk == menu.pk:
        raise ValidationError(_("A menu cannot stand below itself."), code="loop")
    if parent in tree.branch(menu):
        sentence = _("“%(menu)s” cannot stand below “%(parent)s”, which stands below it.")
        raise ValidationError(sentence, code="loop", params=names)
    if parent.deleted:
        raise ValidationError(_("“%(parent)s” is deleted. Restore it first, or choose another."), params=names)
    if parent.menu_type != menu.menu_type:
        sentence = _("“%(menu)s” is of type %(type)s and cannot stand below “%(parent)s”, which is of type %(other)s.")
        types = {"type": menu.get_menu_type_display(), "other": parent.get_menu_type_display()}
        raise ValidationError(sentence, params={**names, **types})
    _check_groups(tree, parent)


def _check_groups(tree: Tree, parent: Menu) -> None:
    """Raise ValidationError where `parent` would take no calls any more though agents serve it."""
    if AgentGroup.objects.filter(menu=parent).exists() and not tree.has_living(parent):
        sentence = _("“%(parent)s” takes calls for its groups, and would not with a menu below it. Remove these first.")
        raise ValidationError(sentence, params={"parent": parent.name})


@transaction.atomic
def close(menu: Menu, *, branch: bool, reason: str, user: User | None) -> Closing:
    """`menu`, or all that is not deleted from it downwards, is closed from now on, whatever its hours say.

    What another emergency has closed already stays that one's. Raises ValidationError where nothing is left to close,
    and where only a `branch` can be closed, since callers walk through this menu.
    """
    tree = Tree()
    menu = tree.find(menu)
    params = {"menu": menu.name}
    if menu.deleted:
        raise ValidationError(_("“%(menu)s” is deleted. Nobody gets there."), params=params)
    if not branch and tree.has_living(menu):
        sentence = _("Callers walk through “%(menu)s” to the menus below it. Close the whole branch.")
        raise ValidationError(sentence, params=params)
    these = [one for one in (tree.branch(menu) if branch else [menu]) if not one.deleted and one.closing_id is None]
    if not these:
        raise ValidationError(_("“%(menu)s” is closed already."), code="closed", params=params)
    closing = Closing.objects.create(menu=menu, whole_branch=branch, reason=reason.strip()[:200], closed_by=user)
    Menu.objects.filter(pk__in=[one.pk for one in these]).update(closing=closing)
    return closing


@transaction.atomic
def reopen(closing: Closing, user: User | None) -> Closing:
    """What `closing` closed goes by its hours again. Raises ValidationError where that was undone before."""
    Tree()
    closing = Closing.objects.select_for_update(of=("self",)).get(pk=closing.pk)
    if closing.opened_at is not None:
        raise ValidationError(_("This has been opened again already."), code="open")
    closing.opened_at, closing.opened_by = now(), user
    closing.save(update_fields=["opened_at", "opened_by"])
    Menu.objects.filter(closing=closing).update(closing=None)
    return closing


@transaction.atomic
def delete(menu: Menu, *, substitute: Menu | None) -> list[Menu]:
    """`menu` and all below it are deleted, as far as they were not. Returns them. The rows stay, for their calls.

    Calls that wait there, or come there later by a redirection or at their time, go to `substitute`; None: those that
    wait or come at their time are `failed`, `menu_deleted`, and redirected ones get a message. Raises ValidationError
    where it is deleted already, and where `substitute` takes no calls or is one of those that are deleted.
    """
    tree = Tree()
    menu, substitute = tree.find(menu), substitute and tree.find(substitute)
    if menu.deleted:
        raise ValidationError(_("“%(menu)s” is deleted already."), code="deleted", params={"menu": menu.name})
    these = [one for one in tree.branch(menu) if not one.deleted]
    if substitute is not None:
        params = {"substitute": substitute.name}
        if substitute.deleted or substitute in these:
            sentence = _("“%(substitute)s” is deleted, too. Choose another menu for the calls that wait.")
            raise ValidationError({"substitute": ValidationError(sentence, params=params)})
        if tree.has_living(substitute):
            sentence = _("“%(substitute)s” has menus below it and takes no calls. Choose one of those.")
            raise ValidationError({"substitute": ValidationError(sentence, params=params)})
    Menu.objects.filter(pk__in=[one.pk for one in these]).update(deleted=True, substitute=substitute)
    return these


@transaction.atomic
def restore(menu: Menu, *, branch: bool = False) -> list[Menu]:
    """`menu` is there again where it stood, and with `branch` all deleted ones below it. Returns those it brought back.

    Raises ValidationError where it is not deleted, and where what it stands below is, or has groups of agents by now.
    """
    tree = Tree()
    menu = tree.find(menu)
    parent = tree.menus[menu.parent_id] if menu.parent_id else None
    if not menu.deleted:
        raise ValidationError(_("“%(menu)s” is not deleted."), params={"menu": menu.name})
    if parent is not None and parent.deleted:
        sentence = _("“%(menu)s” stands below “%(parent)s”, which is deleted. Restore that first.")
        raise ValidationError(sentence, params={"menu": menu.name, "parent": parent.name})
    if parent is not None:
        _check_groups(tree, parent)
    these = [one for one in (tree.branch(menu) if branch else [menu]) if one.deleted]
    Menu.objects.filter(pk__in=[one.pk for one in these]).update(deleted=False, substitute=None)
    return these


@transaction.atomic
def switch_redirection(menu: Menu, on: bool, user: User | None) -> DeflectionOption:
    """The redirection of `menu` is on or off, and says who switched it and when; it keeps what it is set to.

    Raises ValidationError where the menu has none. Where it is so already, nothing changes.
    """
    Tree()
    options = DeflectionOption.objects.select_for_update(of=("self",))
    option = options.filter(menu=menu, occasion=DeflectionOption.Occasion.REDIRECTION).first()
    if option is None:
        sentence = _("Nothing says where “%(menu)s” is redirected to. Set its manual redirection first.")
        raise ValidationError(sentence, params={"menu": menu.name})
    if option.active != on:
        option.active, option.switched_at, option.switched_by = on, now(), user
        option.save(update_fields=["active", "switched_at", "switched_by"])
    return option


def in_order(menus: Iterable[Menu]) -> Iterator[tuple[Menu, int]]:
    """`menus`, given in the order of siblings, in that of the tree, each with its depth among them, 0 at the top."""
    by_id = {menu.pk: menu for menu in menus}
    children: dict[int | None, list[Menu]] = defaultdict(list)
    for menu in by_id.values():
        children[menu.parent_id if menu.parent_id in by_id else None].append(menu)
    ahead = [(menu, 0) for menu in reversed(children[None])]
    while ahead:
        menu, depth = ahead.pop()
        yield menu, depth
        ahead += [(child, depth + 1) for child in reversed(children[menu.pk])]


def deflecting_to(menus: list[Menu]) -> list[DeflectionOption]:
    """The options of other menus that are not deleted that send calls to one of `menus`, with their menus."""
    ids = [menu.pk for menu in menus]
    options = DeflectionOption.objects.filter(kind=DeflectionOption.Kind.QUEUE, to_menu__in=ids, menu__deleted=False)
    return list(options.exclude(menu__in=ids).select_related("menu", "to_menu").order_by("menu__name", "occasion"))
