"""GET /agents, /agents/{id} and /teams: who answers, as programs read it, in the manner of contract section 7."""

from typing import Any

import django_filters
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower
from rest_framework.request import Request
from rest_framework.response import Response

from agents.errors import NO_SUCH_AGENT
from agents.models import Agent, Team
from agents.serializers import agent_object, agents_to_show, team_object
from ccai.api.filters import AnyOf, narrowed, one_of, read_boolean, read_pk, read_word, time_filters
from ccai.api.pagination import paginate
from ccai.api.views import ApiView
from ccai.errors import Refused

AGENT_SORT_COLUMNS = {"id": "pk", "status_updated_at": "status_since"}
TEAM_SORT_COLUMNS = {"id": "pk"}


class Email(AnyOf):
    """Agents with any of these addresses, compared without case."""

    def filter(self, qs: QuerySet[Agent], value: list[str]) -> QuerySet[Agent]:
        """`qs`, narrowed where anything was given."""
        if not value:
            return qs
        return qs.alias(address=Lower("user__email")).filter(address__in=[address.lower() for address in value])


class AgentFilter(django_filters.FilterSet):
    """Filters of GET /agents."""

    email = Email(reader=read_word)
    agent_number = AnyOf(reader=read_word)
    status = AnyOf(reader=one_of(*Agent.Status.values))
    active = AnyOf(field_name="user__is_active", reader=read_boolean)
    team_id = AnyOf(field_name="team", reader=read_pk)

    class Meta:
        model = Agent
        fields: list[str] = []


AgentFilter.base_filters.update(time_filters(status_updated_at="status_since"))


class TeamFilter(django_filters.FilterSet):
    """Filters of GET /teams."""

    name = AnyOf(reader=read_word)
    parent_id = AnyOf(field_name="parent", reader=read_pk)

    class Meta:
        model = Team
        fields: list[str] = []


class AgentsView(ApiView):
    """`/agents`."""

    def get(self, request: Request) -> Response:
        """GET /agents: a bare array of agent objects, active or not, filtered, sorted and by page."""
        asked = narrowed(agents_to_show(Agent.objects.all()), request.query_params, AgentFilter)
        page = paginate(asked, request, AGENT_SORT_COLUMNS)
        return Response([agent_object(agent) for agent in page.rows], headers=page.headers)


class AgentView(ApiView):
    """`/agents/{id}`."""

    def get(self, request: Request, agent_id: str) -> Response:
        """GET /agents/{id}: the agent object."""
        # Beyond 64 bits there is no id, and no database would take the number.
        agents = agents_to_show(Agent.objects.all())
        agent = agents.filter(pk=int(agent_id)).first() if len(agent_id) < 19 else None
        if agent is None:
            raise Refused(NO_SUCH_AGENT, agent_id=agent_id)
        return Response(agent_object(agent))


def teams_to_show() -> QuerySet[Team, Any]:
    """All teams, each with the number of its own active agents as `agents_count`."""
    return Team.objects.annotate(agents_count=Count("agents", filter=Q(agents__user__is_active=True)))


class TeamsView(ApiView):
    """`/teams`."""

    def get(self, request: Request) -> Response:
        """GET /teams: a bare array of team objects, filtered, sorted and by page."""
        page = paginate(narrowed(teams_to_show(), request.query_params, TeamFilter), request, TEAM_SORT_COLUMNS)
        return Response([team_object(team, team.agents_count) for team in page.rows], headers=page.headers)
