"""Which branches of the menu tree a person sees."""

from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser

from agents.models import User
from agents.scope import UNLIMITED, limited_with_all_below, teams_of, with_all_below
from menus.models import BranchLimit, Menu


def branches_of(user: User | AnonymousUser) -> frozenset[int] | None:
    """The ids of the menus that `user` is limited to, with all below them; None where there is no such limit."""
    if user.is_anonymous:
        return frozenset()
    if user.has_perm(UNLIMITED):
        return None
    return limited_with_all_below(Menu.objects.all(), BranchLimit.objects.filter(user=user), "menu")


def sees_everything(user: User | AnonymousUser) -> bool:
    """True where `user` is limited neither to branches nor to teams."""
    return branches_of(user) is None and teams_of(user) is None


def branch_ids(menu_ids: Collection[int]) -> set[int]:
    """`menu_ids`, and the ids of all menus below them, deleted ones too; one query."""
    return with_all_below(Menu.objects.all(), menu_ids)
