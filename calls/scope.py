"""Which calls and agents a person sees: all, or those of the branches and teams that a supervisor is limited to.

With both limits, what belongs to either is seen. A call belongs to a branch by the menu it was for or waits in, and to
a team by its agent; an agent belongs to a branch by serving a menu of it.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from agents.models import Agent, User
from agents.scope import teams_of
from calls.models import Call
from calls.models.call import CallQuerySet
from menus.models import Menu
from menus.scope import branches_of


@dataclass(frozen=True)
class Scope:
    """Ids of menus and teams; both None where nothing is hidden."""

    menus: frozenset[int] | None
    teams: frozenset[int] | None

    @property
    def is_limited(self) -> bool:
        """True where anything is hidden."""
        return self.menus is not None or self.teams is not None

    def calls(self) -> CallQuerySet:
        """The calls that are seen."""
        if not self.is_limited:
            return Call.objects.all()
        menus = self.menus or ()
        return Call.objects.filter(
            Q(menu__in=menus) | Q(queue__in=menus) | Q(agent__in=Agent.objects.filter(team__in=self.teams or ()))
        )

    def agents(self) -> QuerySet[Agent]:
        """The agents who are seen."""
        if not self.is_limited:
            return Agent.objects.all()
        serving = Agent.groups.through.objects.filter(agentgroup__menu__in=self.menus or ()).values("agent_id")
        return Agent.objects.filter(Q(team__in=self.teams or ()) | Q(pk__in=serving))

    def queues(self) -> QuerySet[Menu]:
        """The menus that are seen: all of them to somebody who is limited to teams alone."""
        return Menu.objects.all() if self.menus is None else Menu.objects.filter(pk__in=self.menus)


def scope_of(user: User) -> Scope:
    """What `user` sees."""
    return Scope(branches_of(user), teams_of(user))
