"""The menu tree is read and changed in the back office."""

import json

import pytest

from menus.models import DeflectionOption, Menu
from tests.admin.rows import admin_url, sent_back
from tests.factories import make_agent, make_menu

pytestmark = pytest.mark.django_db


@pytest.fixture
def save(admin_client):
    """Open the menu's page, save it with changes, and return the answer."""

    def saved(menu, **changes):
        url = admin_url(Menu, "change", menu.pk)
        return admin_client.post(url, sent_back(admin_client.get(url), **changes))

    return saved


def said(response):
    """Every fault that the form and its inlines found."""
    faults = [fault for found in response.context["adminform"].form.errors.values() for fault in found]
    for inline in response.context["inline_admin_formsets"]:
        for errors in inline.formset.errors:
            faults += [fault for found in errors.values() for fault in found]
    return [str(fault) for fault in faults]


def option(**columns):
    """One new deflection option, as the page sends it."""
    sent = {"deflection_options-TOTAL_FORMS": "1", "deflection_options-INITIAL_FORMS": "0"}
    return sent | {f"deflection_options-0-{name}": value for name, value in columns.items()}


def test_the_list_shows_each_menu_below_its_parent(admin_client):
    shop, app = make_menu("Shop", position=1), make_menu("App", position=0)
    orders = make_menu("Orders", parent=shop, position=0)
    billing = make_menu("Billing", parent=shop, position=1)
    returns = make_menu("Returns", parent=orders)
    rows = admin_client.get(admin_url(Menu, "changelist")).context["cl"].result_list
    assert [(menu.pk, menu.tree_depth) for menu in rows] == [
        (app.pk, 0),
        (shop.pk, 0),
        (orders.pk, 1),
        (returns.pk, 2),
        (billing.pk, 1),
    ]


def test_the_list_says_how_each_menu_stands_now(admin_client):
    make_menu("Always open")
    make_menu("Never open", hours={"weekly": {}})
    redirected = make_menu("Redirected away")
    DeflectionOption.objects.create(menu=redirected, occasion="redirection", kind="message")
    make_menu("Secret", hidden=True)
    make_menu("Gone", deleted=True)
    page = admin_client.get(admin_url(Menu, "changelist")).content.decode()
    for words in ("Open", "After hours", "Redirected", "Hidden", "Deleted"):
        assert words in page


def test_menus_are_found_by_part_of_the_name_and_by_id(admin_client):
    shop = make_menu("Shop")
    billing = make_menu("Billing", parent=shop)
    for term in ("bill", str(billing.pk)):
        rows = admin_client.get(admin_url(Menu, "changelist"), {"q": term}).context["cl"].result_list
        assert billing in rows
        assert shop not in rows


def test_a_menu_cannot_stand_below_itself(save):
    shop = make_menu("Shop")
    orders = make_menu("Orders", parent=shop)
    assert said(save(shop, parent=orders.pk)) == ["A node cannot be made a descendant of itself."]
    shop.refresh_from_db()
    assert shop.parent is None


def test_a_menu_has_the_type_of_its_parent(save):
    shop = make_menu("Shop", menu_type="ivr_menu")
    page = make_menu("Page", menu_type="web_menu")
    assert said(save(page, parent=shop.pk)) == ["A menu has the type of the menu it stands below."]


def test_a_deleted_menu_stays(save):
    menu = make_menu("Spring campaign")
    assert save(menu, deleted="on").status_code == 302
    menu.refresh_from_db()
    assert menu.deleted


def test_hours_are_shown_as_they_may_be_written(admin_client, save):
    hours = {"time_zone": "Europe/Berlin", "weekly": {"mon": ["09:00-12:00", "13:00-18:00"], "fri": ["22:00-02:00"]}}
    menu = make_menu(hours=hours)
    shown = admin_client.get(admin_url(Menu, "change", menu.pk)).context["adminform"].form["hours"].value()
    assert json.loads(shown) == hours
    assert save(menu).status_code == 302
    menu.refresh_from_db()
    assert menu.hours == hours


def test_no_hours_at_all_means_always_open(admin_client, save):
    menu = make_menu(hours={"weekly": {}})
    assert save(menu, hours="").status_code == 302
    menu.refresh_from_db()
    assert menu.hours is None
    assert '"null"' not in str(admin_client.get(admin_url(Menu, "change", menu.pk)).context["adminform"].form["hours"])


@pytest.mark.parametrize(
    ("written", "faults"),
    [
        (
            '{"time_zone": "Mars/Base", "weekly": {"mon": ["9-5"]}}',
            [
                'time_zone: "Mars/Base" is not a time zone; write one such as Europe/Berlin',
                'weekly.mon[0]: "9-5" is not a period such as 09:00-17:30',
            ],
        ),
        ("{\n  weekly: {}\n}", ["This is not JSON: line 2, column 3 is not what should stand there."]),
        ("[]", ["must be a mapping with time_zone, weekly, holidays and exceptions"]),
        ('"always"', ["must be a mapping with time_zone, weekly, holidays and exceptions"]),
        ('{"weekly":' * 5_000 + "1" + "}" * 5_000, ["This is nested deeper than hours can be."]),
        ('{"\\ud800": 1}', ["There is a character in it that cannot be stored. Write it anew."]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_hours_with_faults_are_refused_with_a_sentence_for_each(written, faults, save):
    menu = make_menu()
    assert said(save(menu, hours=written)) == faults
    menu.refresh_from_db()
    assert menu.hours is None


def test_groups_get_their_agents_on_the_menus_page(save):
    menu, agents = make_menu(), [make_agent(), make_agent()]
    response = save(
        menu,
        **{
            "groups-TOTAL_FORMS": "1",
            "groups-0-name": "First line",
            "groups-0-position": "0",
            "groups-0-timeout_seconds": "30",
            "groups-0-agents": [agent.pk for agent in agents],
        },
    )
    assert response.status_code == 302
    group = menu.groups.get()
    assert (group.name, group.timeout_seconds, {*group.agents.all()}) == ("First line", 30, {*agents})


def test_a_redirection_to_a_phone_takes_any_spelling_of_the_number(save):
    menu = make_menu()
    assert save(menu, **option(occasion="redirection", kind="phone", to_number="+1 (339) 219-5276")).status_code == 302
    assert menu.deflection_options.get().to_number == "+13392195276"


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"occasion": "redirection", "kind": "phone"}, "Write the number that takes the calls."),
        ({"occasion": "redirection", "kind": "queue"}, "Choose the menu that takes the calls."),
        ({"occasion": "redirection", "kind": "callback"}, "This kind does not go with the occasion."),
    ],
)
def test_an_option_that_leads_nowhere_is_refused(columns, fault, save):
    menu = make_menu()
    assert said(save(menu, **option(**columns))) == [fault]
    assert not menu.deflection_options.exists()


def test_menus_to_choose_from_are_named_with_their_paths(admin_client):
    make_menu("Billing", parent=make_menu("Shop"))
    make_menu("Billing", parent=make_menu("App"))
    asked = {"term": "bill", "app_label": "menus", "model_name": "menu", "field_name": "parent"}
    found = admin_client.get("/admin/menus/menu/paths/", asked).json()["results"]
    assert {menu["text"] for menu in found} == {"Shop/Billing", "App/Billing"}


def test_the_menus_to_choose_from_are_for_those_who_may_see_menus(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("staff@example.com", is_staff=True))
    asked = {"term": "", "app_label": "menus", "model_name": "menu", "field_name": "parent"}
    assert client.get("/admin/menus/menu/paths/", asked).status_code == 403
