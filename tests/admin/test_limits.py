"""Somebody who is limited to branches and teams sees what belongs to them, and of the rest not that it is there."""

import pytest
from django.apps import apps
from django.test import Client

from agents.models import Agent, Engagement, StatusChange, Team, User
from agents.roles import give_role
from calls.models import Call, Contact, DialPrompt, EndUser, Offer, Ticket
from calls.scope import scope_of
from menus.models import BranchLimit, Menu
from menus.scope import branch_ids
from tests.admin.permissions import CELLS
from tests.admin.rows import admin_url, fill
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

LIMITED = [Agent, Call, Contact, DialPrompt, EndUser, Engagement, Menu, Offer, StatusChange, Team, Ticket]


def supervisor(*, branches=(), teams=(), role="supervisor"):
    """A fresh login of that role, limited so."""
    user = User.objects.create(email="lead@example.com")
    give_role(user, role)
    user.limited_to_teams.set(teams)
    BranchLimit.objects.bulk_create(BranchLimit(user=user, menu=menu) for menu in branches)
    return User.objects.get(pk=user.pk)


def rows_of(number):
    """The last row of everything, as `fill(number)` has just made it, by the name of its model."""
    fill(number)
    EndUser.objects.filter(out_contact_id=f"contact-{number}").update(name=f"Caller {number}")
    last = {}
    for model in apps.get_models():
        last[model._meta.model_name] = model._default_manager.order_by("pk").values_list("pk", flat=True).last()
    return last


@pytest.fixture
def two():
    """Two of everything, and a browser in which a supervisor of the second has logged in."""
    theirs, own = rows_of(1), rows_of(2)
    user = supervisor(branches=[Menu.objects.get(name="Root 2")], teams=[Team.objects.get(name="Team 2")])
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    return client, theirs, own


def test_lists_show_what_is_inside_alone(two):
    client, theirs, own = two
    history = client.get(admin_url(Call, "changelist"))
    assert dict(history.context["form"].fields["team"].choices) == {str(own["team"]): "Team 2"}
    shown = {}
    for model in LIMITED:
        page = client.get(admin_url(model, "changelist"))
        assert page.status_code == 200
        rows = page.context["cl"].result_list if "cl" in page.context else []
        shown[model] = [row.pk for row in rows]
        assert "Root 1" not in page.content.decode()
        assert "Caller 1" not in page.content.decode()
        if model is Agent:
            assert "Team 2" in page.content.decode()
            assert "Team 1" not in page.content.decode()
            assert "Superuser" not in page.content.decode()
        if model is Call:  # a list of its own
            links = [admin_url(Call, "change", ids["call"]) in page.content.decode() for ids in (theirs, own)]
            assert links == [False, True]
    listed = {model: pks for model, pks in shown.items() if pks}
    assert {model for model, pks in listed.items() if own[model._meta.model_name] not in pks} == set()
    assert all(len(pks) == 1 for model, pks in listed.items() if model not in (Menu, Engagement))
    assert {*shown[Menu]} == {*Menu.objects.filter(name__in=["Root 2", "Leaf 2"]).values_list("pk", flat=True)}


def test_no_filter_names_an_agent_who_is_outside(two):
    client, theirs, own = two
    for ids, is_named in ((theirs, False), (own, True)):
        User.objects.filter(agent=ids["agent"]).update(first_name="Zoltan")
        for model in (Engagement, StatusChange, Offer, DialPrompt):
            page = client.get(admin_url(model, "changelist"), {"agent__id__exact": ids["agent"]}).content.decode()
            assert ("Zoltan" in page) == is_named, model


def test_a_menu_names_the_agents_who_are_seen_and_counts_the_others():
    inside, beyond = make_agent(team=Team.objects.create(name="Night")), make_agent()
    make_menu("Sales", agents=[inside, beyond], pk=70)
    client = Client(SERVER_NAME=HOST)
    client.force_login(supervisor(teams=Team.objects.all()))
    page = client.get(admin_url(Menu, "change", 70)).content.decode()
    assert f"{inside} and 1 other" in page
    assert f"{beyond}<" not in page
    assert f"{beyond}," not in page


def outside(two):
    """Each page and verb of the table about one limited row: with the row outside, and with the row inside."""
    _client, theirs, own = two
    kinds = {f"{{{model._meta.model_name}}}" for model in LIMITED}
    for cell in CELLS:
        named = [kind for kind in kinds if kind in cell.path.partition("?")[0]]
        if cell.who == "supervisor" and named and cell.path.startswith("/admin/") and "/history/" not in cell.path:
            yield cell, cell.path.format_map(theirs), cell.path.format_map(own)


def test_what_is_outside_is_not_there(two):
    client, *_ids = two
    there = {}
    for cell, path, own_path in outside(two):
        if cell.method == "GET" and cell.answer == "200":
            answers = [client.get(one, follow=False).status_code for one in (own_path, path)]
            if answers != [200, 404]:
                there[path] = answers
        if cell.method == "POST" and cell.answer != "403":
            answer = client.post(path)
            if answer.status_code not in (404, 403):
                there[path] = answer.status_code
    assert there == {}
    before = Call.objects.filter(pk=two[1]["call"]).values().get()
    assert before["status"] == "connected"


def test_a_call_belongs_to_its_menu_its_queue_and_its_agents_team():
    night = Team.objects.create(name="Night")
    below = Team.objects.create(name="Late", parent=night)
    shop = make_menu("Shop")
    orders, other = make_menu("Orders", parent=shop), make_menu("Other")
    by_menu = make_call("queued", menu=orders)
    by_queue = make_call("queued", menu=other)
    Call.objects.filter(pk=by_queue.pk).update(queue=orders)
    by_team = make_call("connected", menu=other, agent=make_agent(team=below))
    make_call("connected", menu=other)
    serving = make_agent()
    make_menu("Returns", parent=orders, agents=[serving])
    for limits, calls, agents in (
        ({"branches": [shop]}, {by_menu, by_queue}, {serving}),
        ({"teams": [night]}, {by_team}, {by_team.agent}),
        ({"branches": [shop], "teams": [night]}, {by_menu, by_queue, by_team}, {serving, by_team.agent}),
    ):
        user = supervisor(**limits)
        scope = scope_of(user)
        assert (set(scope.calls()), set(scope.agents())) == (calls, agents)
        user.delete()
    assert scope_of(supervisor()).calls().count() == 4


def test_limits_do_not_bind_whoever_could_lift_them():
    make_call("queued")
    user = supervisor(branches=[make_menu("Elsewhere")], role="admin")
    assert not scope_of(user).is_limited
    user.delete()
    viewer = supervisor(branches=[make_menu("Elsewhere")], role="viewer")
    assert not scope_of(viewer).calls().exists()


def test_a_branch_is_found_by_one_query_however_deep_it_is(django_assert_num_queries):
    top = make_menu("Top")
    below = make_menu("Below", parent=top)
    leaf = make_menu("Leaf", parent=below, deleted=True)
    make_menu("Beside")
    with django_assert_num_queries(1):
        assert branch_ids([top.pk, below.pk]) == {top.pk, below.pk, leaf.pk}
    with django_assert_num_queries(0):
        assert branch_ids([]) == set()
