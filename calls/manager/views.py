"""The verbs of the management API: parse, read a page, show. Nothing is written here."""

from collections.abc import Mapping
from typing import Any, TypedDict

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent, Language
from agents.resources import AgentFilter
from calls.filters import filter_calls
from calls.manager.activities import Activities, activity_objects
from calls.manager.listings import RowListing
from calls.manager.pages import Page, page_of
from calls.manager.shapes import (
    Teams,
    agent_object,
    agents_to_show,
    call_line,
    menu_object,
    menu_tree,
    menus_to_show,
    team_object,
    teams_to_show,
)
from calls.manager.statuses import STATUSES
from calls.models import Call
from calls.views import shown
from ccai.api.filters import narrowed
from ccai.api.pagination import read_choice
from ccai.api.views import ApiView
from menus.models import Menu
from menus.resources import MenuFilter

CALL_SORT_COLUMNS = {"id": "pk", "created_at": "created_at", "updated_at": "updated_at"}
AGENT_SORT_COLUMNS = {"id": "pk", "status_updated_at": "status_since"}
ACTIVITY_SORT_COLUMNS = {"started_at": "started_at"}
BY_ID = {"id": "pk"}


class OrganizationObject(TypedDict):
    """The center itself."""

    name: str
    subdomain: str
    domain: str
    time_zone: str
    languages: list[str]


class ManagerView(ApiView):
    """A list of the management API. The oldest come first where nothing else is asked for."""

    http_method_names = ["get", "head"]

    @staticmethod
    def is_falling(request: Request) -> bool:
        """Whether `sort_direction` is DESC; ASC is the default."""
        return read_choice(request.query_params, "sort_direction", ("ASC", "DESC")) == "DESC"

    def page(self, rows: QuerySet[Any], sort_columns: Mapping[str, str]) -> Page[Any]:
        """The page of `rows` that the request asks for, by one of `sort_columns`."""
        column = sort_columns[read_choice(self.request.query_params, "sort_column", tuple(sort_columns))]
        return page_of(RowListing(rows, column), self.request, falling=self.is_falling(self.request))


class CallsView(ManagerView):
    """`/calls`."""

    def get(self, request: Request) -> Response:
        """GET /calls: the call objects, masked for a token that does not show personal data."""
        page = self.page(filter_calls(Call.objects.with_parts(), request.query_params), CALL_SORT_COLUMNS)
        return Response([call_line(shown(request, call)) for call in page.rows], headers=page.headers)


class AgentsView(ManagerView):
    """`/agents`."""

    def get(self, request: Request) -> Response:
        """GET /agents: all agents, active or not."""
        asked = narrowed(agents_to_show(Agent.objects.all()), request.query_params, AgentFilter)
        page, teams = self.page(asked, AGENT_SORT_COLUMNS), Teams()
        return Response([agent_object(agent, teams) for agent in page.rows], headers=page.headers)


class ActivityLogsView(ManagerView):
    """`/agent_activity_logs`."""

    def get(self, request: Request) -> Response:
        """GET /agent_activity_logs: what agents did, by `started_at`."""
        read_choice(request.query_params, "sort_column", tuple(ACTIVITY_SORT_COLUMNS))
        page = page_of(Activities(request.query_params), request, falling=self.is_falling(request))
        return Response(activity_objects(page.rows), headers=page.headers)


class MenusView(ManagerView):
    """`/menus`."""

    def get(self, request: Request) -> Response:
        """GET /menus: all menus, deleted ones too: calls of the past are of menus of the past."""
        asked = narrowed(menus_to_show(Menu.objects.all()), request.query_params, MenuFilter)
        page = self.page(asked, BY_ID)
        return Response([menu_object(menu) for menu in page.rows], headers=page.headers)


class MenuTreeView(ManagerView):
    """`/menus/tree`."""

    def get(self, request: Request) -> Response:
        """GET /menus/tree: the menus at the top, each with those below it, deleted ones too."""
        return Response(menu_tree(Menu.objects.all()))


class TeamsView(ManagerView):
    """`/teams`."""

    def get(self, request: Request) -> Response:
        """GET /teams: all teams with their active agents."""
        page, teams = self.page(teams_to_show(), BY_ID), Teams()
        return Response(
            [team_object(team, teams) for team in page.rows if team.pk in teams.lines], headers=page.headers
        )


class TeamTreeView(ManagerView):
    """`/teams/tree`."""

    def get(self, request: Request) -> Response:
        """GET /teams/tree: the teams at the top, each with those below it."""
        return Response(Teams().tree())


class UserStatusesView(ManagerView):
    """`/user_statuses`."""

    def get(self, request: Request) -> Response:
        """GET /user_statuses: every status that an agent can have, on one page."""
        return Response(list(STATUSES.values()), headers={"Per-Page": str(len(STATUSES)), "Total": str(len(STATUSES))})


class OrganizationView(ManagerView):
    """`/settings/organization`."""

    def get(self, request: Request) -> Response:
        """GET /settings/organization: what this center is called, and where and in which languages it answers."""
        live = Language.objects.filter(state=Language.State.LIVE)
        return Response(
            OrganizationObject(
                name=settings.CCAI_SUBDOMAIN,
                subdomain=settings.CCAI_SUBDOMAIN,
                domain=settings.CCAI_DOMAIN,
                time_zone=settings.TIME_ZONE,
                languages=[language.code for language in live],
            )
        )
