"""Whose agents a person sees: everybody's, or those of the teams that a supervisor is limited to, and below.

Whoever may change logins is not limited, whatever stands there: they could lift their own limits.
"""

from collections import defaultdict
from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from agents.models import Team, User

UNLIMITED = "agents.change_user"


def teams_of(user: User | AnonymousUser) -> frozenset[int] | None:
    """The ids of the teams that `user` is limited to, with all below them; None where there is no such limit."""
    if user.is_anonymous:
        return frozenset()
    if user.has_perm(UNLIMITED):
        return None
    limits = set(user.limited_to_teams.values_list("pk", flat=True))
    return frozenset(with_teams_below(limits)) if limits else None


def with_teams_below(team_ids: Collection[int]) -> set[int]:
    """`team_ids`, and the ids of all teams below them."""
    return with_all_below(Team.objects.all(), team_ids)


def with_all_below(tree: QuerySet, keys: Collection[int]) -> set[int]:
    """`keys`, and those of all rows of `tree` below them by their `parent`; one query, however deep it is."""
    found, last = set(keys), list(keys)
    if not found:
        return found
    below: dict[int, list[int]] = defaultdict(list)
    for key, parent in tree.order_by().exclude(parent=None).values_list("pk", "parent"):
        below[parent].append(key)
    while last:
        last = [key for parent in last for key in below[parent] if key not in found]
        found.update(last)
    return found
