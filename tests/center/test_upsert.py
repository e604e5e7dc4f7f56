"""Loading: what is given is set, what is not given stays, null is the default, and nothing is deleted by absence."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, Language, OutboundNumber, StatusChange, Team, User
from calls.models import Contact, Ticket
from ccai.center import load_center, load_documents
from ccai.models import ApiToken, hash_token
from menus.models import AgentGroup, Menu
from tests.center.center_files import CONFORMANCE, DATA, FULL, agent, changes, created, load, user

pytestmark = pytest.mark.django_db

EXAMPLES = json.loads((DATA / "examples.json").read_text())["examples"]


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
