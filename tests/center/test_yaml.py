"""YAML's traps: what is written without quotes is what it looks like, and no file can make the loader work for ever."""

import pytest

from agents.models import Agent, Language
from calls.models import Contact, Ticket
from ccai.center import load_documents
from menus.models import Menu
from tests.center.center_files import faults_of, load

pytestmark = pytest.mark.django_db


class TestWordsThatAreNotWhatTheyLookLike:
    def test_no_is_norwegian(self):
        load("languages: {no: live, en: draft}\nagents: [{email: a@b.com, languages: [no]}]")
        assert Language.objects.get(code="no").state == "live"
        assert Agent.objects.get().languages.get().code == "no"

    def test_no_is_norwegian_after_another_parser_has_read_it_too(self):
        load_documents(
            [("given", {"languages": {False: "live"}, "agents": [{"email": "a@b.com", "languages": [False]}]})]
        )
        assert Agent.objects.get().languages.get().code == "no"

    def test_no_is_norway_among_the_holidays(self):
        load("menus: [{id: 1, name: A, menu_type: web_menu, hours: {weekly: {mon: []}, holidays: [NO]}}]")
        assert Menu.objects.get().hours == {"weekly": {"mon": []}, "holidays": ["NO"]}

    @pytest.mark.parametrize(
        "ticket_id", ["71450", "0071450", "1e3", "0x1F", "1_000", "12:30:00", "+5", "yes", "2027-01-02", ".5", "0o17"]
    )
    def test_an_unquoted_id_is_text_to_the_letter(self, ticket_id):
        load(f"crm: {{contacts: [{{out_contact_id: {ticket_id}}}], tickets: [{{ticket_id: {ticket_id}}}]}}")
        assert Ticket.objects.get().ticket_id == ticket_id
        assert Contact.objects.get().out_contact_id == ticket_id

    def test_an_id_that_is_a_number_in_json_is_its_digits(self):
        load_documents([("given", {"crm": {"tickets": [{"ticket_id": 71450}]}})])
        assert Ticket.objects.get().ticket_id == "71450"

    def test_unquoted_words_are_text_where_text_is_wanted(self):
        load("agents: [{email: a@b.com, first_name: Yes, last_name: on, agent_number: 007}]")
        agent = Agent.objects.get()
        assert (agent.user.first_name, agent.user.last_name, agent.agent_number) == ("Yes", "on", "007")

    def test_quoted_null_is_text_and_unquoted_null_is_nothing(self):
        load("agents: [{email: a@b.com, first_name: 'null', last_name: null}]")
        agent = Agent.objects.get()
        assert (agent.user.first_name, agent.user.last_name) == ("null", "")

    @pytest.mark.parametrize("null", ["", "~", "null", "Null", "NULL"])
    def test_null_may_be_spelled_as_in_yaml(self, null):
        load("agents: [{email: a@b.com, status: meal}]")
        load(f"agents: [{{email: a@b.com, status: {null}}}]")
        assert Agent.objects.get().status == "offline"

    @pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "Yes", "on", "ON"])
    def test_true_may_be_spelled_as_in_yaml(self, word):
        load(f"agents: [{{email: a@b.com, auto_answer: {word}}}]")
        assert Agent.objects.get().auto_answer

    @pytest.mark.parametrize("word", ["false", "False", "no", "NO", "off"])
    def test_false_may_be_spelled_as_in_yaml(self, word):
        load(f"agents: [{{email: a@b.com, can_place_calls: {word}}}]")
        assert not Agent.objects.get().can_place_calls

    def test_times_and_days_need_no_quotes(self):
        load(
            """
            menus:
              - id: 1
                name: A
                menu_type: web_menu
                hours:
                  weekly: {mon: [09:00-12:00], tue: [22:00-02:00]}
                  exceptions: [{date: 2027-01-02, hours: [10:00-14:00]}]
            """
        )
        assert Menu.objects.get().hours == {
            "weekly": {"mon": ["09:00-12:00"], "tue": ["22:00-02:00"]},
            "exceptions": [{"date": "2027-01-02", "hours": ["10:00-14:00"]}],
        }

    def test_a_number_with_its_plus_needs_no_quotes(self):
        load("outbound_numbers: [{number: +13392195276}, {number: +1 760-867-5309}]")
        assert faults_of("outbound_numbers: [{number: 13392195276}]") != []

    def test_json_is_yaml(self):
        load('{"languages": {"en": "live"}, "crm": {"contacts": [{"out_contact_id": "1", "name": null}]}}')
        assert Contact.objects.get().name == ""


class TestWhatIsNoYaml:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("languages: {en: live}\nagents: [\n", 3),
            ("languages:\n\ten: live", 2),
            ("agents:\n- email: a@b.com\n status: meal", 3),
            ("agents: 'never ends", 1),
            ("menus: %", 1),
            ("menus: !e!x {}", 1),
        ],
    )
    def test_the_line_is_told(self, text, line):
        (fault,) = faults_of(text)
        assert fault.startswith(f"line {line}, column ")
        assert ": is not YAML: " in fault

    @pytest.mark.parametrize(("character", "code"), [("\x00", "0000"), ("\x1b", "001B"), ("\ud800", "D800")])
    def test_control_characters_are_told_with_their_line(self, character, code):
        assert faults_of(f"languages:\n  en: li{character}ve") == [
            f"line 2: contains the character U+{code}, which a YAML file may not hold"
        ]

    @pytest.mark.parametrize("value", ["!!python/object/apply:os.system [ls]", "!!binary aGk=", "!mine x", "!!int 3"])
    def test_tags_are_not_understood(self, value):
        assert faults_of(f"agents: [{{email: a@b.com, first_name: {value}}}]")[0] == (
            "line 1: a tag (!) is not understood here; put text that begins with ! in quotes"
        )

    def test_a_tag_that_says_text_is_understood(self):
        load("agents: [{email: a@b.com, first_name: !!str null}]")
        assert Agent.objects.get().user.first_name == "null"


class TestAnchors:
    def test_a_value_may_be_used_again(self):
        load(
            """
            menus:
              - {id: 1, name: A, menu_type: web_menu, hours: &week {weekly: {mon: [09:00-12:00]}}}
              - {id: 2, name: B, menu_type: web_menu, hours: *week}
            """
        )
        assert Menu.objects.get(pk=1).hours == Menu.objects.get(pk=2).hours == {"weekly": {"mon": ["09:00-12:00"]}}

    def test_a_value_may_not_contain_itself(self):
        assert faults_of("menus: &all\n  - {id: 1, children: *all}") == [
            "line 2: an alias stands for a value that it is a part of"
        ]

    def test_an_alias_without_an_anchor_is_told(self):
        assert faults_of("agents:\n  - {email: a@b.com, first_name: *bold*}") != []
        assert faults_of("agents:\n  - {email: a@b.com, first_name: *bold }") == [
            "line 2: an alias (*) has no anchor (&) before it; put text that begins with * in quotes"
        ]

    def test_a_bomb_of_aliases_is_refused(self):
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
        (fault,) = faults_of("\n".join(lines))
        assert fault == "line 6: holds more than 1000000 values"

    def test_what_is_nested_without_end_is_refused(self):
        assert faults_of("menus: " + "[" * 100_000) == ["line 1: is nested more than 100 levels deep"]
