"""The list of agents shows the floor as it is, and does to many at once what is done to one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from agents.models import Agent, Engagement, StatusChange, Team, User
from calls.models import Offer, Participant
from ccai.times import now
from menus.models import BranchLimit
from tests.admin.rows import admin_url, sent_back
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db
LIST = "/admin/agents/agent/"


def person(role):
    """Somebody of this role, in a browser."""
    user = User.objects.create(email=f"a.{role}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    client.user = user
    return client


def act(client, action, agents, **more):
    """Send an action of the list, and what the page says then."""
    data = {"action": action, "_selected_action": [agent.pk for agent in agents], "index": "0", **more}
    response = client.post(LIST, data, follow=True)
    return response, [str(message) for message in response.context["messages"]]


def test_the_list_says_what_agents_do_since_when_and_how_many_calls_they_had(admin_client, time_machine):
    time_machine.move_to(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False)
    agent = make_agent("ana@example.com", status_since=now() - timedelta(hours=2, minutes=5))
    StatusChange.objects.create(agent=agent, status="available", at=now() - timedelta(hours=2, minutes=5))
    for ago in (1, 20):
        at = now() - timedelta(hours=ago)
        over = at + timedelta(minutes=2)
        engagement = Engagement.objects.create(agent=agent, kind="call", started_at=at, ended_at=over)
        call = make_call("finished", agent=agent, connected_at=at)
        Participant.objects.create(
            call=call,
            type="agent",
            agent=agent,
            engagement=engagement,
            status="finished",
            connected_at=at,
            ended_at=over,
        )
    page = admin_client.get(LIST)
    assert page.context["cl"].result_list[0].today.calls == 1
    assert "2 h 05 min" in page.content.decode()
    Engagement.objects.create(agent=agent, kind="call", started_at=now() - timedelta(minutes=3))
    told = admin_client.get(f"{LIST}live/", {"ids": f"{agent.pk},999,x"}).json()["agents"]
    assert "On call" in told[str(agent.pk)]["doing"]
    assert ">3 min<" in told[str(agent.pk)]["since"]


def test_each_action_says_how_many_it_changed_and_whom_it_passed_by(admin_client):
    team = Team.objects.create(name="First line")
    ana, ben = make_agent("ana@example.com", team=team), make_agent("ben@example.com", status="meal")
    for action, asked, sentences in (
        ("put_in_team", {"team": team.pk}, ["1 agent is changed.", f"Passed by: {ana} (in the team already)."]),
        ("set_status", {"status": "meal"}, ["1 agent is changed.", f"Passed by: {ben} (of this status already)."]),
        ("forbid_calls", None, ["2 agents are changed."]),
        ("allow_calls", None, ["2 agents are changed."]),
    ):
        if asked:
            page, said = act(admin_client, action, [ana, ben])
            assert (page.status_code, said) == (200, [])
            assert page.context["count"] == 2
        page, said = act(admin_client, action, [ana, ben], **({"confirmed": "1", **asked} if asked else {}))
        assert said == sentences
    assert set(Agent.objects.values_list("team", "status", "can_place_calls")) == {(team.pk, "meal", True)}


def test_who_is_deactivated_in_the_list_or_on_the_page_holds_no_offer(admin_client, admin_user):
    own = Agent.objects.create(user=admin_user)
    agents = [make_agent("ana@example.com"), make_agent("ben@example.com")]
    for agent in agents:
        call, taken = make_call("queued"), Engagement.objects.create(agent=agent, kind="offer")
        Offer.objects.create(call=call, agent=agent, engagement=taken, round=1, level=1)
    page, said = act(admin_client, "deactivate", [agents[0], own], confirmed="1")
    assert said[0] == "1 agent is changed."
    assert "This is your own login" in said[1]
    url = admin_url(Agent, "change", agents[1].pk)
    assert admin_client.post(url, sent_back(admin_client.get(url), active=None)).status_code == 302
    assert set(Offer.objects.values_list("status", flat=True)) == {"withdrawn"}
    assert set(Agent.objects.filter(user__is_active=False).values_list("status", flat=True)) == {"offline"}
    url = admin_url(Agent, "change", own.pk)
    page = admin_client.post(url, sent_back(admin_client.get(url), active=None))
    assert "This is your own login" in page.content.decode()
    assert act(admin_client, "activate", [agents[0], own])[1][0] == "1 agent is changed."


def test_a_supervisor_steers_the_own_branch_and_sees_no_other(time_machine):
    supervisor = person("supervisor")
    mine, other = make_agent("mine@example.com"), make_agent("other@example.com")
    menu = make_menu("North", agents=[mine])
    make_menu("South", agents=[other])
    BranchLimit.objects.create(user=supervisor.user, menu=menu)
    page = supervisor.get(LIST)
    assert [agent.pk for agent in page.context["cl"].result_list] == [mine.pk]
    assert supervisor.get(f"{LIST}live/", {"ids": f"{mine.pk},{other.pk}"}).json()["agents"].keys() == {str(mine.pk)}
    assert supervisor.get(f"{LIST}{other.pk}/day/").status_code == 404
    exported = supervisor.get(f"{LIST}export.csv").content.decode()
    assert "mine@" in exported
    assert "other@" not in exported
    act(supervisor, "set_status", [mine, other], confirmed="1", status="break")
    assert [*Agent.objects.order_by("pk").values_list("status", flat=True)] == ["break", "available"]
    act(supervisor, "deactivate", [mine], confirmed="1")
    assert User.objects.get(agent=mine).is_active


def test_an_admin_changes_no_login_of_somebody_who_may_do_more():
    admin = person("admin")
    boss = User.objects.create_superuser("boss@example.com", "a long password")
    agent = Agent.objects.create(user=boss)
    url = admin_url(Agent, "change", agent.pk)
    page = admin.post(url, sent_back(admin.get(url), email="mine@example.com"))
    assert "may do more than you" in page.content.decode()
    act(admin, "deactivate", [agent], confirmed="1")
    boss.refresh_from_db()
    assert (boss.email, boss.is_active) == ("boss@example.com", True)


def test_agents_are_filtered_by_branch_role_and_login(admin_client):
    north = make_menu("North")
    served = make_agent("north@example.com")
    make_menu("Sales", agents=[served], parent=north)
    seen = make_agent("seen@example.com")
    User.objects.filter(agent=seen).update(last_login=now())
    seen.user.groups.add(Group.objects.get(name="supervisor"))
    User.objects.filter(agent=served).update(invited_at=now())
    for query, emails in (
        ({"branch": north.pk}, {"north@example.com"}),
        ({"role": "supervisor"}, {"seen@example.com"}),
        ({"role": "agent"}, {"north@example.com"}),
        ({"login": "invited"}, {"north@example.com"}),
        ({"login": "seen"}, {"seen@example.com"}),
        ({"login": "uninvited"}, set()),
    ):
        listed = admin_client.get(LIST, query).context["cl"].result_list
        assert {agent.user.email for agent in listed} == emails, query


@pytest.mark.parametrize(("day", "hours", "noon"), [("2026-03-29", 23, 11 / 23), ("2026-10-25", 25, 13 / 25)])
def test_a_day_is_drawn_to_scale_where_the_clocks_change_too(admin_client, settings, time_machine, day, hours, noon):
    settings.TIME_ZONE = "Europe/Berlin"
    year, month, number = map(int, day.split("-"))
    time_machine.move_to(datetime(year, month, number, 20, 0, tzinfo=UTC), tick=False)
    agent = make_agent("ana@example.com", team=Team.objects.create(name="First line"))
    at = datetime(year, month, number, 11 if hours == 25 else 10, 0, tzinfo=UTC)  # noon on the clock
    StatusChange.objects.create(agent=agent, status="available", at=at)
    engagement = Engagement.objects.create(agent=agent, kind="call", started_at=at, ended_at=at + timedelta(hours=1))
    call = make_call("finished", agent=agent, connected_at=at + timedelta(minutes=1))
    Participant.objects.create(
        call=call, type="agent", agent=agent, engagement=engagement, status="finished",
        connected_at=at + timedelta(minutes=1), ended_at=at + timedelta(hours=1),
    )  # fmt: skip
    context = admin_client.get(f"{LIST}{agent.pk}/day/", {"day": day}).context
    assert context["hours"] == hours
    lanes = {str(lane.title): lane.bars for lane in context["lanes"]}
    offline, available = lanes["Status"]
    assert (offline.text, available.text) == ("Offline", "Available")
    assert float(offline.left) == 0
    assert float(offline.width) == float(available.left) == pytest.approx(noon * 100, abs=0.001)
    talk = lanes["Talking"][0]
    assert talk.times == "12:01:00 to 13:00:00, 59:00"
    assert talk.url == admin_url(type(call), "change", call.pk)
    assert float(talk.width) == pytest.approx(59 / 60 / hours * 100, abs=0.001)
    figures = {name: (own, team) for name, own, team in context["figures"]}
    assert figures["Calls"] == ("1", "1")
    assert figures["Talk"][0] == "59:00"
