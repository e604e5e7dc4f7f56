"""What a consumer of calls reads beside them: agents, teams, menus and end users (contract sections 1, 2 and 7)."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.availability import engage, set_status
from agents.models import Engagement, Language, OutboundNumber, Team
from ccai.times import now, wire_time
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

NEXT = re.compile(r'<([^>]+)>; rel="next"')


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()]


def all_pages(api, path, **params):
    """The ids of every page, along the `next` links, and how many pages there were."""
    found, pages = [], 0
    answer = api.get(path, params)
    while True:
        found += ids(answer)
        pages += 1
        link = NEXT.search(answer.headers.get("Link", ""))
        if link is None:
            return found, pages
        answer = api.get(link.group(1).partition("/apps/api/v1")[2])


def refusal(answer):
    return answer.status_code, answer.json(), answer.headers["X-Error-Code"]


def queries_of(ask):
    with CaptureQueriesContext(connection) as queries:
        assert ask().status_code == 200
    return len(queries)


def test_an_agent_is_shown_with_the_team_the_status_and_what_has_their_time(api):
    team = Team.objects.create(name="Night", parent=Team.objects.create(name="All"))
    agent = make_agent("Kim@example.com", team=team, agent_number="7", status="break")
    agent.languages.add(Language.objects.get_or_create(code="en")[0])
    agent.outbound_numbers.add(OutboundNumber.objects.create(number="+13392195276"))
    set_status(agent, "available")
    engage(agent, Engagement.Kind.OFFER, now())

    assert api.get(f"/agents/{agent.pk}").json() == {
        "id": agent.pk,
        "agent_number": "7",
        "name": agent.user.get_full_name(),
        "last_name": agent.user.last_name,
        "first_name": "Agent",
        "avatar_url": None,
        "email": "Kim@example.com",
        "active": True,
        "status": "available",
        "status_updated_at": wire_time(agent.status_since),
        "engagement": "offer",
        "can_place_calls": True,
        "auto_answer": False,
        "languages": ["en"],
        "outbound_numbers": ["+1 339-219-5276"],
        "team": {"id": team.pk, "name": "Night", "parent_id": team.parent_id},
        "created_at": wire_time(agent.user.date_joined),
    }
    assert refusal(api.get("/agents/99999")) == (404, {"message": "Agent 99999 is not found"}, "agent_not_found")
    assert api.get("/agents/" + "9" * 40).status_code == 404


def test_agents_come_by_page_filtered_and_sorted_whatever_their_number_in_the_same_number_of_queries(api):
    first = make_agent("first@example.com", status="offline")
    one = queries_of(lambda: api.get("/agents"))
    team = Team.objects.create(name="Night")
    others = [make_agent(active=number % 2 == 0, team=team) for number in range(4)]
    set_status(first, "break", now() + timedelta(seconds=1))

    assert all_pages(api, "/agents", per=2) == ([*reversed([agent.pk for agent in others]), first.pk], 3)
    assert all_pages(api, "/agents", per=2, sort_column="status_updated_at")[0][0] == first.pk
    assert queries_of(lambda: api.get("/agents")) <= one + 1
    assert ids(api.get("/agents", {"active": "false"})) == [others[3].pk, others[1].pk]
    assert ids(api.get("/agents", {"email": "FIRST@example.com", "status[]": ["break", "meal"]})) == [first.pk]
    assert ids(api.get("/agents", {"team_id": team.pk, "active": "true"})) == [others[2].pk, others[0].pk]
    assert ids(api.get("/agents", {"status_updated_at[from]": wire_time(first.status_since)}))[-1] == first.pk
    assert ids(api.get("/agents", {"team_id": "9" * 40, "nonsense": "x"})) == []
    for field, value in {
        "status": "asleep",
        "active": "yes",
        "team_id": "x",
        "per": "0",
        "sort_column": "name",
        "cursor": "x",
        "status_updated_at[from]": "today",
    }.items():
        code = (400, {"message": f"{field} is not well formed"}, f"{field}_not_well_formed")
        assert refusal(api.get("/agents", {field: value})) == code


def test_teams_come_with_the_number_of_their_active_agents(api):
    above = Team.objects.create(name="All")
    below = Team.objects.create(name="Night", parent=above)
    make_agent(team=below)
    make_agent(team=below, active=False)

    assert api.get("/teams").json() == [
        {"id": below.pk, "name": "Night", "parent_id": above.pk, "agents_count": 1},
        {"id": above.pk, "name": "All", "parent_id": None, "agents_count": 0},
    ]
    assert all_pages(api, "/teams", per=1, sort_direction="ASC") == ([above.pk, below.pk], 2)
    assert ids(api.get("/teams", {"parent_id": above.pk})) == [below.pk]
