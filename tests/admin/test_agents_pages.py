"""Agents are made, changed and deactivated in the back office, each together with the user who logs in."""

import pytest

from agents.models import Agent, Engagement, Language, OutboundNumber, StatusChange, Team, User
from tests.admin.rows import admin_url, sent_back
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

ADD = "/admin/agents/agent/add/"


@pytest.fixture
def save(admin_client):
    """Open the agent's page (or the page that adds one), save it with changes, and return the answer."""

    def saved(agent=None, **changes):
        url = admin_url(Agent, "change", agent.pk) if agent else ADD
        return admin_client.post(url, sent_back(admin_client.get(url), **changes))

    return saved


@pytest.fixture
def listed(admin_client):
    """The e-mail addresses of the agents that the list shows for a query string."""

    def addresses(**query):
        response = admin_client.get(admin_url(Agent, "changelist"), query)
        assert response.status_code == 200
        return {agent.user.email for agent in response.context["cl"].result_list}

    return addresses


def said(response):
    """Every fault that the form found."""
    return [str(fault) for faults in response.context["adminform"].form.errors.values() for fault in faults]


def test_a_new_agent_comes_with_a_login_that_has_no_password(save):
    team = Team.objects.create(name="First line")
    language = Language.objects.create(code="en")
    number = OutboundNumber.objects.create(number="+13392195276")
    response = save(
        email="ines@example.com",
        first_name="Ines",
        last_name="Okafor",
        team=team.pk,
        languages=[language.pk],
        outbound_numbers=[number.pk],
        status="available",
    )
    assert response.status_code == 302
    agent = Agent.objects.get()
    assert (agent.user.email, agent.user.get_full_name()) == ("ines@example.com", "Ines Okafor")
    assert agent.user.is_active
    assert not agent.user.is_staff
    assert not agent.user.has_usable_password()
    assert (agent.team, [*agent.languages.all()], [*agent.outbound_numbers.all()]) == (team, [language], [number])
    assert agent.status == "available"
    assert [change.status for change in agent.status_changes.all()] == ["available"]


def test_a_user_who_is_there_already_becomes_an_agent(save):
    user = User.objects.create_superuser("Boss@example.com", "a long password")
    save(email="boss@example.com", first_name="Bo", last_name="Ss")
    assert Agent.objects.get().user == user
    user.refresh_from_db()
    assert user.is_superuser
    assert user.check_password("a long password")


def test_two_agents_cannot_have_one_address(save):
    make_agent("ines@example.com")
    assert said(save(email="INES@example.com")) == ["There is an agent with this address already."]
    assert Agent.objects.count() == 1


def test_an_agent_cannot_take_over_somebodys_address(save):
    make_agent("ines@example.com")
    agent = make_agent("jonas@example.com")
    assert said(save(agent, email="Ines@example.com")) == [
        "Somebody logs in with this address already. Write another one."
    ]


def test_name_and_address_change_on_the_user(save):
    agent = make_agent("ines@example.com")
    save(agent, email="i.okafor@example.com", first_name="Ines", last_name="Okafor")
    agent.user.refresh_from_db()
    assert (agent.user.email, agent.user.get_full_name()) == ("i.okafor@example.com", "Ines Okafor")


def test_a_changed_status_is_a_line_in_the_history(save):
    agent = make_agent(status="available")
    save(agent, status="meal")
    agent.refresh_from_db()
    assert agent.status == "meal"
    assert [change.status for change in StatusChange.objects.all()] == ["meal"]


def test_saving_something_else_leaves_the_status_to_whoever_changed_it_meanwhile(save, admin_client):
    agent = make_agent(status="available")
    page = sent_back(admin_client.get(admin_url(Agent, "change", agent.pk)), sip_address="sip:1001@example.com")
    Agent.objects.filter(pk=agent.pk).update(status="missed_call")
    assert admin_client.post(admin_url(Agent, "change", agent.pk), page).status_code == 302
    agent.refresh_from_db()
    assert (agent.status, agent.sip_address) == ("missed_call", "sip:1001@example.com")
    assert not StatusChange.objects.exists()


@pytest.mark.parametrize(
    ("written", "kept"),
    [("+1 (310) 555-0104", "+13105550104"), ("ana@pbx.example.com:5061", "sip:ana@pbx.example.com:5061"), ("", "")],
)
def test_a_phone_is_kept_as_providers_want_it(save, written, kept):
    agent = make_agent(sip_address="+12025550101")
    save(agent, sip_address=written)
    agent.refresh_from_db()
    assert agent.sip_address == kept


@pytest.mark.parametrize("written", ["3105550104", "@pbx", "sip:ana", "ana@pbx example.com", "+1"])
def test_what_rings_nowhere_is_refused(admin_client, written):
    agent = make_agent(sip_address="+12025550101")
    page = sent_back(admin_client.get(admin_url(Agent, "change", agent.pk)), sip_address=written)
    assert (
        "Write a phone number with +" in admin_client.post(admin_url(Agent, "change", agent.pk), page).content.decode()
    )
    agent.refresh_from_db()
    assert agent.sip_address == "+12025550101"


def test_an_agent_is_deactivated_on_the_page(save):
    agent = make_agent()
    save(agent, active=None)
    agent.user.refresh_from_db()
    assert not agent.user.is_active


def test_agents_are_deactivated_and_activated_in_the_list(admin_client):
    agents = [make_agent(), make_agent()]
    for action, active in (("deactivate", False), ("activate", True)):
        data = {"action": action, "_selected_action": [agent.pk for agent in agents], "index": "0", "confirmed": "1"}
        assert admin_client.post(admin_url(Agent, "changelist"), data).status_code == 302
        assert {*User.objects.filter(agent__in=agents).values_list("is_active", flat=True)} == {active}


def test_the_list_says_what_has_an_agents_time(admin_client, listed):
    for email, kind in (("call@a.com", "call"), ("offer@a.com", "offer"), ("prompt@a.com", "dial_prompt")):
        Engagement.objects.create(agent=make_agent(email), kind=kind)
    make_agent("free@a.com")
    page = admin_client.get(admin_url(Agent, "changelist")).content.decode()
    for words in ("On call", "Offered a call", "Dialling", "Available"):
        assert words in page
    assert listed(doing="call") == {"call@a.com"}
    assert listed(doing="available") == {"free@a.com"}


def test_agents_are_filtered_by_team_language_and_activity(listed):
    team = Team.objects.create(name="First line")
    en, ko = Language.objects.create(code="en"), Language.objects.create(code="ko")
    make_agent("en@a.com", team=team).languages.add(en)
    make_agent("ko@a.com", active=False).languages.add(ko)
    make_agent("all@a.com")
    assert listed(team__id__exact=team.pk) == {"en@a.com"}
    assert listed(language="ko") == {"ko@a.com", "all@a.com"}
    assert listed(user__is_active__exact="0") == {"ko@a.com"}


def test_agents_are_found_by_name_address_and_number(listed):
    agent = make_agent("ines@a.com", agent_number="1001")
    User.objects.filter(agent=agent).update(first_name="Ines", last_name="Okafor")
    make_agent("other@b.com")
    for term in ("ines okafor", "ines@a", "1001"):
        assert listed(q=term) == {"ines@a.com"}


def test_the_history_of_an_agent_tells_of_the_login_too(admin_client):
    agent, other = make_agent(), make_agent()
    for one in (agent, other):
        page = admin_client.get(admin_url(Agent, "change", one.pk))
        admin_client.post(admin_url(Agent, "change", one.pk), sent_back(page, first_name="Zoe", agent_number="77"))
    page = admin_client.get(admin_url(Agent, "history", agent.pk), follow=True)
    listed = {(entry.model, entry.object_id) for entry in page.context["cl"].result_list}
    assert listed == {("agents.agent", str(agent.pk)), ("agents.user", str(agent.user_id))}
