"""The tree of menus on its page, and its verbs as people send them."""

import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import User
from menus import tree
from menus.models import AgentGroup, BranchLimit, Closing, DeflectionOption, Menu
from tests.admin.rows import admin_url
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

LIST = "/admin/menus/menu/"
JSON = {"HTTP_ACCEPT": "application/json"}


def browser(role, *, branches=()):
    """A browser in which somebody of this role has logged in, limited to `branches`."""
    user = User.objects.create(email=f"{role}@example.com", is_staff=True)
    if role != "nobody":
        user.groups.add(Group.objects.get(name=role))
    for menu in branches:
        BranchLimit.objects.create(user=user, menu=menu)
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    return client


def text_of(response):
    """The words of a page, with single spaces."""
    page = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def shown(client, **query):
    """The rows of the tree: name and level; those that were not searched for in brackets."""
    rows = client.get(LIST, query).context["rows"]
    return [((row.menu.name if row.is_match else f"({row.menu.name})"), row.level) for row in rows]


def marks(client, **query):
    """What each row says of its menu, by name."""
    return {row.menu.name: [mark.key for mark in row.marks] for row in client.get(LIST, query).context["rows"]}


@pytest.fixture
def shop():
    """Shop (Orders (Returns), Billing) and App. By name."""
    app, shop = make_menu("App", position=0), make_menu("Shop", position=1)
    orders = make_menu("Orders", parent=shop, position=0)
    billing = make_menu("Billing", parent=shop, position=1)
    returns = make_menu("Returns", parent=orders)
    return {menu.name: menu for menu in (app, shop, orders, billing, returns)}


class TestThePage:
    def test_each_menu_stands_below_its_parent_and_a_search_shows_the_way_to_what_it_finds(self, admin_client, shop):
        assert shown(admin_client) == [("App", 1), ("Shop", 1), ("Orders", 2), ("Returns", 3), ("Billing", 2)]
        assert shown(admin_client, q="retu") == [("(Shop)", 1), ("(Orders)", 2), ("Returns", 3)]
        assert shown(admin_client, q=str(shop["Billing"].pk)) == [("(Shop)", 1), ("Billing", 2)]
        Menu.objects.filter(name="Orders").update(hidden=True)
        assert shown(admin_client, hidden__exact=1) == [("(Shop)", 1), ("Orders", 2)]
        assert shown(admin_client, menu_type__exact="ivr_menu") == []

    def test_deleted_menus_are_shown_to_who_asks_for_them(self, admin_client, shop):
        tree.delete(shop["Orders"], substitute=None)
        assert shown(admin_client) == [("App", 1), ("Shop", 1), ("Billing", 2)]
        assert "Show 2 deleted menus" in text_of(admin_client.get(LIST))
        assert shown(admin_client, deleted="only") == [("(Shop)", 1), ("Orders", 2), ("Returns", 3)]
        assert ("Returns", 3) in shown(admin_client, deleted="too")
        assert marks(admin_client, deleted="too")["Returns"] == ["deleted"]

    def test_it_says_how_each_menu_stands_now(self, admin_client):
        top = make_menu("Top")
        agent = make_agent()
        names = ("Fine", "Never", "Away", "Shut", "Off", "Odd", "Secret")
        made = {name: make_menu(name, parent=top, agents=[agent]) for name in names}
        Menu.objects.filter(name="Never").update(hours={"weekly": {}})
        Menu.objects.filter(name="Odd").update(hours={"weekly": "always"})
        Menu.objects.filter(name="Secret").update(hidden=True)
        for name in ("Away", "Off"):
            DeflectionOption.objects.create(menu=made[name], occasion="redirection", kind="message")
        tree.switch_redirection(made["Off"], False, None)
        tree.close(made["Shut"], branch=False, reason="", user=None)
        make_menu("Idle", parent=top, agents=[make_agent(active=False)])
        assert marks(admin_client) == {
            "Top": [], "Fine": ["open"], "Never": ["after_hours"], "Away": ["redirected"], "Shut": ["closed"],
            "Off": ["open"], "Odd": ["unreadable"], "Secret": ["open", "hidden"], "Idle": ["open", "nobody"],
        }  # fmt: skip
        page = text_of(admin_client.get(LIST))
        for words in ("4 of 8 open", "After hours", "Redirected", "Closed", "Hours cannot be read", "No agents"):
            assert words in page

    def test_a_thousand_menus_take_as_many_queries_as_one(self, admin_client):
        agent = make_agent()
        make_menu("Top", agents=[agent])
        with CaptureQueriesContext(connection) as few:
            admin_client.get(LIST)
        tops = Menu.objects.bulk_create(Menu(name=f"Top {n}", menu_type="web_menu", position=n) for n in range(10))
        middle = Menu.objects.bulk_create(
            Menu(name=f"Middle {n}", menu_type="web_menu", parent=tops[n % 10], position=n) for n in range(90)
        )
        week = {"time_zone": "Europe/Berlin", "weekly": {"mon": ["09:00-17:00"]}, "holidays": ["DE"]}
        leaves = Menu.objects.bulk_create(
            Menu(name=f"Leaf {n}", menu_type="web_menu", parent=middle[n % 90], position=n, hours=week)
            for n in range(900)
        )
        groups = AgentGroup.objects.bulk_create(AgentGroup(menu=leaf, name="Group 1") for leaf in leaves)
        AgentGroup.agents.through.objects.bulk_create(
            AgentGroup.agents.through(agentgroup=group, agent=agent) for group in groups
        )
        with CaptureQueriesContext(connection) as many:
            response = admin_client.get(LIST)
        assert len(response.context["rows"]) == 1001
        assert len(many) == len(few) <= 12

    def test_who_may_only_look_has_no_buttons(self, shop):
        closing = tree.close(shop["Shop"], branch=True, reason="Fire", user=None)
        page = browser("viewer").get(LIST).content.decode()
        assert "draggable" not in page
        for name in ("move", "close", "delete", "redirection"):
            assert f"/{shop['App'].pk}/{name}/" not in page
        assert "4 menus are closed" in " ".join(page.split())
        assert f"closings/{closing.pk}/reopen" not in page

    def test_who_is_limited_to_a_branch_sees_and_changes_that_alone(self, shop):
        client = browser("supervisor", branches=[shop["Orders"]])
        assert shown(client) == [("Orders", 1), ("Returns", 2)]
        for name in ("App", "Billing", "Shop"):
            assert client.post(f"{LIST}{shop[name].pk}/close/", {"reason": ""}).status_code == 404
        tree.close(shop["Shop"], branch=True, reason="Fire", user=None)
        page = client.get(LIST)
        assert "“Shop” and all below it: 2 menus are closed." in text_of(page)
        closing = Closing.objects.get()
        assert f"closings/{closing.pk}/reopen" not in page.content.decode()
        assert client.post(f"{LIST}closings/{closing.pk}/reopen/").status_code == 404
        tree.reopen(closing, None)
        assert client.post(f"{LIST}{shop['Orders'].pk}/close/", {"reason": ""}).status_code == 302
        assert set(Menu.objects.exclude(closing=None).values_list("name", flat=True)) == {"Orders", "Returns"}


class TestMoving:
    def test_by_the_page_that_asks_where_to(self, admin_client, shop):
        url = f"{LIST}{shop['Billing'].pk}/move/"
        page = admin_client.get(url)
        assert "Now it stands at Shop / Billing." in text_of(page)
        options = re.findall(r'<option value="(\d+)"[^>]*?( disabled)?>', page.content.decode())
        assert [int(pk) for pk, disabled in options if disabled] == [shop["Billing"].pk]
        answer = admin_client.post(url, {"other": shop["Orders"].pk, "where": "before", "next": LIST}, follow=True)
        assert answer.redirect_chain == [(LIST, 302)]
        assert "“Billing” stands below “Shop” now, as number 1 of 2." in text_of(answer)
        assert shown(admin_client)[2:] == [("Billing", 2), ("Orders", 2), ("Returns", 3)]
        answer = admin_client.post(url, {"other": "", "where": "before"})
        assert "Choose the menu beside which this one shall stand." in text_of(answer)

    def test_by_the_script_which_is_told_in_words_why_a_move_is_refused(self, admin_client, shop):
        url = f"{LIST}{shop['Shop'].pk}/move/"
        answer = admin_client.post(url, {"other": shop["Returns"].pk, "where": "last"}, **JSON)
        assert (answer.status_code, answer.json()["message"]) == (
            400, "“Shop” cannot stand below “Returns”, which stands below it.",
        )  # fmt: skip
        answer = admin_client.post(url, {"other": "", "where": "first"}, **JSON)
        assert (answer.status_code, answer.json()["message"]) == (
            200, "“Shop” stands at the top now, as number 1 of 2.",
        )  # fmt: skip
        assert shown(admin_client)[0] == ("Shop", 1)

    def test_somebody_of_the_staff_without_the_permission_moves_nothing_by_any_door(self, shop):
        before = list(Menu.objects.order_by("pk").values())
        for role in ("nobody", "viewer", "supervisor"):
            client = browser(role)
            for url in (f"{LIST}{shop['Billing'].pk}/move/", admin_url(Menu, "change", shop["Billing"].pk)):
                for headers in ({}, JSON):
                    sent = {"parent": "", "other": "", "where": "last"}
                    assert client.post(url, sent, **headers).status_code == 403
            # The library of the tree has an address of its own for this, which anybody of the staff may use.
            sent = {"move": shop["Billing"].pk, "relative_to": shop["App"].pk, "position": "before"}
            assert client.post(f"{LIST}move-node/", sent, follow=True).status_code in (200, 403, 404)
        assert list(Menu.objects.order_by("pk").values()) == before

    def test_a_form_of_another_site_moves_nothing(self, admin_user, shop):
        client = Client(SERVER_NAME=HOST, enforce_csrf_checks=True)
        client.force_login(admin_user)
        url = f"{LIST}{shop['Billing'].pk}/move/"
        assert client.post(url, {"other": "", "where": "last"}, **JSON).status_code == 403
        assert Menu.objects.get(name="Billing").parent == shop["Shop"]


class TestClosing:
    def test_a_branch_in_two_clicks_and_open_again_in_one(self, shop):
        client = browser("supervisor")
        DeflectionOption.objects.create(menu=shop["Returns"], occasion="after_hours", kind="voicemail")
        url = f"{LIST}{shop['Shop'].pk}/close/"
        assert f'href="{url}"' in client.get(LIST).content.decode()
        page = text_of(client.get(url))
        assert "The whole branch, 4 menus, is closed at once" in page
        assert "Voicemail (1 menu)" in page
        assert "Nothing is set: they hear that nobody can take the call, and the line ends (1 menu)" in page
        page = text_of(client.post(url, {"reason": "Fire alarm"}, follow=True))
        assert "“Shop” and all below it: 4 menus are closed." in page
        assert "by supervisor@example.com." in page
        assert "Reason: Fire alarm" in page
        again = text_of(client.post(url, {"reason": ""}))
        assert "“Shop” is closed already." in again
        closing = Closing.objects.get()
        reopen = f"{LIST}closings/{closing.pk}/reopen/"
        assert client.get(reopen).status_code == 405
        page = text_of(client.post(reopen, {"next": LIST}, follow=True))
        assert "“Shop” goes by its hours again." in page
        assert "are closed" not in page
        assert "This has been opened again already." in text_of(client.post(reopen, follow=True))

    def test_a_redirection_is_switched_in_one_click(self, shop):
        client = browser("supervisor")
        url = f"{LIST}{shop['App'].pk}/redirection/"
        assert url not in client.get(LIST).content.decode()
        assert "Set its manual redirection first" in text_of(client.post(url, {"on": "1"}, follow=True))
        DeflectionOption.objects.create(menu=shop["App"], occasion="redirection", kind="message")
        assert f'formaction="{url}"' in client.get(LIST).content.decode()
        assert "“App” is no longer redirected." in text_of(client.post(url, {"on": "0"}, follow=True))
        option = DeflectionOption.objects.get()
        assert (option.active, option.switched_by.email) == (False, "supervisor@example.com")

    def test_nobody_is_sent_to_another_site_afterwards(self, admin_client, shop):
        for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
            answer = admin_client.post(f"{LIST}{shop['App'].pk}/redirection/", {"on": "1", "next": elsewhere})
            assert answer.url == f"{LIST}#menu-{shop['App'].pk}"


class TestDeleting:
    def test_the_page_says_what_goes_along_and_asks_where_calls_go(self, admin_client, shop):
        DeflectionOption.objects.create(menu=shop["App"], occasion="after_hours", kind="queue", to_menu=shop["Returns"])
        url = f"{LIST}{shop['Orders'].pk}/delete/"
        page = admin_client.get(url)
        words = text_of(page)
        assert "Below it, and deleted with it Returns" in words
        assert "they follow them, or get a message App: After hours" in words
        disabled = re.findall(r'<option value="(\d+)"[^>]* disabled>', page.content.decode())
        assert {int(pk) for pk in disabled} == {shop[name].pk for name in ("Shop", "Orders", "Returns")}
        refused = admin_client.post(url, {"substitute": shop["Shop"].pk})
        assert "“Shop” has menus below it and takes no calls. Choose one of those." in text_of(refused)
        answer = admin_client.post(url, {"substitute": shop["Billing"].pk}, follow=True)
        assert "“Orders” is deleted, 2 menus in all." in text_of(answer)
        assert set(Menu.objects.filter(deleted=True).values_list("name", "substitute__name")) == {
            ("Orders", "Billing"), ("Returns", "Billing"),
        }  # fmt: skip

    def test_while_calls_wait_somebody_says_where_they_go(self, admin_client, shop):
        make_call("queued", menu=shop["Orders"], queue=shop["Returns"])
        make_call("scheduled", menu=shop["Returns"])
        url = f"{LIST}{shop['Orders'].pk}/delete/"
        page = admin_client.get(url)
        assert "Calls there now 1 call waits 1 call is scheduled" in text_of(page)
        assert re.findall(r'<option value="(\w*)" selected', page.content.decode()) == [""]
        refused = admin_client.post(url)
        assert "Choose where the calls that wait go, or that they end." in text_of(refused)
        assert not Menu.objects.filter(deleted=True).exists()
        admin_client.post(url, {"substitute": "nowhere"})
        assert set(Menu.objects.filter(deleted=True).values_list("substitute", flat=True)) == {None}

    def test_and_back(self, admin_client, shop):
        tree.delete(shop["Orders"], substitute=None)
        url = f"{LIST}{shop['Orders'].pk}/restore/"
        assert "Deleted menus below it Returns" in text_of(admin_client.get(url))
        answer = admin_client.post(url, {"branch": "on"}, follow=True)
        assert "“Orders” is there again, 2 menus in all." in text_of(answer)
        assert not Menu.objects.filter(deleted=True).exists()
