"""Whose agents a person sees: everybody's, or those of the teams that a supervisor is limited to, and below.

Whoever may change logins is not limited, whatever stands there: they could lift their own limits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet

from agents.models import Team, User

UNLIMITED = "agents.change_user"


def teams_of(user: User | AnonymousUser) -> frozenset[int] | None:
    """The ids of the teams that `user` is limited to, with all below them; None where there is no such limit."""
    if user.is_anonymous:
        return frozenset()
    if user.has_perm(UNLIMITED):
        return None
    return limited_with_all_below(Team.objects.all(), User.limited_to_teams.through.objects.filter(user=user), "team")


def with_teams_below(team_ids: Collection[int]) -> set[int]:
    """`team_ids`, and the ids of all teams below them."""
    return with_all_below(Team.objects.all(), team_ids)


def with_all_below(tree: QuerySet, keys: Collection[int]) -> set[int]:
    """`keys`, and those of all rows of `tree` below them by their `parent`; one query, however deep it is."""
    return _below(tree.order_by().exclude(parent=None).values_list("pk", "parent"), keys) if keys else set()


def limited_with_all_below(tree: QuerySet, limits: QuerySet, column: str) -> frozenset[int] | None:
    """The keys of the rows of `tree` that `limits` name in their `column`, and of all below them; None where there are
    no limits; one query, which finds nothing then."""
    is_limit = Exists(limits.filter(**{column: OuterRef("pk")}))
    rows = list(tree.order_by().filter(Exists(limits)).values_list("pk", "parent", is_limit))
    return frozenset(_below((row[:2] for row in rows), {row[0] for row in rows if row[2]})) if rows else None


def _below(pairs: Iterable[tuple[int, int | None]], keys: Collection[int]) -> set[int]:
    found, last = set(keys), list(keys)
    below: dict[int | None, list[int]] = defaultdict(list)
    for key, parent in pairs:
        below[parent].append(key)
    while last:
        last = [key for parent in last for key in below[parent] if key not in found]
        found.update(last)
    return found
