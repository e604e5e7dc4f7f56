"""The page of a menu: its place, its hours and the days they make, who answers, and what becomes of the rest."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import OutboundNumber, Team, User
from ccai.times import now
from menus import tree
from menus.models import AgentGroup, DeflectionOption, Menu, MenuOutboundNumber
from menus.preview import next_days
from tests.admin.rows import admin_url, sent_back
from tests.factories import make_agent, make_menu, make_person

pytestmark = pytest.mark.django_db

BERLIN = {
    "time_zone": "Europe/Berlin",
    "weekly": {"mon": ["09:00-12:00", "13:00-18:00"], "fri": ["22:00-02:00"]},
    "holidays": ["DE", {"name": "Founders' day", "date": "2027-05-04", "hours": ["10:00-12:00"]}],
    "exceptions": [{"date": "2027-01-02", "hours": ["10:00-12:00", "13:00-14:00"], "name": "Inventory"}],
}
PREVIEW = "/admin/menus/menu/hours-preview/"


def page_of(menu):
    return admin_url(Menu, "change", menu.pk)


@pytest.fixture
def save(admin_client):
    """Open the menu's page, save it with changes, and return the answer."""

    def saved(menu, **changes):
        return admin_client.post(page_of(menu), sent_back(admin_client.get(page_of(menu)), **changes))

    return saved


def said(response):
    """Every fault that the form and its inlines found."""
    faults = [fault for found in response.context["adminform"].form.errors.values() for fault in found]
    for inline in response.context["inline_admin_formsets"]:
        for errors in inline.formset.errors:
            faults += [fault for found in errors.values() for fault in found]
    return [str(fault) for fault in faults]


def stored(menu):
    return Menu.objects.get(pk=menu.pk)


def week(**days):
    """What the page sends of hours in UTC with these weekdays."""
    periods = {f"hours-{day}": texts for day, texts in days.items()}
    return {"hours-time_zone": "UTC", "hours-always_open": None} | periods


class TestItsPlace:
    def test_it_cannot_stand_below_itself(self, save):
        shop = make_menu("Shop")
        orders = make_menu("Orders", parent=shop)
        assert said(save(shop, parent=orders.pk)) == ["“Shop” cannot stand below “Orders”, which stands below it."]
        assert stored(shop).parent is None

    def test_it_cannot_stand_below_a_menu_of_another_type_or_one_that_agents_serve(self, save):
        page = make_menu("Page", menu_type="web_menu")
        assert "which is of type Mobile" in said(save(page, parent=make_menu("Shop").pk))[0]
        served = make_menu("Served", agents=[make_agent()], menu_type="web_menu")
        assert "takes calls for its groups" in said(save(page, parent=served.pk))[0]
        assert stored(page).parent is None

    def test_its_position_is_its_place_and_the_others_make_room(self, save):
        shop = make_menu("Shop")
        one, two, three = (make_menu(name, parent=shop, position=place) for place, name in enumerate("ABC"))
        assert save(one, position="1").status_code == 302
        assert [menu.name for menu in shop.children.all()] == ["B", "A", "C"]
        assert save(three, position="0").status_code == 302
        assert [menu.name for menu in shop.children.all()] == ["C", "B", "A"]
        assert save(two, parent="").status_code == 302
        assert stored(two).parent is None

    def test_a_new_menu_comes_last(self, admin_client):
        shop = make_menu("Shop")
        first = make_menu("First", parent=shop, position=3)
        add = admin_url(Menu, "add")
        changes = {"name": "Second", "menu_type": "mobile_menu", "parent": shop.pk}
        assert admin_client.post(add, sent_back(admin_client.get(add), **changes)).status_code == 302
        second = shop.children.get(name="Second")
        assert second.position > first.position
        assert second.hours is None


class TestItsHours:
    def test_they_are_shown_in_fields_and_saved_unchanged(self, save, admin_client):
        menu = make_menu(hours=BERLIN)
        page = admin_client.get(page_of(menu)).content.decode()
        for text in ("09:00–12:00", "13:00–18:00", "until Saturday", "Germany (DE)", "10:00–12:00, 13:00–14:00"):
            assert text in page
        assert save(menu).status_code == 302
        assert stored(menu).hours == BERLIN

    def test_a_stored_value_that_nobody_changes_stays_as_it_was_written(self, save):
        written = {"holidays": [{"date": "2027-05-04"}, "US"], "weekly": {"tue": [], "mon": ["09:00-17:00"]}}
        menu = make_menu(hours=written)
        assert save(menu, name="Renamed").status_code == 302
        assert stored(menu).hours == written

    def test_periods_are_read_in_the_spellings_that_people_use(self, save):
        menu = make_menu()
        sent = week(mon=["9-12", "", "13.30 – 1800"], sat=["22:00-2:00"], sun=["0-24"])
        assert save(menu, **sent).status_code == 302
        assert stored(menu).hours == {
            "time_zone": "UTC",
            "weekly": {"mon": ["09:00-12:00", "13:30-18:00"], "sat": ["22:00-02:00"], "sun": ["00:00-24:00"]},
        }

    def test_countries_are_chosen_by_name_and_days_have_hours_or_are_closed(self, save):
        menu = make_menu()
        sent = week(mon=["09:00-17:00"]) | {
            "hours-country": ["Germany (DE)", "united states", ""],
            "hours-holiday-date": ["2027-05-04"],
            "hours-holiday-name": ["Founders' day"],
            "hours-holiday-hours": [""],
            "hours-exception-date": ["2027-01-02", ""],
            "hours-exception-name": ["", ""],
            "hours-exception-hours": ["10-12, 13-14", ""],
        }
        assert save(menu, **sent).status_code == 302
        hours = stored(menu).hours
        assert hours["holidays"] == ["DE", "US", {"date": "2027-05-04", "hours": [], "name": "Founders' day"}]
        assert hours["exceptions"] == [{"date": "2027-01-02", "hours": ["10:00-12:00", "13:00-14:00"]}]

    def test_always_open_is_no_hours_at_all(self, save):
        menu = make_menu(hours=BERLIN)
        assert save(menu, **{"hours-always_open": "on"}).status_code == 302
        assert stored(menu).hours is None

    def test_a_form_without_hours_leaves_them_alone(self, save):
        menu = make_menu(hours=BERLIN)
        page = dict.fromkeys(("hours-time_zone", "hours-mon", "hours-fri", "hours-country"))
        assert save(menu, **page, name="Renamed").status_code == 302
        assert (stored(menu).name, stored(menu).hours) == ("Renamed", BERLIN)

    def test_every_fault_is_said_and_what_was_written_stays(self, save):
        menu = make_menu(hours=BERLIN)
        sent = week(mon=["9-5"], tue=["09:00-12:00", "11:00-13:00"]) | {
            "hours-time_zone": "Mars/Base",
            "hours-country": ["Atlantis"],
            "hours-holiday-date": [""],
            "hours-exception-date": ["2027-01-02", "2027-01-02"],
            "hours-exception-name": ["A", "B\0"],
            "hours-exception-hours": ["", "late"],
        }
        response = save(menu, **sent)
        assert said(response) == [
            'Time zone: "Mars/Base" is not a time zone; write one such as Europe/Berlin',
            'Monday: "9-5" is not a period such as 09:00-17:30',
            "Tuesday: the periods overlap",
            'Public holidays: "Atlantis" is not a country with known holidays; write one such as US',
            'Own holidays: "" is not a day such as 2027-01-02',
            'Exceptions: "late" is not a period such as 09:00-17:30',
            "Exceptions: There is a character in it that cannot be stored. Write it anew.",
            "Exceptions: This day is written twice. Keep one of them.",
        ]
        page = response.content.decode()
        for text in ('value="9-5"', 'value="11:00-13:00"', 'value="Atlantis"', 'value="late"', 'value="Mars/Base"'):
            assert text in page
        assert stored(menu).hours == BERLIN

    def test_hours_that_cannot_be_read_can_be_mended(self, save, admin_client):
        menu = make_menu(hours={"time_zone": "Mars/Base", "weekly": ["mon"]})
        assert "Its hours cannot be read." in admin_client.get(page_of(menu)).content.decode()
        assert save(menu, **week(mon=["09:00-17:00"])).status_code == 302
        assert stored(menu).hours == {"time_zone": "UTC", "weekly": {"mon": ["09:00-17:00"]}}


class TestTheDaysTheyMake:
    def test_the_page_shows_two_weeks_of_what_is_stored(self, admin_client):
        menu = make_menu(hours=BERLIN)
        page = admin_client.get(page_of(menu)).content.decode()
        for day in next_days(None, now()):
            assert f'datetime="{day.day:%Y-%m-%d}"' in page
        assert "By the clocks of Europe/Berlin." in page

    def test_hours_that_are_being_written_are_shown_without_being_stored(self, admin_client):
        menu = make_menu(hours=BERLIN)
        tomorrow = (now() + timedelta(days=1)).date()
        sent = {"hours-time_zone": "UTC", "hours-exception-date": str(tomorrow), "hours-exception-name": "Inventory"}
        answer = admin_client.post(PREVIEW, sent | {"hours-exception-hours": "7-8"}).content.decode()
        assert "07:00–08:00" in answer
        assert "Exception: Inventory" in answer
        assert "<html" not in answer
        assert stored(menu).hours == BERLIN
        assert "Always" not in answer
        faulty = admin_client.post(PREVIEW, {"hours-time_zone": "UTC", "hours-mon": "<9>"}).content.decode()
        assert "Monday: &quot;&lt;9&gt;&quot; is not a period" in faulty

    def test_they_are_for_those_who_may_see_menus_and_change_nothing_by_a_link(self, client, django_user_model):
        client.force_login(django_user_model.objects.create_user("staff@example.com", is_staff=True))
        assert client.post(PREVIEW, {"hours-time_zone": "UTC"}).status_code == 403
        assert client.get(PREVIEW).status_code == 405


class TestHowItStands:
    @pytest.fixture
    def sentence(self, admin_client):
        """What the top of the page says."""
        return lambda menu: admin_client.get(page_of(menu)).context["standing"].sentence

    def test_it_says_so_at_the_top(self, sentence, admin_user):
        menu = make_menu()
        assert sentence(menu) == "Always open."
        menu.hours = {"weekly": {}}
        menu.save()
        assert sentence(menu) == "Closed, and no opening is in sight."
        DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="message", active=False)
        tree.switch_redirection(menu, True, admin_user)
        assert sentence(menu).startswith("Redirected since ")
        assert sentence(menu).endswith(f" by {admin_user.email}.")
        tree.close(menu, branch=False, reason="Fire drill", user=admin_user)
        assert sentence(menu).startswith("Closed in an emergency since ")
        assert sentence(menu).endswith(": Fire drill")
        tree.delete(stored(menu), substitute=None)
        assert sentence(menu) == "Deleted: no calls come here."

    def test_its_buttons_are_the_verbs_of_the_tree_and_lead_back_here(self, admin_client):
        menu = make_menu()
        DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="message", active=False)
        here = page_of(menu)
        page = admin_client.get(here).content.decode()
        close, delete = (f"/admin/menus/menu/{menu.pk}/{verb}/" for verb in ("close", "delete"))
        assert f'href="{close}?next={here}"' in page
        assert f'href="{delete}?next={here}"' in page
        redirection = f"/admin/menus/menu/{menu.pk}/redirection/"
        assert f'action="{redirection}"' in page
        assert admin_client.post(redirection, {"on": "1", "next": here}).headers["Location"] == here
        assert "End the redirection" in admin_client.get(here).content.decode()

        assert admin_client.post(close, {"reason": "Flood", "next": here}).headers["Location"] == here
        page = admin_client.get(here).content.decode()
        assert "Open again" in page
        assert close not in page
        assert "By its hours:" not in page  # it has none
        tree.delete(stored(menu), substitute=None)
        page = admin_client.get(here).content.decode()
        assert "Restore" in page
        assert delete not in page

    def test_it_says_with_which_branch_it_is_closed(self, admin_client, admin_user):
        shop = make_menu("Shop")
        orders = make_menu("Orders", parent=shop, hours={"weekly": {}})
        tree.close(shop, branch=True, reason="", user=admin_user)
        page = admin_client.get(page_of(orders)).content.decode()
        assert "With the whole branch of “Shop”." in page
        assert "By its hours: Closed, and no opening is in sight." in " ".join(page.split())


def rows(prefix, *rows, initial=0):
    """Rows of a formset, as the page sends them."""
    sent = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(initial)}
    return sent | {f"{prefix}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}


class TestWhoServesIt:
    def test_groups_get_their_agents_and_their_order(self, save):
        menu, agents = make_menu(), [make_agent(), make_agent()]
        both, one = [agent.pk for agent in agents], [agents[0].pk]
        response = save(
            menu,
            **rows(
                "groups",
                {"name": "Second line", "position": "1", "timeout_seconds": "40", "agents": one},
                {"name": "First line", "position": "0", "timeout_seconds": "30", "agents": both},
                {"name": "", "position": "2", "timeout_seconds": "20"},  # a row to spare
            ),
        )
        assert response.status_code == 302
        first, second = menu.groups.all()
        assert (first.name, first.timeout_seconds, {*first.agents.all()}) == ("First line", 30, {*agents})
        assert (second.name, {*second.agents.all()}) == ("Second line", {agents[0]})

    def test_faults_in_a_group_are_said_and_its_agents_stay(self, save):
        menu, agent = make_menu(), make_agent()
        response = save(
            menu, **rows("groups", {"name": "", "position": "0", "timeout_seconds": "", "agents": [agent.pk]})
        )
        assert said(response) == ["This field is required.", "This field is required."]
        assert f'<option value="{agent.pk}" selected' in response.content.decode()

    def test_a_group_and_a_number_are_removed(self, save):
        menu = make_menu(agents=[make_agent()])
        number = OutboundNumber.objects.create(number="+13392195276")
        MenuOutboundNumber.objects.create(menu=menu, outbound_number=number)
        assert save(menu, **{"groups-0-DELETE": "on", "number_choices-0-DELETE": "on"}).status_code == 302
        assert not menu.groups.exists()
        assert not menu.number_choices.exists()

    def test_any_number_of_groups_is_shown_with_as_many_queries(self, admin_client):
        def fill(menu, groups, agents):
            for number in range(groups):
                group = AgentGroup.objects.create(menu=menu, name=f"Group {number}", position=number)
                group.agents.set(agents)
                outbound = OutboundNumber.objects.create(number=f"+1339219{menu.pk % 10}{100 + number}")
                MenuOutboundNumber.objects.create(menu=menu, outbound_number=outbound)

        small, large = make_menu("Small", hours=BERLIN), make_menu("Large", hours=BERLIN)
        agents = [make_agent() for _number in range(20)]
        fill(small, 1, agents[:1])
        fill(large, 12, agents)
        admin_client.get(page_of(small))
        counts = []
        for menu in (small, large):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert admin_client.get(page_of(menu)).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 30

    def test_a_limited_person_picks_among_the_agents_they_see_and_sends_no_other_away(self, client):
        team = Team.objects.create(name="North")
        own, other = make_agent(team=team), make_agent()
        menu = make_menu(agents=[own])
        person = make_person("supervisor")
        person.limited_to_teams.add(team)
        person.user_permissions.set(
            Permission.objects.filter(
                codename__in=("change_menu", "add_agentgroup", "change_agentgroup", "delete_agentgroup")
            )
        )
        client.force_login(person)
        assert "data-remove-row" in client.get(page_of(menu)).content.decode()

        def send(**changes):
            return client.post(page_of(menu), sent_back(client.get(page_of(menu)), **changes))

        refused = send(**{"groups-0-agents": [own.pk, other.pk]})
        assert said(refused) == [f"Select a valid choice. {other.pk} is not one of the available choices."]
        assert str(other) not in refused.content.decode()
        assert send(**{"groups-0-name": "North"}).status_code == 302
        group = menu.groups.get()
        group.agents.add(other)
        page = client.get(page_of(menu)).content.decode()
        assert f"{own} and 1 other" in page
        assert "groups-0-DELETE" not in page
        assert "data-remove-row" not in page
        send(**{"groups-0-DELETE": "on"})
        send(**{"groups-0-name": "South", "groups-0-agents": [own.pk]})
        assert (menu.groups.get().name, {*group.agents.all()}) == ("South", {own, other})


def option(**columns):
    """One new deflection option, as the page sends it."""
    return rows("deflection_options", columns)


class TestWhatBecomesOfTheRest:
    def test_each_occasion_offers_what_it_may_have(self, admin_client):
        page = admin_client.get(page_of(make_menu()))
        formset = page.context["inline_admin_formsets"][0].formset
        kinds = {
            card.occasion: [kind for kind, _label in card.form.fields["kind"].widget.choices]
            for card in formset.cards()
        }
        assert kinds == {
            "after_hours": ["", "message", "voicemail", "queue", "phone"],
            "redirection": ["", "message", "voicemail", "queue", "phone"],
            "over_capacity": ["", "message", "voicemail", "callback", "scheduled_call"],
        }

    def test_nothing_chosen_is_nothing_stored_and_emptying_takes_away(self, save):
        menu = make_menu()
        assert save(menu).status_code == 302
        assert not menu.deflection_options.exists()
        DeflectionOption.objects.create(menu=menu, occasion="after_hours", kind="voicemail", message="Gone home.")
        assert save(menu).status_code == 302
        assert menu.deflection_options.get().message == "Gone home."
        assert save(menu, **{"deflection_options-0-kind": ""}).status_code == 302
        assert not menu.deflection_options.exists()

    def test_a_redirection_is_set_switched_and_says_who_did_it(self, save, admin_client, admin_user):
        menu = make_menu()
        phone = {"occasion": "redirection", "kind": "phone", "to_number": "+1 (339) 219-5276"}
        assert save(menu, **option(**phone)).status_code == 302
        redirection = menu.deflection_options.get()
        assert (redirection.to_number, redirection.active, redirection.switched_at) == ("+13392195276", False, None)
        assert stored(menu).state_at(now()) == "open"

        assert save(menu, **{"deflection_options-0-redirected": "on"}).status_code == 302
        redirection.refresh_from_db()
        assert (redirection.active, redirection.switched_by) == (True, admin_user)
        switched_at = redirection.switched_at
        assert stored(menu).state_at(now()) == "manual_redirection"
        assert f"{switched_at:%Y-%m-%d %H:%M}" in admin_client.get(page_of(menu)).content.decode()

        assert save(menu, **{"deflection_options-0-message": "We have moved."}).status_code == 302
        redirection.refresh_from_db()
        assert (redirection.active, redirection.switched_at, redirection.message) == (
            True,
            switched_at,
            "We have moved.",
        )

        assert save(menu, **{"deflection_options-0-redirected": None}).status_code == 302
        assert stored(menu).state_at(now()) == "open"

    @pytest.mark.parametrize(
        ("columns", "fault"),
        [
            ({"occasion": "redirection", "kind": "phone"}, "Write the number that takes the calls."),
            ({"occasion": "redirection", "kind": "queue"}, "Choose the menu that takes the calls."),
            ({"occasion": "redirection", "kind": "callback"}, "This kind does not go with the occasion."),
        ],
    )
    def test_an_option_that_leads_nowhere_is_refused(self, columns, fault, save):
        menu = make_menu()
        assert said(save(menu, **option(**columns))) == [fault]
        assert not menu.deflection_options.exists()


class TestWhatCallersMeet:
    def test_a_menu_with_others_below_it_says_which_key_leads_where(self, admin_client):
        welcome = make_menu("Welcome", menu_type="ivr_menu")
        for place in range(10):
            make_menu(f"Desk {place}", menu_type="ivr_menu", parent=welcome, position=place)
        make_menu("Secret", menu_type="ivr_menu", parent=welcome, hidden=True)
        page = admin_client.get(page_of(welcome)).content.decode()
        assert "Press 1 for Desk 0. Press 2 for Desk 1." in page
        assert "<kbd>9</kbd>" in page
        assert "no key" in page
        assert "Press 10" not in page
        assert "Secret" not in page

    def test_a_queue_says_what_is_heard_while_one_waits_and_otherwise(self, admin_client):
        menu = make_menu("Sales", menu_type="ivr_menu", output_msg="We will be with you shortly.")
        other = make_menu("Support", menu_type="ivr_menu")
        DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="queue", to_menu=other, active=False)
        DeflectionOption.objects.create(menu=menu, occasion="over_capacity", kind="callback")
        page = admin_client.get(page_of(menu)).content.decode()
        for text in (
            "We will be with you shortly.",
            "Nobody can take your call now. Please call again later.",
            "On to Support",
            "You keep your place, and we will call you back.",
        ):
            assert text in page


def test_who_may_only_look_sees_it_all_and_can_change_nothing(client, django_user_model):
    menu = make_menu(hours=BERLIN, agents=[make_agent()])
    DeflectionOption.objects.create(menu=menu, occasion="after_hours", kind="message", message="Gone home.")
    user = django_user_model.objects.create_user("viewer@example.com", is_staff=True)
    user.groups.set(user.groups.model.objects.filter(name="viewer"))
    client.force_login(user)
    page = client.get(page_of(menu)).content.decode()
    assert "By the clocks of Europe/Berlin." in page
    assert "Gone home." in page
    assert 'name="hours-time_zone"' not in page
    assert 'name="deflection_options-0-kind"' not in page
    assert 'name="groups-0-name"' not in page
    assert client.post(page_of(menu), {"name": "Mine"}).status_code == 403


def test_a_switch_that_one_may_not_move_stays_movable_for_others(client, save, admin_user):
    menu = make_menu()
    redirection = DeflectionOption.objects.create(
        menu=menu, occasion="redirection", kind="message", message="Later.", active=False
    )
    editor = User.objects.create_user("edith@example.com", is_staff=True)
    names = ("view_menu", "change_menu", "view_deflectionoption", "change_deflectionoption")
    editor.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(editor)
    page = page_of(menu)
    client.post(page, sent_back(client.get(page), **{"deflection_options-0-redirected": "on"}))
    redirection.refresh_from_db()
    assert not redirection.active

    assert save(menu, **{"deflection_options-0-redirected": "on"}).status_code == 302
    redirection.refresh_from_db()
    assert (redirection.active, redirection.switched_by) == (True, admin_user)
