"""Whose agents a person sees: everybody's, or those of the teams that a supervisor is limited to, and below.

Whoever may change logins is not limited, whatever stands there: they could lift their own limits.
"""

from django.contrib.auth.models import AnonymousUser

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


def with_teams_below(team_ids: set[int]) -> set[int]:
    """`team_ids`, and the ids of all teams below them."""
    found, last = set(team_ids), set(team_ids)
    while last:
        last = set(Team.objects.filter(parent__in=last).values_list("pk", flat=True)) - found
        found |= last
    return found
