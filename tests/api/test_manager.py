"""The management API below /manager/api/v1, which clients of the platform's copy all there is from."""

import base64
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.availability import engage, release, set_status
from agents.models import Engagement, StatusChange, Team
from calls import lifecycle
from calls.manager.listings import RowListing
from calls.manager.pages import settled_rows
from calls.manager.urls import urlpatterns
from calls.models import Call, EndUser, Offer, Participant
from ccai.times import now, wire_time
from tests.api_document import check_answer
from tests.factories import make_agent, make_call, make_menu

NEXT = re.compile(r'^<(http://[^/]+)(/manager/api/v1/[a-z_/]+)\?([^>]+)>; rel="next"$')
BY_UPDATE = {"sort_column": "updated_at", "sort_direction": "ASC"}
HOUR = timedelta(hours=1)


@pytest.fixture
def manager(api_token):
    credentials = base64.b64encode(f"demo:{api_token.secret}".encode()).decode()
    client = Client(SERVER_NAME="demo.localhost", headers={"Authorization": f"Basic {credentials}"})

    def send(path, params=None, method="get"):
        answer = getattr(client, method)(f"/manager/api/v1{path}", params or {})
        check_answer(method, f"/manager/api/v1{path}", answer)
        return answer

    return send


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()]


def following(answer):
    """The parameters of the next page; None after the last."""
    link = NEXT.match(answer.headers.get("Link", ""))
    return QueryDict(link.group(3)).dict() if link else None


def age_all():
    """All calls were written long enough ago."""
    for number, call in enumerate(Call.objects.order_by("pk")):
        Call.objects.filter(pk=call.pk).update(updated_at=now() - HOUR + timedelta(seconds=number))


@pytest.mark.django_db
def test_pages_come_by_number_and_follow_each_other_by_link(manager):
    calls = [make_call("queued", menu=None).pk for _ in range(5)]
    age_all()

    first = manager("/calls", {**BY_UPDATE, "page": 1, "per": 2, "updated_at[from]": wire_time(now() - 2 * HOUR)})
    assert ids(first) == calls[:2]
    assert (first.headers["Total"], first.headers["Per-Page"]) == ("5", "2")
    params = following(first)
    assert "page" not in params
    make_call("queued")
    with CaptureQueriesContext(connection) as queries:
        second = manager("/calls", params)
    assert not any("COUNT(" in query["sql"] for query in queries)
    assert (ids(second), second.headers["Total"]) == (calls[2:4], "5")

    assert ids(manager("/calls", {"page": 2, "per": 2})) == calls[2:4]
    assert ids(manager("/calls", {"page": 3, "per": 2, "sort_direction": "DESC"})) == [calls[1], calls[0]]
    beyond = manager("/calls", {"page": 7, "per": 100})
    assert (ids(beyond), beyond.headers["Total"], following(beyond)) == ([], "6", None)
    make_call("queued")
    with CaptureQueriesContext(connection) as queries:
        assert manager("/calls", {"page": 2, "per": 5}).headers["Total"] == "6"
    assert not any("COUNT(" in query["sql"] for query in queries)
    assert manager("/calls", {"page": 1, "per": 5}).headers["Total"] == "7"
    assert manager("/calls", {"per": 1000}).headers["Per-Page"] == "100"


@pytest.mark.django_db
def test_a_row_that_changes_while_it_is_copied_moves_on_and_no_other_is_passed_over(manager):
    calls = [make_call("queued").pk for _ in range(6)]
    age_all()
    seen, params = [], {**BY_UPDATE, "page": 1, "per": 2}
    while params:
        answer = manager("/calls", params)
        seen += ids(answer)
        if len(seen) == 2:
            lifecycle.transition(Call.objects.get(pk=calls[0]), "cancelled", cause="test")
            lifecycle.transition(Call.objects.get(pk=calls[3]), "cancelled", cause="test")
        params = following(answer)
    assert seen == [calls[0], calls[1], calls[2], calls[4], calls[5], calls[0], calls[3]]


@pytest.mark.django_db
def test_what_a_machine_wrote_whose_clock_is_ahead_waits_for_those_of_the_others():
    early, ahead = make_call("queued"), make_call("queued")
    age_all()
    listing, settled = RowListing(Call.objects.all(), "updated_at"), now() - HOUR / 2

    def shown(by):
        Call.objects.filter(pk=ahead.pk).update(updated_at=now() + by)
        return [call.pk for call in settled_rows(listing, list(Call.objects.order_by("pk")), settled)]

    assert shown(timedelta(milliseconds=900)) == [early.pk]
    # Nobody's clock is so wrong: pages do not wait for what was made up.
    assert shown(HOUR) == [early.pk, ahead.pk]


@pytest.mark.django_db(transaction=True)
def test_a_page_that_waits_for_the_present_keeps_no_connection_to_the_database(manager):
    call, opened = make_call("queued"), []

    def note(**_said):
        opened.append(connection.alias)

    connection_created.connect(note)
    try:
        assert ids(manager("/calls")) == [call.pk]
        assert opened == []
        assert ids(manager("/calls", BY_UPDATE)) == [call.pk]
    finally:
        connection_created.disconnect(note)
    assert opened


@pytest.mark.django_db
def test_a_call_is_shown_as_the_calls_api_shows_it_with_numbers_where_clients_read_numbers(manager, api, api_token):
    end_user = EndUser.objects.create(identifier="kim")
    call = make_call("connected", agent=make_agent(agent_number="A-17"), end_user=end_user)
    plain = make_call("connected", agent=make_agent(agent_number="17"))
    shown, other = manager("/calls").json()
    assert shown["agent_info"] == {**call.agent_info, "agent_number": None}
    assert other == api.get(f"/calls/{plain.pk}").json()
    assert shown["end_user"]["identifier"] == "kim"
    api_token.personal_data = False
    api_token.save()
    assert manager("/calls").json()[0]["end_user"]["identifier"] == "k•••"


@pytest.mark.django_db
def test_agents_come_with_their_status_their_teams_and_their_menus(manager):
    team = Team.objects.create(name="Night")
    agent = make_agent(team=team, agent_number="7")
    other = make_agent(status="offline")
    menu = make_menu("Bills", agents=[agent])
    set_status(agent, "wrap_up")
    StatusChange.objects.all().delete()

    row, offline = manager("/agents").json()
    assert row == {
        "id": agent.pk,
        "email": agent.user.email,
        "created_at": wire_time(agent.user.date_joined),
        "last_login_time": None,
        "first_name": agent.user.first_name,
        "middle_name": None,
        "last_name": agent.user.last_name,
        "avatar_url": None,
        "agent_number": "7",
        "status": {"id": 5, "name": "Wrap-up", "color": "#7c3aed", "wfm_id": None},
        "status_updated_at": wire_time(agent.status_since),
        "crm_authenticated": None,
        "online": True,
        "wrap_up": True,
        "call_count": 0,
        "chat_count": 0,
        "location": None,
        "roles": ["agent"],
        "teams": [
            {"id": team.pk, "name": "Night", "parent_id": None, "position": 0, "deleted": False, "agents_count": 1}
        ],
        "channels": [{"channel_type": "call", "menu": menu.snapshot()}],
    }
    assert (offline["id"], offline["online"], offline["teams"]) == (other.pk, False, [])
    since = {"sort_column": "status_updated_at", "status_updated_at[from]": wire_time(now() + HOUR)}
    assert ids(manager("/agents", since)) == []


@pytest.mark.django_db
def test_activities_are_what_agents_said_and_what_had_their_time(manager):
    start = now() - HOUR
    agent = make_agent(status="offline", agent_number="7")

    def at(minutes):
        return start + timedelta(minutes=minutes)

    set_status(agent, "available", at(0))
    missed = engage(agent, Engagement.Kind.OFFER, at(1))
    call = make_call("queued", offer_type="deltacast")
    Offer.objects.create(
        call=call, agent=agent, engagement=missed, alone=True, round=0, level=1, status="expired", settled_at=at(2)
    )
    release([missed.pk], at(2))
    taken = engage(agent, Engagement.Kind.CALL, at(3))
    Participant.objects.create(call=call, type="agent", agent=agent, engagement=taken)
    set_status(agent, "break", at(4))
    set_status(agent, "offline", at(4))

    with CaptureQueriesContext(connection) as queries:
        rows = manager("/agent_activity_logs", {"sort_column": "started_at", "sort_direction": "ASC"}).json()
    assert len(queries) <= 10
    told = [(row["activity"], row["status"]["name"], row["duration"], row["call_id"]) for row in rows]
    assert told == [
        ("login", "Available", 240, None),
        ("deltacast_call_missed", "Available", 60, call.pk),
        ("call_outbound_dialing", "On call", None, call.pk),
        ("user_status_changed", "Break", 0, None),
        ("logout", "Offline", None, None),
    ]
    assert rows[1] == {
        "id": 2 * missed.pk + 1,
        "agent_id": agent.pk,
        "whodunnit": {
            "id": agent.pk,
            "agent_number": "7",
            "name": agent.user.get_full_name(),
            "last_name": agent.user.last_name,
            "first_name": agent.user.first_name,
            "avatar_url": None,
        },
        "status": {"id": 1, "name": "Available", "color": "#16a34a", "wfm_id": None},
        "started_at": wire_time(at(1)),
        "ended_at": wire_time(at(2)),
        "duration": 60,
        "activity": "deltacast_call_missed",
        "call_id": call.pk,
        "chat_id": None,
    }

    every = [row["id"] for row in rows]
    for direction, expected in (("ASC", every), ("DESC", every[::-1])):
        answer, found = manager("/agent_activity_logs", {"per": 2, "sort_direction": direction}), []
        assert answer.headers["Total"] == "5"
        while True:
            found += ids(answer)
            if not (params := following(answer)):
                break
            answer = manager("/agent_activity_logs", params)
        assert found == expected
        assert ids(manager("/agent_activity_logs", {"per": 2, "page": 2, "sort_direction": direction})) == expected[2:4]
    assert ids(manager("/agent_activity_logs", {"started_at[from]": wire_time(at(4))})) == every[3:]
    assert ids(manager("/agent_activity_logs", {"agent_id": agent.pk + 1})) == []


@pytest.mark.django_db
def test_menus_and_teams_come_as_lists_and_as_trees_with_their_agents(manager):
    root = make_menu("Help")
    agents = [make_agent(), make_agent()]
    leaf = make_menu("Bills", parent=root, agents=agents)
    make_menu("Gone", parent=root, position=1, deleted=True, agents=agents[:1])
    team = Team.objects.create(name="All")
    below = Team.objects.create(name="Night", parent=team)
    agents[0].team = below
    agents[0].save()

    rows = manager("/menus").json()
    assert [(row["name"], row["deleted"], len(row["agent_assignments"])) for row in rows] == [
        ("Help", False, 0),
        ("Bills", False, 2),
        ("Gone", True, 1),
    ]
    assignment = rows[1]["agent_assignments"][0]
    assert rows[1] == {**leaf.snapshot(), "agent_assignments": rows[1]["agent_assignments"], "team_assignments": []}
    assert (assignment["queue_level"], assignment["group_type"]) == ("primary", "Group 1")
    assert assignment["assignee"]["id"] == agents[0].pk
    (top,) = manager("/menus/tree").json()
    assert (top["agents_count"], [child["name"] for child in top["children"]]) == (2, ["Bills", "Gone"])

    rows = manager("/teams", {"sort_direction": "DESC"}).json()
    assert [(row["name"], row["agents_count"], [one["id"] for one in row["assignees"]]) for row in rows] == [
        ("Night", 1, [agents[0].pk]),
        ("All", 0, []),
    ]
    (top,) = manager("/teams/tree").json()
    assert (top["id"], [child["id"] for child in top["children"]]) == (team.pk, [below.pk])
    assert len(manager("/user_statuses").json()) == 9
    assert manager("/settings/organization").json()["subdomain"] == "demo"


@pytest.mark.django_db
def test_what_is_not_well_formed_is_refused_and_nothing_is_written(manager):
    for path, field, value in (
        ("/calls", "page", "0"),
        ("/calls", "per", "x"),
        ("/calls", "cursor", "WzEsMl0"),
        ("/calls", "sort_column", "rating"),
        ("/calls", "sort_direction", "up"),
        ("/calls", "updated_at[from]", "yesterday"),
        ("/agents", "status_updated_at[from]", "x"),
        ("/agent_activity_logs", "started_at[from]", "x"),
        ("/agent_activity_logs", "sort_column", "id"),
        ("/menus", "deleted", "maybe"),
    ):
        answer = manager(path, {field: value})
        assert (answer.status_code, answer.json()) == (400, {"message": f"{field} is not well formed"})
    assert manager("/nothing").json() == {"message": "Resource not found"}
    answer = Client(SERVER_NAME="demo.localhost").get("/manager/api/v1/calls")
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid credentials"})


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "patch", "put", "delete", "options"])
def test_nothing_is_changed_here(manager, method):
    for pattern in urlpatterns:
        path = str(pattern.pattern).removeprefix("^").removesuffix("/?$")
        answer = manager(f"/{path}", method=method)
        assert (answer.status_code, answer.json()) == (405, {"message": "Method not allowed"})
        assert (answer["Allow"], answer["X-Error-Code"]) == ("GET, HEAD", "method_not_allowed")
