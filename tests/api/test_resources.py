"""What a consumer of calls reads beside them: agents, teams, menus and end users (contract sections 1, 2 and 7)."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.availability import engage, set_status
from agents.models import Engagement, Language, OutboundNumber, Team
from calls.models import EndUser
from ccai.times import now, wire_time
from menus.models import DeflectionOption, Menu
from tests.factories import make_agent, make_menu

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
    assert ids(api.get("/agents", {"email": ["FIRST@example.com", others[0].user.email]})) == [others[0].pk, first.pk]
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


def test_a_menu_is_shown_with_its_way_its_state_and_its_groups(api):
    agents = [make_agent(), make_agent()]
    root = make_menu("Help", menu_type="ivr_menu")
    menu = make_menu("Bills", menu_type="ivr_menu", parent=root, position=2, agents=agents, priority=3)
    number = OutboundNumber.objects.create(number="+13392195276")
    menu.outbound_numbers.add(number)
    menu.languages.add(Language.objects.get_or_create(code="en")[0])
    make_menu("Old", menu_type="ivr_menu", parent=menu, deleted=True)
    DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="message", message="Bye")
    group = menu.groups.get()

    assert api.get(f"/menus/{menu.pk}").json() == {
        "id": menu.pk,
        "name": "Bills",
        "parent_id": root.pk,
        "position": 2,
        "deleted": False,
        "hidden": False,
        "menu_type": "ivr_menu",
        "output_msg": "",
        "menu_path": menu.path(),
        "leaf": True,
        "state": "manual_redirection",
        "recording": "do_not_record",
        "offer_type": "cascade",
        "priority": 3,
        "substitute_id": None,
        "languages": ["en"],
        "outbound_numbers": ["+1 339-219-5276"],
        "groups": [
            {
                "id": group.pk,
                "name": "Group 1",
                "position": 0,
                "timeout_seconds": 20,
                "agent_ids": [agent.pk for agent in agents],
            }
        ],
    }
    top = api.get(f"/menus/{root.pk}").json()
    assert (top["leaf"], top["state"], top["groups"]) == (False, "open", [])
    assert refusal(api.get("/menus/99999")) == (404, {"message": "Menu 99999 is not found"}, "menu_not_found")


def test_a_menu_whose_hours_cannot_be_read_hides_no_other(api):
    make_menu("Fine")
    menu = make_menu("Broken")
    Menu.objects.filter(pk=menu.pk).update(hours={"time_zone": "Nowhere/City", "weekly": {}})
    told = {row["name"]: row["state"] for row in api.get("/menus").json()}
    assert told == {"Fine": "open", "Broken": None}
    assert api.get(f"/menus/{menu.pk}").json()["state"] is None


def test_menus_come_as_a_list_and_as_a_tree_and_deleted_ones_when_asked_for(api):
    root = make_menu("Help")
    one = queries_of(lambda: api.get("/menus"))
    late = make_menu("Late", parent=root, position=2, agents=[make_agent()])
    early = make_menu("Early", parent=root, position=1, agents=[make_agent()])
    gone = make_menu("Gone", parent=root, position=3, deleted=True)
    web = make_menu("Web", menu_type="web_menu", hidden=True, position=9)

    assert all_pages(api, "/menus", per=2) == ([web.pk, early.pk, late.pk, root.pk], 2)
    assert queries_of(lambda: api.get("/menus")) <= one + 3
    assert (
        ids(api.get("/menus", {"deleted": "true"}))
        == [gone.pk]
        == ids(api.get("/menus", {"name": "Gone", "deleted[]": ["true", "false"]}))
    )
    assert api.get(f"/menus/{gone.pk}").json()["deleted"] is True
    assert ids(api.get("/menus", {"parent_id": root.pk, "hidden": "false"})) == [early.pk, late.pk]
    assert refusal(api.get("/menus/tree", {"menu_type": "chat"}))[1] == {"message": "menu_type is not well formed"}

    def shape(nodes):
        return [(node["id"], shape(node["children"])) for node in nodes]

    tree = api.get("/menus/tree").json()
    assert shape(tree) == [(root.pk, [(early.pk, []), (late.pk, [])]), (web.pk, [])]
    assert tree[1] == {**Menu.objects.get(pk=web.pk).snapshot(), "children": []}
    assert shape(api.get("/menus/tree", {"menu_type": "web_menu"}).json()) == [(web.pk, [])]
    assert queries_of(lambda: api.get("/menus/tree")) <= one


def test_end_users_are_masked_for_a_token_that_does_not_show_personal_data(api, api_token):
    first = EndUser.objects.create(number="+12025550123")
    other = EndUser.objects.create(name="Kim", identifier="kim", out_contact_id="c-1")

    assert all_pages(api, "/end_users", per=1) == ([other.pk, first.pk], 2)
    EndUser.objects.filter(pk=other.pk).update(created_at=first.created_at - timedelta(hours=1))
    assert all_pages(api, "/end_users", per=1) == ([first.pk, other.pk], 2)
    assert all_pages(api, "/end_users", per=1, sort_column="id") == ([other.pk, first.pk], 2)
    assert api.get("/end_users", {"number": "+1 202-555-0123"}).json() == [
        {
            "id": first.pk,
            "identifier": None,
            "out_contact_id": None,
            "name": None,
            "number": "+1 202-555-0123",
            "created_at": wire_time(first.created_at),
        }
    ]
    assert ids(api.get("/end_users", {"created_at[to]": wire_time(first.created_at)})) == [other.pk]
    api_token.personal_data = False
    api_token.save()
    masked = api.get("/end_users", {"out_contact_id": "c-1"}).json()[0]
    assert (masked["identifier"], masked["out_contact_id"], masked["name"]) == ("k•••", "c•••", "K•••")
    assert api.get("/end_users", {"number": "+12025550123"}).json()[0]["number"] == "•••• 0123"
