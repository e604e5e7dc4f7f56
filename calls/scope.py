"""What a person sees: all of it, or what belongs to the branches and teams that a supervisor is limited to.

With both limits, what belongs to either is seen. A call belongs to a branch by the menu it was for or waits in, and to
a team by its agent; an agent belongs to a branch by serving a menu of it. What agents did and were offered (statuses,
engagements, offers, dial prompts) is seen with the agent. End users, contacts and tickets are seen where a call with
them, or about them, is. Menus are limited by branches alone, teams by teams alone.

What is outside is not listed, and is not there: 404. What everybody shares stays: languages, numbers, dispositions.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from agents.models import Agent, Team, User
from agents.scope import teams_of
from calls.models import Call, Contact, EndUser, Ticket
from calls.models.call import CallQuerySet
from menus.models import Menu
from menus.scope import branches_of

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Scope:
    """Ids of menus and teams; both None where nothing is hidden."""

    menus: frozenset[int] | None
    teams: frozenset[int] | None

    @property
    def is_limited(self) -> bool:
        """True where anything is hidden."""
        return self.menus is not None or self.teams is not None

    @cached_property
    def _team_members(self) -> list[int]:
        # Written out, so that a database finds few calls by their indexes, and many by walking through the newest.
        return list(Agent.objects.filter(team__in=self.teams or ()).values_list("pk", flat=True))

    @cached_property
    def _agent_ids(self) -> list[int]:
        return list(self.agents().values_list("pk", flat=True))

    def calls(self) -> CallQuerySet:
        """The calls that are seen."""
        if not self.is_limited:
            return Call.objects.all()
        seen = self.in_branches()
        if self.teams is not None:
            seen |= Q(agent__in=self._team_members)
        return Call.objects.filter(seen)

    def in_branches(self) -> Q:
        """Which calls belong to the branches, whoever had them; empty where branches limit nothing."""
        return Q() if self.menus is None else Q(menu__in=self.menus) | Q(queue__in=self.menus)

    def agents(self) -> QuerySet[Agent]:
        """The agents who are seen."""
        if not self.is_limited:
            return Agent.objects.all()
        serving = Agent.groups.through.objects.filter(agentgroup__menu__in=self.menus or ()).values("agent_id")
        return Agent.objects.filter(Q(team__in=self.teams or ()) | Q(pk__in=serving))

    def of_agents(self, rows: QuerySet[Row], column: str = "agent") -> QuerySet[Row]:
        """Those of `rows` whose agent, in `column`, is seen."""
        return rows.filter(**{f"{column}__in": self._agent_ids}) if self.is_limited else rows

    def queues(self) -> QuerySet[Menu]:
        """The menus that are seen: all of them to somebody who is limited to teams alone."""
        return Menu.objects.all() if self.menus is None else Menu.objects.filter(pk__in=self.menus)

    def agent_teams(self) -> QuerySet[Team]:
        """The teams that are seen: all of them to somebody who is limited to branches alone."""
        return Team.objects.all() if self.teams is None else Team.objects.filter(pk__in=self.teams)

    def end_users(self) -> QuerySet[EndUser]:
        """The end users who are seen."""
        return (
            EndUser.objects.filter(pk__in=self._calls_values("end_user")) if self.is_limited else EndUser.objects.all()
        )

    def contacts(self) -> QuerySet[Contact]:
        """The contacts of the built-in CRM who are seen."""
        if not self.is_limited:
            return Contact.objects.all()
        return Contact.objects.filter(out_contact_id__in=self.end_users().values("out_contact_id"))

    def tickets(self) -> QuerySet[Ticket]:
        """The tickets of the built-in CRM that are seen."""
        return (
            Ticket.objects.filter(ticket_id__in=self._calls_values("out_ticket_id"))
            if self.is_limited
            else Ticket.objects.all()
        )

    def _calls_values(self, column: str) -> QuerySet[Call, Any]:
        return self.calls().filter(**{f"{column}__isnull": False}).order_by().values(column)


def scope_of(user: User | AnonymousUser) -> Scope:
    """What `user` sees: nothing, where nobody has logged in. It is read once for each time that the user is read, which
    is once a request."""
    known: Scope | None = user.__dict__.get("_seen_scope")
    if known is None:
        known = user.__dict__["_seen_scope"] = Scope(branches_of(user), teams_of(user))
    return known
