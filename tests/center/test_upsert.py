"""Loading: what is given is set, what is not given stays, null is the default, and nothing is deleted by absence."""

import json

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, Language, OutboundNumber, StatusChange, Team, User
from calls.models import Contact, Ticket
from ccai.center import Outcome, load_center, load_documents
from ccai.models import ApiToken, hash_token
from ccai.times import now
from menus import tree
from menus.models import AgentGroup, Menu
from tests.center.center_files import CONFORMANCE, DATA, FULL, load
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

EXAMPLES = json.loads((DATA / "examples.json").read_text())["examples"]


@pytest.fixture
def conformance(db):
    """The conformance center is loaded."""
    load(CONFORMANCE)


def changes(report):
    """What changed, by name."""
    return {line.name: line.keys for line in report.lines if line.outcome == Outcome.CHANGED}


def created(report):
    """The names of what was created."""
    return [line.name for line in report.lines if line.outcome == Outcome.CREATED]


def user(email):
    return User.objects.get(email=email)


def agent(email):
    return Agent.objects.get(user__email=email)


class TestTheWholeCenter:
    def test_the_conformance_center_is_what_the_file_says(self, conformance):
        assert dict(Language.objects.values_list("code", "state")) == {"en": "live", "ko": "live", "fr": "draft"}
        assert ApiToken.objects.get().token_hash == hash_token("conformance-token")
        assert list(OutboundNumber.objects.values_list("number", "label", "is_default", "active")) == [
            ("+13392195276", "Main", True, True),
            ("+17608675309", "West", False, True),
            ("+17604108538", "South", False, True),
        ]
        admin = agent("admin@somedomain.com")
        assert (admin.user.first_name, admin.user.last_name) == ("Admin", "UJET")
        assert (admin.status, admin.can_place_calls, admin.auto_answer) == ("available", True, False)
        assert admin.user.is_active
        assert not admin.user.is_staff
        assert not admin.user.has_usable_password()
        lock_star = Menu.objects.get(pk=9)
        assert (lock_star.name, lock_star.menu_type, lock_star.parent) == ("Lock Star", "ivr_menu", None)
        assert lock_star.hours is None
        group = lock_star.groups.get()
        assert (group.name, group.timeout_seconds) == ("Group 1", 20)
        assert list(group.agents.all()) == [admin]
        assert Contact.objects.get(out_contact_id="389391400633").phones.get().number == "+821068612345"
        assert Ticket.objects.get(ticket_id="71450").contact.name == "Ann"

    @pytest.mark.parametrize("text", [CONFORMANCE, FULL], ids=["conformance", "full"])
    def test_a_second_load_changes_nothing_and_says_so(self, text):
        load(text)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            report = load(text)
        assert not report.has_changes
        assert "Nothing changed: the center is as the files say." in report.sentences()
        assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
    def test_the_state_of_each_published_sample_can_be_loaded(self, conformance, example):
        load_documents([("given", example["given"])])
        assert not load_documents([("given", example["given"])]).has_changes

    def test_every_key_of_a_file_is_kept(self):
        load(FULL)
        admin = agent("Admin@somedomain.com")
        assert (admin.agent_number, admin.avatar_url) == ("0042", "https://somedomain.com/avatar.jpg")
        assert (admin.status, admin.can_place_calls, admin.auto_answer) == ("available", False, True)
        assert admin.sip_address == "sip:admin@somedomain.com"
        assert (admin.team.name, admin.team.parent.name) == ("North", "Sales")
        assert {language.code for language in admin.languages.all()} == {"no", "en"}
        assert {number.number for number in admin.outbound_numbers.all()} == {"+13392195276", "+17608675309"}
        assert admin.user.check_password("not a password")
        assert agent("allen@somedomain.com").team.name == "A/B"
        sales = Menu.objects.get(pk=8)
        assert sales.hours == {
            "time_zone": "America/New_York",
            "weekly": {"mon": ["09:00-12:00", "13:00-18:00"], "sat": ["22:00-02:00"], "sun": ["00:00-24:00"]},
            "holidays": ["US", "NO", {"name": "Founders' day", "date": "2027-05-04", "hours": []}],
            "exceptions": [
                {"date": "2027-01-02", "hours": ["10:00-14:00"], "name": "Inventory"},
                {"date": "2027-01-03"},
            ],
        }
        assert (sales.parent_id, sales.menu_type, sales.position) == (6, "ivr_menu", 1)
        assert (sales.recording, sales.offer_type, sales.priority) == ("record", "multicast", -5)
        assert [group.name for group in sales.groups.all()] == ["Group 2", "Group 1"]
        assert [row.outbound_number.number for row in sales.number_choices.all()] == ["+17608675309", "+13392195276"]
        assert (sales.option("after_hours").kind, sales.option("after_hours").message) == ("message", "We are closed.")
        assert (sales.option("over_capacity").kind, sales.option("over_capacity").after_seconds) == ("callback", 600)
        assert sales.option("redirection") is None
        assert Menu.objects.get(pk=61).option("redirection").to_menu == sales
        assert Menu.objects.get(pk=50).option("redirection").to_number == "+821068612345"
        assert Menu.objects.get(pk=5).path()["materialized_path"] == "6/7/61/5"
        assert Menu.objects.get(pk=5).menu_type == "ivr_menu"
        assert Menu.objects.get(pk=5).deleted
        ann = Contact.objects.get(name="Ann")
        assert ann.out_contact_id == "0381630957514"
        assert [phone.number for phone in ann.phones.all()] == ["+12051234568", "+12051234567"]
        assert Ticket.objects.get(contact=ann).ticket_id == "0071450"
        assert ApiToken.objects.get(name="revoked").rate_limit == 25
        assert not ApiToken.objects.get(name="revoked").active


class TestKeys:
    def test_a_key_that_is_not_given_keeps_its_value(self):
        load(FULL)
        before = Agent.objects.values().get(user__email="Admin@somedomain.com")
        report = load("agents: [{email: admin@somedomain.com, last_name: New}]")
        assert changes(report) == {"Admin@somedomain.com": ("last_name",)}
        assert Agent.objects.values().get(user__email="Admin@somedomain.com") == before
        assert user("Admin@somedomain.com").last_name == "New"
        assert user("Admin@somedomain.com").check_password("not a password")

    def test_null_resets_every_key_of_an_agent_to_its_default(self):
        load(FULL)
        keys = [
            "first_name",
            "last_name",
            "agent_number",
            "avatar_url",
            "status",
            "can_place_calls",
            "auto_answer",
            "active",
            "role",
            "password",
            "team",
            "languages",
            "outbound_numbers",
            "sip_address",
        ]
        load_documents([("f", {"agents": [{"email": "admin@somedomain.com", **dict.fromkeys(keys)}]})])
        admin = agent("Admin@somedomain.com")
        assert (admin.agent_number, admin.avatar_url, admin.sip_address, admin.team) == ("", "", "", None)
        assert (admin.status, admin.can_place_calls, admin.auto_answer) == ("offline", True, False)
        assert not admin.languages.exists()
        assert not admin.outbound_numbers.exists()
        assert (admin.user.first_name, admin.user.last_name, admin.user.is_active) == ("", "", True)
        assert not admin.user.is_staff
        assert [group.name for group in admin.user.groups.all()] == ["agent"]
        assert not admin.user.has_usable_password()

    def test_null_resets_every_key_of_a_menu_to_its_default(self):
        load(FULL)
        keys = [
            "position",
            "output_msg",
            "hidden",
            "deleted",
            "languages",
            "hours",
            "after_hours",
            "redirection",
            "over_capacity",
            "recording",
            "offer_type",
            "priority",
            "groups",
            "outbound_numbers",
        ]
        load_documents([("f", {"menus": [{"id": 8, **dict.fromkeys(keys)}]})])
        menu = Menu.objects.get(pk=8)
        assert (menu.name, menu.parent_id, menu.menu_type) == ("Sales", 6, "ivr_menu")
        assert (menu.position, menu.output_msg, menu.hidden, menu.deleted, menu.hours) == (0, "", False, False, None)
        assert (menu.recording, menu.offer_type, menu.priority) == ("do_not_record", "cascade", 0)
        for related in (menu.languages, menu.groups, menu.outbound_numbers, menu.deflection_options):
            assert not related.exists()

    def test_null_resets_the_rest_to_their_defaults(self):
        load(FULL)
        load(
            """
            languages: {fr: ~}
            api_tokens: [{name: revoked, active: null, rate_limit: null}]
            outbound_numbers: [{number: "+1 339-219-5276", label: null, default: null, active: null}]
            crm:
              contacts: [{out_contact_id: "0381630957514", name: null, phones: null, email: null, time_zone: null}]
              tickets: [{ticket_id: "0071450", contact: null, url: null, closed: null}]
            """
        )
        assert Language.objects.get(code="fr").state == "live"
        token = ApiToken.objects.get(name="revoked")
        assert (token.active, token.rate_limit) == (True, None)
        number = OutboundNumber.objects.get(number="+13392195276")
        assert (number.label, number.is_default, number.active) == ("", False, True)
        contact = Contact.objects.get(out_contact_id="0381630957514")
        assert (contact.name, contact.email, contact.time_zone, contact.phones.count()) == ("", "", "", 0)
        ticket = Ticket.objects.get(ticket_id="0071450")
        assert (ticket.contact, ticket.url, ticket.closed) == (None, None, False)

    def test_lists_are_replaced_whole(self):
        load(FULL)
        report = load(
            """
            agents: [{email: admin@somedomain.com, languages: [ko], outbound_numbers: []}]
            menus: [{id: 8, outbound_numbers: ["+1 760-410-8538"], languages: [en]}]
            crm: {contacts: [{out_contact_id: "0381630957514", phones: ["+1 205-123-4567", "+1 205-123-4569"]}]}
            """
        )
        assert changes(report) == {
            "Admin@somedomain.com": ("languages", "outbound_numbers"),
            "8 Sales": ("languages", "outbound_numbers"),
            "0381630957514": ("phones",),
        }
        admin = agent("Admin@somedomain.com")
        assert [language.code for language in admin.languages.all()] == ["ko"]
        assert not admin.outbound_numbers.exists()
        assert [row.outbound_number.number for row in Menu.objects.get(pk=8).number_choices.all()] == ["+17604108538"]
        phones = Contact.objects.get(name="Ann").phones.all()
        assert [phone.number for phone in phones] == ["+12051234567", "+12051234569"]

    def test_the_order_of_languages_in_a_file_is_no_change(self):
        load(FULL)
        assert not load("agents: [{email: admin@somedomain.com, languages: [en, no]}]").has_changes

    def test_sections_that_are_empty_change_nothing(self, conformance):
        report = load(
            "languages:\napi_tokens:\noutbound_numbers: []\nagents: []\nmenus:\ncrm: {contacts: , tickets: []}"
        )
        assert not report.has_changes
        assert Menu.objects.count() == 2

    def test_nothing_is_deleted_by_absence(self, conformance):
        load("menus: [{name: Other, menu_type: web_menu}]\nlanguages: {en: draft}")
        assert Agent.objects.count() == 3
        assert Menu.objects.count() == 3
        assert Language.objects.count() == 3


class TestNumbers:
    def test_another_default_takes_over_from_the_one_before(self, conformance):
        report = load('outbound_numbers: [{number: "+1 760-867-5309", default: true}]')
        assert changes(report) == {"+1 339-219-5276": ("default",), "+1 760-867-5309": ("default",)}
        assert OutboundNumber.objects.get(is_default=True).number == "+17608675309"

    def test_a_new_number_may_be_the_default_at_once(self, conformance):
        load('outbound_numbers: [{number: "+1 212-555-0199", default: true}]')
        assert OutboundNumber.objects.get(is_default=True).number == "+12125550199"

    def test_any_spelling_names_the_number(self, conformance):
        report = load('outbound_numbers: [{number: "+1 (339) 219.5276", label: New}]')
        assert changes(report) == {"+1 339-219-5276": ("label",)}

    def test_a_center_may_have_no_default(self, conformance):
        load('outbound_numbers: [{number: "+1 339-219-5276", default: false}]')
        assert not OutboundNumber.objects.filter(is_default=True).exists()


class TestTokens:
    def test_a_token_without_a_secret_gets_one_which_is_told_once(self):
        report = load("api_tokens: [{name: crm}]")
        secret = report.tokens["crm"]
        assert ApiToken.objects.get().token_hash == hash_token(secret)
        assert list(report.token_sentences()) == [f"The API token crm is {secret} (shown this once)"]
        assert secret not in "".join(report.sentences())
        assert load("api_tokens: [{name: crm}, {name: crm2, token: }]").tokens.keys() == {"crm2"}
        assert ApiToken.objects.get(name="crm").token_hash == hash_token(secret)

    def test_a_token_that_is_given_is_set(self, conformance):
        report = load("api_tokens: [{name: conformance, token: another-token}]")
        assert changes(report) == {"conformance": ("token",)}
        assert ApiToken.objects.get().token_hash == hash_token("another-token")

    def test_a_token_stays_where_none_is_given(self, conformance):
        report = load("api_tokens: [{name: conformance, token: null, token_hash: null, rate_limit: 5}]")
        assert changes(report) == {"conformance": ("rate_limit",)}
        assert report.tokens == {}
        assert ApiToken.objects.get().token_hash == hash_token("conformance-token")

    def test_a_hash_stands_for_the_token(self, conformance):
        load(f"api_tokens: [{{name: conformance, token_hash: {hash_token('another-token').upper()}}}]")
        assert ApiToken.objects.get().token_hash == hash_token("another-token")


class TestAgents:
    def test_agents_are_known_by_their_address_whatever_its_case(self, conformance):
        report = load("agents: [{email: ADMIN@SomeDomain.com, last_name: New}]")
        assert changes(report) == {"admin@somedomain.com": ("last_name",)}
        assert User.objects.count() == 3

    def test_a_status_goes_into_the_history(self, conformance):
        admin = agent("admin@somedomain.com")
        before = admin.status_since
        load("agents: [{email: admin@somedomain.com, status: meal}]")
        admin.refresh_from_db()
        assert admin.status == "meal"
        assert admin.status_since >= before
        assert list(StatusChange.objects.filter(agent=admin).order_by("pk").values_list("status", flat=True)) == [
            "available",
            "meal",
        ]

    def test_a_status_that_stays_is_no_line_in_the_history(self, conformance):
        load("agents: [{email: admin@somedomain.com, status: available}]")
        assert StatusChange.objects.filter(agent__user__email="admin@somedomain.com").count() == 1

    def test_a_new_agent_is_offline(self):
        load("agents: [{email: new@somedomain.com}]")
        assert agent("new@somedomain.com").status == "offline"

    @pytest.mark.parametrize(
        ("role", "is_staff"), [("agent", False), ("supervisor", True), ("admin", True), ("viewer", True)]
    )
    def test_a_login_is_in_the_group_of_its_role_alone(self, conformance, role, is_staff):
        someone = user("admin@somedomain.com")
        other = Group.objects.create(name="night shift")
        someone.groups.add(other)
        for step in ("admin", role):
            load(f"agents: [{{email: admin@somedomain.com, role: {step}}}]")
        someone.refresh_from_db()
        assert {group.name for group in someone.groups.all()} == {role, "night shift"}
        assert (someone.is_staff, someone.is_superuser) == (is_staff, False)

    def test_a_role_makes_a_login_whole_that_was_made_by_hand(self):
        by_hand = make_agent("hand@somedomain.com").user
        report = load("agents: [{email: hand@somedomain.com, role: agent}]")
        assert changes(report) == {"hand@somedomain.com": ("role",)}
        assert [group.name for group in by_hand.groups.all()] == ["agent"]
        assert not load("agents: [{email: hand@somedomain.com, role: agent}]").has_changes

    def test_a_superuser_keeps_the_way_into_the_admin(self):
        boss = User.objects.create_superuser("boss@somedomain.com", "not a password")
        report = load("agents: [{email: boss@somedomain.com, role: agent, status: available}]")
        assert created(report) == ["boss@somedomain.com"]
        boss.refresh_from_db()
        assert (boss.is_staff, boss.is_superuser) == (True, True)
        assert boss.check_password("not a password")
        assert boss.agent.status == "available"

    def test_a_person_with_a_login_becomes_an_agent_and_keeps_it(self):
        User.objects.create_user("someone@somedomain.com", "not a password", first_name="Some", last_name="One")
        load("agents: [{email: someone@somedomain.com, last_name: Else}]")
        someone = agent("someone@somedomain.com").user
        assert (someone.first_name, someone.last_name) == ("Some", "Else")
        assert someone.check_password("not a password")
        assert [group.name for group in someone.groups.all()] == ["agent"]

    def test_the_same_password_is_no_change(self, conformance):
        load("agents: [{email: admin@somedomain.com, password: not a password}]")
        before = user("admin@somedomain.com").password
        assert not load("agents: [{email: admin@somedomain.com, password: not a password}]").has_changes
        assert user("admin@somedomain.com").password == before

    def test_another_password_is_set_and_not_told(self, conformance):
        report = load("agents: [{email: admin@somedomain.com, password: 12345678}]")
        assert changes(report) == {"admin@somedomain.com": ("password",)}
        assert user("admin@somedomain.com").check_password("12345678")
        assert "12345678" not in f"{report} {list(report.sentences())}"

    def test_null_takes_a_password_away(self, conformance):
        load("agents: [{email: admin@somedomain.com, password: not a password}]")
        report = load("agents: [{email: admin@somedomain.com, password: null}]")
        assert changes(report) == {"admin@somedomain.com": ("password",)}
        assert not user("admin@somedomain.com").has_usable_password()
        assert not load("agents: [{email: admin@somedomain.com, password: null}]").has_changes

    def test_a_password_hash_stands_for_the_password(self, conformance):
        load("agents: [{email: admin@somedomain.com, password: not a password}]")
        encoded = user("admin@somedomain.com").password
        load(f"agents: [{{email: agent@somedomain.com, password: null, password_hash: {encoded}}}]")
        assert user("agent@somedomain.com").check_password("not a password")

    def test_teams_are_made_where_they_are_missing_and_found_where_they_are_not(self, conformance):
        sales = Team.objects.create(name="Sales")
        load("agents: [{email: admin@somedomain.com, team: Sales / North}, {email: agent@somedomain.com, team: Sales}]")
        assert Team.objects.count() == 2
        assert agent("agent@somedomain.com").team == sales
        assert agent("admin@somedomain.com").team.parent == sales


class TestMenus:
    def test_a_menu_without_an_id_is_known_by_its_parent_and_name(self, conformance):
        text = """
        menus:
          - name: Help
            menu_type: mobile_menu
            children:
              - {name: Sales, output_msg: One}
              - {name: Support, children: [{name: Sales}]}
        """
        report = load(text)
        assert created(report) == ["Help", "Sales", "Support", "Sales"]
        assert not load(text).has_changes
        root = Menu.objects.get(name="Help")
        report = load(f"menus: [{{name: Sales, parent_id: {root.pk}, output_msg: Two}}]")
        assert list(changes(report).values()) == [("output_msg",)]
        assert Menu.objects.get(parent=root, name="Sales").output_msg == "Two"
        assert set(Menu.objects.filter(pk__gt=50).values_list("menu_type", flat=True)) == {"mobile_menu"}

    def test_a_menu_that_is_not_deleted_goes_before_one_that_is(self, conformance):
        Menu.objects.create(name="Lock Star", menu_type="ivr_menu", deleted=True)
        report = load("menus: [{name: Lock Star, output_msg: New}]")
        assert changes(report) == {"9 Lock Star": ("output_msg",)}

    def test_a_deleted_menu_without_an_id_stays_deleted(self, conformance):
        text = "menus: [{name: Lock Star, deleted: true}]"
        assert changes(load(text)) == {"9 Lock Star": ("deleted",)}
        assert not load(text).has_changes
        assert Menu.objects.count() == 2

    def test_ids_given_by_the_database_are_beyond_those_that_were_chosen(self, conformance):
        load("menus: [{name: New, menu_type: web_menu}, {id: 1000, name: Chosen, menu_type: web_menu}]")
        assert Menu.objects.get(name="New").pk > 1000
        assert Menu.objects.create(name="Later", menu_type="web_menu").pk > 1000

    def test_a_menu_with_an_id_may_stand_below_one_without(self):
        load("menus: [{name: Root, menu_type: web_menu, children: [{id: 12, name: Leaf}]}]")
        assert Menu.objects.get(pk=12).parent.name == "Root"

    def test_a_parent_may_come_after_its_child(self):
        load("menus: [{id: 2, name: Leaf, parent_id: 3}, {id: 3, name: Root, menu_type: web_menu}]")
        assert Menu.objects.get(pk=2).parent_id == 3
        assert Menu.objects.get(pk=2).menu_type == "web_menu"

    def test_nesting_moves_a_menu(self):
        load(FULL)
        report = load("menus: [{id: 50, children: [{id: 61}]}]")
        assert changes(report) == {"61 Deepest": ("parent_id", "menu_type"), "5 Leaf": ("menu_type",)}
        assert Menu.objects.get(pk=5).path()["materialized_path"] == "50/61/5"

    def test_null_moves_a_menu_to_the_top(self):
        load(FULL)
        load("menus: [{id: 61, parent_id: null}]")
        assert Menu.objects.get(pk=61).parent is None
        assert Menu.objects.get(pk=61).menu_type == "ivr_menu"

    def test_the_type_of_a_root_is_that_of_all_below_it(self):
        load(FULL)
        report = load("menus: [{id: 6, menu_type: mobile_menu}]")
        assert set(changes(report)) == {"6 Main menu", "7 Deeper", "8 Sales", "61 Deepest", "5 Leaf"}
        assert set(Menu.objects.exclude(pk__in=[50, 51]).values_list("menu_type", flat=True)) == {"mobile_menu"}

    def test_a_name_may_be_the_one_of_a_menu_elsewhere(self, conformance):
        load("menus: [{id: 9, children: [{name: Lock Star}], groups: null}]")
        assert Menu.objects.filter(name="Lock Star").count() == 2

    def test_a_redirection_is_set_whole_and_null_ends_it(self, conformance):
        load("menus: [{id: 9, redirection: {kind: message, message: We moved.}}]")
        load("menus: [{id: 9, redirection: {kind: voicemail}}]")
        option = Menu.objects.get(pk=9).option("redirection")
        assert (option.kind, option.message) == ("voicemail", "")
        load("menus: [{id: 9, redirection: null}]")
        assert Menu.objects.get(pk=9).option("redirection") is None

    def test_a_redirection_that_is_switched_off_is_kept_and_says_when_it_was(self, conformance):
        load("menus: [{id: 9, redirection: {kind: message, message: We moved., active: false}}]")
        menu = Menu.objects.get(pk=9)
        assert (menu.state_at(now()), menu.option("redirection").switched_at) == ("open", None)
        load("menus: [{id: 9, redirection: {kind: message, message: We moved.}}]")
        switched = Menu.objects.get(pk=9).option("redirection")
        assert (switched.active, switched.switched_by) == (True, None)
        assert switched.switched_at is not None
        load("menus: [{id: 9, redirection: {kind: message, message: Elsewhere.}, after_hours: {kind: voicemail}}]")
        assert Menu.objects.get(pk=9).option("redirection").switched_at == switched.switched_at

    def test_a_deleted_menu_has_a_substitute_until_it_is_there_again(self, conformance):
        load("menus: [{id: 9, deleted: true, substitute: 50}]")
        assert Menu.objects.get(pk=9).stand_in() == Menu.objects.get(pk=50)
        load("menus: [{id: 9, deleted: false}]")
        assert Menu.objects.get(pk=9).substitute is None

    def test_an_emergency_closing_is_left_alone(self, conformance):
        closing = tree.close(Menu.objects.get(pk=9), branch=True, reason="", user=None)
        load("menus: [{id: 9, priority: 5}]")
        assert Menu.objects.get(pk=9).closing == closing

    def test_a_redirection_may_point_to_a_menu_further_down(self):
        load(
            """
            menus:
              - {id: 1, name: A, menu_type: ivr_menu, redirection: {kind: queue, menu_id: 2}}
              - {id: 2, name: B, menu_type: ivr_menu}
            """
        )
        assert Menu.objects.get(pk=1).option("redirection").to_menu_id == 2

    def test_a_menu_without_hours_is_always_open_and_one_with_an_empty_week_always_closed(self, conformance):
        load("menus: [{id: 9, hours: {time_zone: UTC, weekly: {}}}]")
        assert Menu.objects.get(pk=9).hours == {"time_zone": "UTC", "weekly": {}}
        load("menus: [{id: 9, hours: null}]")
        assert Menu.objects.get(pk=9).hours is None


class TestGroups:
    @pytest.fixture(autouse=True)
    def groups(self, conformance):
        load("menus: [{id: 9, groups: [{name: A, timeout_seconds: 30}, {name: B, agents: [agent@somedomain.com]}]}]")

    def names(self):
        return [group.name for group in Menu.objects.get(pk=9).groups.all()]

    def test_groups_that_are_not_named_stay_after_those_that_are(self):
        assert self.names() == ["A", "B", "Group 1"]
        report = load("menus: [{id: 9, groups: [{name: B}]}]")
        assert changes(report) == {"9 Lock Star": ("groups",)}
        assert self.names() == ["B", "A", "Group 1"]
        assert AgentGroup.objects.get(name="A").timeout_seconds == 30
        assert AgentGroup.objects.get(name="B").agents.get() == agent("agent@somedomain.com")

    def test_a_group_keeps_its_row_when_it_changes(self):
        before = AgentGroup.objects.get(name="B").pk
        load("menus: [{id: 9, groups: [{name: B, timeout_seconds: 5, agents: [ALLEN@somedomain.com]}]}]")
        group = AgentGroup.objects.get(pk=before)
        assert (group.timeout_seconds, group.agents.get()) == (5, agent("allen@somedomain.com"))

    def test_null_resets_what_a_group_has(self):
        load("menus: [{id: 9, groups: [{name: A, timeout_seconds: null}, {name: B, agents: null}]}]")
        assert AgentGroup.objects.get(name="A").timeout_seconds == 20
        assert not AgentGroup.objects.get(name="B").agents.exists()

    def test_a_group_is_removed_by_saying_so(self):
        load("menus: [{id: 9, groups: [{name: A, deleted: true}]}]")
        assert self.names() == ["B", "Group 1"]
        assert not load("menus: [{id: 9, groups: [{name: A, deleted: true}]}]").has_changes

    def test_an_empty_list_removes_no_group_and_null_removes_all(self):
        assert not load("menus: [{id: 9, groups: []}]").has_changes
        load("menus: [{id: 9, groups: null}]")
        assert self.names() == []

    def test_a_menu_gets_children_once_its_groups_are_gone(self):
        load("menus: [{id: 9, groups: null, children: [{name: Leaf, groups: [{name: C}]}]}]")
        assert AgentGroup.objects.get(name="C").menu.name == "Leaf"
        assert not Menu.objects.get(pk=9).groups.exists()


class TestSeveralFiles:
    def test_each_file_is_loaded_over_those_before_it(self):
        load_center(
            [
                ("a.yaml", CONFORMANCE),
                ("b.yaml", "agents: [{email: admin@somedomain.com, status: meal, last_name: null}]"),
                ("c.yaml", 'outbound_numbers: [{number: "+1 760-867-5309", default: true}]'),
                ("d.yaml", "agents: [{email: admin@somedomain.com, status: break}]"),
            ]
        )
        admin = agent("admin@somedomain.com")
        assert (admin.status, admin.user.first_name, admin.user.last_name) == ("break", "Admin", "")
        assert StatusChange.objects.filter(agent=admin).count() == 1
        assert OutboundNumber.objects.get(is_default=True).number == "+17608675309"

    def test_a_file_may_refer_to_what_a_later_one_defines(self):
        load_center(
            [
                ("menus.yaml", "menus: [{id: 2, name: Leaf, parent_id: 1, groups: [{name: A, agents: [a@b.com]}]}]"),
                ("more.yaml", "menus: [{id: 1, name: Root, menu_type: web_menu}]\nagents: [{email: a@b.com}]"),
            ]
        )
        assert AgentGroup.objects.get().agents.get().user.email == "a@b.com"

    def test_the_groups_of_a_later_file_come_first(self, conformance):
        load_center(
            [
                ("a.yaml", "menus: [{id: 9, groups: [{name: A}]}]"),
                ("b.yaml", "menus: [{id: 9, groups: [{name: B}, {name: Group 1, deleted: true}]}]"),
            ]
        )
        assert [group.name for group in AgentGroup.objects.filter(menu=9)] == ["B", "A"]

    def test_a_later_file_may_name_a_menu_by_what_an_earlier_one_called_it(self):
        load_center(
            [
                ("a.yaml", "menus: [{id: 4, name: Help, menu_type: web_menu}]"),
                ("b.yaml", "menus: [{name: Help, output_msg: Hello}]"),
            ]
        )
        assert Menu.objects.get().output_msg == "Hello"

    def test_the_type_of_a_root_in_a_later_file_is_that_of_its_children_in_an_earlier_one(self):
        load_center(
            [
                (
                    "a.yaml",
                    "menus: [{id: 4, name: A, menu_type: web_menu, children: [{name: B, menu_type: web_menu}]}]",
                ),
                ("b.yaml", "menus: [{id: 4, menu_type: ivr_menu}]"),
            ]
        )
        assert Menu.objects.get(name="B").menu_type == "ivr_menu"


class TestDryRun:
    def test_a_dry_run_reports_and_changes_nothing(self, conformance):
        text = """
        languages: {no: live}
        api_tokens: [{name: new}]
        agents: [{email: admin@somedomain.com, status: meal, role: admin, team: Sales, password: not a password}]
        menus: [{id: 9, hours: {weekly: {}}}, {id: 77, name: New, menu_type: web_menu}]
        """
        tables = (Language, ApiToken, Agent, User, Menu, Team, StatusChange)
        before = [list(table.objects.order_by("pk").values()) for table in tables]
        report = load(text, dry_run=True)
        assert [list(table.objects.order_by("pk").values()) for table in tables] == before
        assert report.is_dry_run
        assert report.tokens == {}
        assert changes(report) == {
            "admin@somedomain.com": ("status", "role", "password", "team"),
            "9 Lock Star": ("hours",),
        }
        assert created(report) == ["no", "new", "77 New"]
        assert "This was a dry run: nothing was written." in report.sentences()

    def test_the_report_counts_what_was_created_changed_and_left(self, conformance):
        report = load(
            "agents: [{email: a@b.com}, {email: admin@somedomain.com, active: no}, {email: agent@somedomain.com}]"
        )
        assert list(report.sentences()) == [
            "agents: 1 created, 1 changed, 1 left",
            "  changed admin@somedomain.com: active",
        ]
