"""Bad files: nothing is changed, and every fault is said in one go, with file, path and reason."""

import pytest

from agents.models import Agent, User
from ccai.center import CenterFaults, load_center, load_files
from ccai.models import ApiToken
from menus.models import Menu
from tests.center.center_files import BARE, LANGUAGE_KEYS, NOT_A_NUMBER, faults_of

pytestmark = pytest.mark.django_db

HASH = "0" * 64

# What a file says over the conformance center, and all that is wrong with it.
FAULTS = {
    # What is no center at all
    "": [f"must be a mapping with {LANGUAGE_KEYS}"],
    "# nothing but a comment": [f"must be a mapping with {LANGUAGE_KEYS}"],
    "just text": [f"must be a mapping with {LANGUAGE_KEYS}"],
    "- en\n- ko": [f"must be a mapping with {LANGUAGE_KEYS}"],
    "languages: {en: live}\n---\nlanguages: {ko: live}": [
        "line 2: begins a second document; put each into a file of its own"
    ],
    # Keys
    "colours: {}": [f"colours: unknown key; known are {LANGUAGE_KEYS}"],
    "crm: {people: []}": ["crm.people: unknown key; known are contacts, tickets"],
    "outbound_numbers: [{number: '+1 212-555-0199', colour: red}]": [
        "outbound_numbers[0].colour: unknown key; known are number, label, default, active"
    ],
    "languages: {en: live}\nmenus: []\nlanguages: {ko: live}": [
        "languages: stands twice, on lines 1 and 3; remove one"
    ],
    "agents:\n  - email: a@b.com\n    status: meal\n    status: break": [
        "agents[0].status: stands twice, on lines 3 and 4; remove one"
    ],
    "? [a]\n: 1": ["line 1: a key must be text"],
    "'a b\\n': 1": [f'"a b\\\\n": unknown key; known are {LANGUAGE_KEYS}'],
    # Sections
    "languages: [en]": ["languages: must be a mapping such as {en: live, fr: draft}"],
    "agents: {email: a@b.com}": ["agents: must be a list"],
    "agents: [a@b.com]": ["agents[0]: must be a mapping of keys and values"],
    "menus: 9": ["menus: must be a list"],
    "menus: [[]]": ["menus[0]: must be a mapping of keys and values"],
    "menus: [{id: 9, children: {}}]": ["menus[0].children: must be a list"],
    "crm: []": ["crm: must be a mapping of keys and values"],
    "crm: {contacts: text}": ["crm.contacts: must be a list"],
    # Languages
    "languages: {english: live, xx: live, EN: live, 1: live}": [
        'languages.english: "english" is not a language code such as en or en-US',
        'languages.xx: "xx" is not a language code such as en or en-US',
        'languages.EN: "EN" is not a language code such as en or en-US',
        'languages.1: "1" is not a language code such as en or en-US',
    ],
    "languages: {en: on}": ['languages.en: "on" is not one of live, draft'],
    # API tokens
    "api_tokens: [{token: long-enough-it-is}]": ["api_tokens[0].name: is missing"],
    "api_tokens: [{name: a, token: short}]": ["api_tokens[0].token: must have at least 12 characters"],
    f"api_tokens: [{{name: a, token: long-enough-it-is, token_hash: '{HASH}'}}]": [
        "api_tokens[0].token: goes without token_hash; remove one of the two"
    ],
    "api_tokens: [{name: a, token_hash: something}]": [
        "api_tokens[0].token_hash: is not a token hash; copy it from a dump, or write token instead"
    ],
    "api_tokens: [{name: a, rate_limit: 0}, {name: ' '}, {name: }]": [
        "api_tokens[0].rate_limit: must be a whole number from 1 to 2147483647",
        "api_tokens[1].name: must not be empty",
        "api_tokens[2].name: must not be empty",
    ],
    "api_tokens: [{name: a}, {name: a}]": [
        'api_tokens[1].name: "a" stands twice in this file, first at api_tokens[0]; join the two'
    ],
    "api_tokens: [{name: a, token: conformance-token}]": [
        'api_tokens[0].token: is the secret of the token "conformance" too; give each its own'
    ],
    f"api_tokens: [{{name: a, token_hash: '{HASH}'}}, {{name: b, token_hash: '{HASH}'}}]": [
        'api_tokens[1].token_hash: is the secret of the token "a" too; give each its own'
    ],
    # Numbers
    "outbound_numbers: [{number: 13392195276}]": [f'outbound_numbers[0].number: "13392195276" {BARE}'],
    "outbound_numbers: [{number: '13392195276'}]": [f'outbound_numbers[0].number: "13392195276" {BARE}'],
    "outbound_numbers: [{number: +1 555-1234}, {number: +1 339-219-5276 ext. 5}, {number: []}]": [
        f'outbound_numbers[0].number: "+1 555-1234" {NOT_A_NUMBER}',
        f'outbound_numbers[1].number: "+1 339-219-5276 ext. 5" {NOT_A_NUMBER}',
        f'outbound_numbers[2].number: "[]" {NOT_A_NUMBER}',
    ],
    "outbound_numbers: [{label: Main}]": ["outbound_numbers[0].number: is missing"],
    "outbound_numbers: [{number: '+1 212-555-0199', default: 'true', active: 1}]": [
        "outbound_numbers[0].default: must be true or false, without quotes",
        "outbound_numbers[0].active: must be true or false, without quotes",
    ],
    "outbound_numbers: [{number: '+1 212-555-0199', default: yes}, {number: '+1 760-867-5309', default: on}]": [
        'outbound_numbers[1].default: "+1 212-555-0199" is the default already; only one number can be'
    ],
    "outbound_numbers: [{number: '+1 212-555-0199'}, {number: +12125550199}]": [
        'outbound_numbers[1].number: "+12125550199" stands twice in this file, first at outbound_numbers[0]; '
        "join the two"
    ],
    # Agents
    "agents: [{first_name: A}, {email: }, {email: ''}, {email: someone}]": [
        "agents[0].email: is missing",
        "agents[1].email: must not be empty",
        "agents[2].email: must not be empty",
        'agents[3].email: "someone" is not an email address such as ana@example.com',
    ],
    "agents: [{email: a@b.com}, {email: A@B.com}]": [
        'agents[1].email: "A@B.com" stands twice in this file, first at agents[0]; join the two'
    ],
    "agents: [{email: a@b.com, status: on_call}]": [
        'agents[0].status: "on_call" is set by the system while a call lasts; write the status the agent returns to '
        "after it"
    ],
    "agents: [{email: a@b.com, status: asleep, role: boss}]": [
        'agents[0].status: "asleep" is not one of available, unavailable, break, meal, wrap_up, missed_call, '
        "unresponsive, offline",
        'agents[0].role: "boss" is not one of agent, supervisor, admin, viewer',
    ],
    "agents: [{email: a@b.com, sip_address: ana}, {email: c@d.com, sip_address: 3105550104}]": [
        'agents[0].sip_address: "ana" is neither a phone number nor a SIP address; write one such as '
        '"+1 339-219-5276" or sip:ana@example.com',
        'agents[1].sip_address: "3105550104" is neither a phone number nor a SIP address; write one such as '
        '"+1 339-219-5276" or sip:ana@example.com',
    ],
    'agents: [{email: a@b.com, sip_address: "a\\0@b.com"}, {email: c@d.com, sip_address: ["a@b.com;c"]}]': [
        "agents[0].sip_address: contains a character that cannot be stored",
        "agents[1].sip_address: must be text; put it in quotes",
    ],
    "agents: [{email: a@b.com, password: short}]": ["agents[0].password: must have at least 8 characters"],
    "agents: [{email: a@b.com, password: long enough, password_hash: 'md5$a$b'}]": [
        "agents[0].password: goes without password_hash; remove one of the two"
    ],
    "agents: [{email: a@b.com, password_hash: something}]": [
        "agents[0].password_hash: is not a password hash; copy it from a dump, or write password instead"
    ],
    "agents: [{email: a@b.com, avatar_url: 'ftp://somedomain.com/a.jpg', agent_number: {}, first_name: [A]}]": [
        "agents[0].first_name: must be text; put it in quotes",
        "agents[0].agent_number: must be text; put it in quotes",
        'agents[0].avatar_url: "ftp://somedomain.com/a.jpg" is not an address such as https://example.com/page',
    ],
    f"agents: [{{email: a@b.com, agent_number: {'9' * 51}}}]": ["agents[0].agent_number: is longer than 50 characters"],
    "agents: [{email: a@b.com, languages: en}]": ["agents[0].languages: must be a list"],
    "agents: [{email: a@b.com, languages: [xx, ko, de, ko, null]}]": [
        'agents[0].languages[0]: "xx" is not a language code such as en or en-US',
        'agents[0].languages[3]: "ko" stands twice in the list',
        "agents[0].languages[4]: must not be empty",
        'agents[0].languages[2]: "de" is no language of the center; add it under languages',
    ],
    "agents: [{email: a@b.com, outbound_numbers: ['+1 212-555-0199']}]": [
        'agents[0].outbound_numbers[0]: "+1 212-555-0199" is no number of the center; add it under outbound_numbers'
    ],
    "agents: [{email: a@b.com, team: Sales//North}, {email: b@b.com, team: 7}, {email: c@b.com, team: {}}]": [
        "agents[0].team: must not be empty",
        "agents[2].team: must be text; put it in quotes",
    ],
    # Menus
    "menus: [{id: 9, menu_type: phone}]": ['menus[0].menu_type: "phone" is not one of ivr_menu, mobile_menu, web_menu'],
    "menus: [{id: 77}]": [
        "menus[0].name: is missing; a new menu needs it",
        "menus[0].menu_type: is missing; a new menu needs it",
    ],
    "menus: [{name: New}]": ["menus[0].menu_type: is missing; a new menu needs it"],
    "menus: [{output_msg: Hi}]": ["menus[0].name: is missing; a menu without an id is known by its parent and name"],
    "menus: [{id: 9, name: , menu_type: null}, {id: 50, name: ''}]": [
        "menus[0].name: must not be empty",
        "menus[0].menu_type: must not be empty",
        "menus[1].name: must not be empty",
    ],
    "menus: [{id: 0}, {id: nine}, {id: '9'}, {id: 1.5}, {id: 0x9}, {id: 010}, {id: 9007199254740992}]": [
        "menus[0].id: must be a whole number from 1 to 9007199254740991",
        "menus[1].id: must be a whole number such as 20, without quotes and leading zeros",
        "menus[2].id: must be a whole number such as 20, without quotes and leading zeros",
        "menus[3].id: must be a whole number such as 20, without quotes and leading zeros",
        "menus[4].id: must be a whole number such as 20, without quotes and leading zeros",
        "menus[5].id: must be a whole number such as 20, without quotes and leading zeros",
        "menus[6].id: must be a whole number from 1 to 9007199254740991",
    ],
    "menus: [{id: 9}, {id: 9}]": ['menus[1].id: "9" stands twice in this file, first at menus[0]; join the two'],
    "menus: [{id: 9}, {name: Lock Star}]": [
        'menus[1].name: "Lock Star" stands twice in this file, first at menus[0]; join the two'
    ],
    "menus: [{name: A, menu_type: web_menu}, {id: 7, name: A, menu_type: web_menu}]": [
        'menus[0].name: several menus are called "A" here; say which by its id'
    ],
    "menus: [{id: 9, parent_id: 77}]": ["menus[0].parent_id: there is no menu 77; add it under menus"],
    "menus: [{name: New, parent_id: 77}]": ["menus[0].parent_id: there is no menu 77; add it under menus"],
    "menus: [{id: 9, groups: null, parent_id: 9}]": [
        "menus[0].parent_id: puts the menu below itself; write another one's id"
    ],
    "menus: [{id: 9, groups: null, parent_id: 50}, {id: 50, groups: null, parent_id: 9}]": [
        "menus[0].parent_id: puts the menu below itself; write another one's id",
        "menus[1].parent_id: puts the menu below itself; write another one's id",
    ],
    "menus: [{id: 9, groups: null, children: [{id: 10, name: Leaf, parent_id: 50}]}]": [
        "menus[0].children[0].parent_id: is not the menu whose children this stands among; remove it"
    ],
    "menus: [{id: 9, groups: null, children: [{id: 10, name: Leaf, menu_type: web_menu}]}]": [
        'menus[0].children[0].menu_type: "web_menu" is not the type of the topmost menu above it, ivr_menu; '
        "leave it out"
    ],
    "menus: [{id: 9, position: -1, hidden: maybe, recording: always, offer_type: all, languages: [de]}]": [
        "menus[0].position: must be a whole number from 0 to 2147483647",
        "menus[0].hidden: must be true or false, without quotes",
        'menus[0].recording: "always" is not one of record, do_not_record, ask_permission',
        'menus[0].offer_type: "all" is not one of cascade, multicast, deltacast',
        'menus[0].languages[0]: "de" is no language of the center; add it under languages',
    ],
    "menus: [{id: 9, outbound_numbers: ['+1 212-555-0199']}]": [
        'menus[0].outbound_numbers[0]: "+1 212-555-0199" is no number of the center; add it under outbound_numbers'
    ],
    # Hours
    "menus: [{id: 9, hours: always}]": [
        "menus[0].hours: must be a mapping with time_zone, weekly, holidays and exceptions"
    ],
    "menus: [{id: 9, hours: {time_zone: Mars, weekly: {mon: [9-5], monday: []}, holidays: [XX], days: 1}}]": [
        "menus[0].hours.days: unknown key; known are time_zone, weekly, holidays, exceptions",
        'menus[0].hours.time_zone: "Mars" is not a time zone; write one such as Europe/Berlin',
        "menus[0].hours.weekly.monday: unknown key; known are mon, tue, wed, thu, fri, sat, sun",
        'menus[0].hours.weekly.mon[0]: "9-5" is not a period such as 09:00-17:30',
        'menus[0].hours.holidays[0]: "XX" is not a country with known holidays; write one such as US',
    ],
    "menus: [{id: 9, hours: {weekly: {mon: 09:00-17:00}, exceptions: [{date: 2027-02-30}]}}]": [
        'menus[0].hours.weekly.mon: must be a list of periods such as "09:00-17:30"',
        'menus[0].hours.exceptions[0].date: "2027-02-30" is not a day such as 2027-01-02',
    ],
    'menus: [{id: 9, hours: {holidays: [{date: 2027-05-04, name: "a\\0b"}]}}]': [
        "menus[0].hours: contains a character that cannot be stored"
    ],
    # Deflection
    "menus: [{id: 9, redirection: true}]": ["menus[0].redirection: must be a mapping of keys and values"],
    "menus: [{id: 9, redirection: {}}]": ["menus[0].redirection.kind: is missing"],
    "menus: [{id: 9, redirection: {kind: callback}}]": [
        'menus[0].redirection.kind: "callback" is not one of message, voicemail, queue, phone'
    ],
    "menus: [{id: 9, over_capacity: {kind: queue}}]": [
        'menus[0].over_capacity.kind: "queue" is not one of message, voicemail, callback, scheduled_call'
    ],
    "menus: [{id: 9, over_capacity: {kind: callback, after_seconds: soon, menu_id: 50}}]": [
        "menus[0].over_capacity.menu_id: unknown key; known are kind, message, after_seconds",
        "menus[0].over_capacity.after_seconds: must be a whole number such as 20, without quotes and leading zeros",
    ],
    "menus: [{id: 9, after_hours: {kind: message, after_seconds: 5}}]": [
        "menus[0].after_hours.after_seconds: unknown key; known are kind, message, menu_id, number"
    ],
    "menus: [{id: 9, after_hours: {kind: queue}, redirection: {kind: phone}}]": [
        "menus[0].after_hours.menu_id: is missing; kind queue needs it",
        "menus[0].redirection.number: is missing; kind phone needs it",
    ],
    "menus: [{id: 9, after_hours: {kind: message, menu_id: 50, number: '+1 212-555-0199'}}]": [
        "menus[0].after_hours.menu_id: goes with kind queue alone; remove it",
        "menus[0].after_hours.number: goes with kind phone alone; remove it",
    ],
    "menus: [{id: 9, after_hours: {kind: queue, menu_id: 77}, redirection: {kind: queue, menu_id: 9}}]": [
        "menus[0].after_hours.menu_id: there is no menu 77; add it under menus",
        "menus[0].redirection.menu_id: is the menu itself; write another one's id",
    ],
    "menus: [{id: 9, substitute: 50}]": [
        "menus[0].substitute: goes with a deleted menu alone; remove it, or add deleted: true"
    ],
    "menus: [{id: 9, deleted: true, substitute: 9}]": [
        "menus[0].substitute: is the menu itself; write another one's id"
    ],
    "menus: [{id: 9, deleted: true, substitute: 77}]": ["menus[0].substitute: there is no menu 77; add it under menus"],
    "menus: [{id: 9, redirection: {kind: phone, number: 2125550199}}]": [
        f'menus[0].redirection.number: "2125550199" {BARE}'
    ],
    # Groups
    "menus: [{id: 9, groups: [{timeout_seconds: 0}, {name: A, timeout_seconds: 0}, {name: A, members: []}]}]": [
        "menus[0].groups[0].name: is missing",
        "menus[0].groups[0].timeout_seconds: must be a whole number from 1 to 2147483647",
        "menus[0].groups[1].timeout_seconds: must be a whole number from 1 to 2147483647",
        "menus[0].groups[2].members: unknown key; known are name, timeout_seconds, agents, deleted",
        'menus[0].groups[2].name: "A" stands twice in this file, first at menus[0].groups[1]; join the two',
    ],
    "menus: [{id: 9, groups: [{name: A, agents: [no@somedomain.com, allen@somedomain.com, ALLEN@somedomain.com]}]}]": [
        'menus[0].groups[0].agents[2]: "ALLEN@somedomain.com" stands twice in the list',
        'menus[0].groups[0].agents[0]: "no@somedomain.com" is no agent of the center; add it under agents',
    ],
    "menus: [{id: 9, children: [{name: Leaf}]}]": [
        'menus[0].children[0]: only a menu without children has groups, and "Lock Star" would have both; '
        "remove the one or the other"
    ],
    "menus: [{id: 4, name: A, menu_type: web_menu, groups: [{name: G}]}, {name: B, parent_id: 4}]": [
        'menus[1]: only a menu without children has groups, and "A" would have both; remove the one or the other'
    ],
    # CRM
    "crm: {contacts: [{name: Ann}, {out_contact_id: 1, phones: [2051234567], email: kim, time_zone: Moon}]}": [
        "crm.contacts[0].out_contact_id: is missing",
        f'crm.contacts[1].phones[0]: "2051234567" {BARE}',
        'crm.contacts[1].email: "kim" is not an email address such as ana@example.com',
        'crm.contacts[1].time_zone: "Moon" is not a time zone; write one such as Europe/Berlin',
    ],
    "crm: {contacts: [{out_contact_id: 1, phones: ['+1 205-123-4567', '+12051234567']}]}": [
        'crm.contacts[0].phones[1]: "+12051234567" stands twice in the list'
    ],
    "crm: {contacts: [{out_contact_id: 1}, {out_contact_id: '1'}]}": [
        'crm.contacts[1].out_contact_id: "1" stands twice in this file, first at crm.contacts[0]; join the two'
    ],
    "crm: {tickets: [{ticket_id: 1, contact: 2, url: somewhere, closed: never}, {ticket_id: 1}]}": [
        'crm.tickets[0].url: "somewhere" is not an address such as https://example.com/page',
        "crm.tickets[0].closed: must be true or false, without quotes",
        'crm.tickets[1].ticket_id: "1" stands twice in this file, first at crm.tickets[0]; join the two',
        'crm.tickets[0].contact: "2" is no contact; add it under crm.contacts',
    ],
    'crm: {tickets: [{ticket_id: "71\\0450"}, {ticket_id: true, contact: ""}]}': [
        "crm.tickets[0].ticket_id: contains a character that cannot be stored",
        "crm.tickets[1].contact: must not be empty",
    ],
}


@pytest.mark.parametrize("text", FAULTS, ids=lambda text: text[:60] or "nothing")
def test_a_fault_is_told_with_its_path_and_reason(conformance, text):
    assert faults_of(text) == FAULTS[text]


def test_a_bad_file_changes_nothing(conformance):
    text = """
    agents: [{email: admin@somedomain.com, status: meal, password: not a password}]
    languages: {de: live}
    api_tokens: [{name: new}]
    menus: [{id: 9, name: Other, menu_type: phone}]
    """
    assert faults_of(text) == ['menus[0].menu_type: "phone" is not one of ivr_menu, mobile_menu, web_menu']
    assert Agent.objects.get(user__email="admin@somedomain.com").status == "available"
    assert not User.objects.get(email="admin@somedomain.com").has_usable_password()
    assert ApiToken.objects.count() == 1
    assert Menu.objects.get(pk=9).name == "Lock Star"


def test_faults_of_form_and_of_reference_in_all_files_are_told_in_one_go(conformance):
    assert faults_of(
        "agents: [{email: admin@somedomain.com, status: asleep}]",
        "menus: [{id: 9, groups: [{name: A, agents: [nobody@somedomain.com]}]}]",
        "crm: {tickets: [{ticket_id: 1, contact: 2}]}\ncolours: []",
    ) == [
        '1.yaml: agents[0].status: "asleep" is not one of available, unavailable, break, meal, wrap_up, missed_call, '
        "unresponsive, offline",
        f"3.yaml: colours: unknown key; known are {LANGUAGE_KEYS}",
        '2.yaml: menus[0].groups[0].agents[0]: "nobody@somedomain.com" is no agent of the center; add it under agents',
        '3.yaml: crm.tickets[0].contact: "2" is no contact; add it under crm.contacts',
    ]


def test_what_refers_to_a_file_that_is_no_yaml_is_not_called_missing(conformance):
    broken, *others = faults_of(
        "agents: [{email: a@b.com}",
        "agents: [{email: b@b.com, colour: red}]\nmenus: [{id: 9, groups: [{name: A, agents: [a@b.com]}]}]",
    )
    assert broken.startswith("1.yaml: line ")
    assert [other.partition(";")[0] for other in others] == ["2.yaml: agents[0].colour: unknown key"]


def test_an_earlier_file_is_judged_by_itself(conformance):
    """A menu's type must be right in the file that gives it, whatever a later file makes of the menu."""
    assert faults_of(
        "menus: [{id: 4, name: A, menu_type: web_menu, children: [{id: 5, name: B, menu_type: ivr_menu}]}]",
        "menus: [{id: 5, parent_id: 9}, {id: 9, groups: null}]",
    ) == [
        '1.yaml: menus[0].children[0].menu_type: "ivr_menu" is not the type of the topmost menu above it, web_menu; '
        "leave it out"
    ]


def test_groups_and_children_that_were_there_together_before_are_no_fault(conformance):
    Menu.objects.create(name="Leaf", parent_id=9, menu_type="ivr_menu")
    assert faults_of("menus: [{id: 9, output_msg: Hello}]") == []


def test_a_name_that_several_menus_have_names_none_of_them(conformance):
    Menu.objects.create(name="Lock Star", menu_type="ivr_menu")
    assert faults_of("menus: [{name: Lock Star}]") == [
        'menus[0].name: several menus are called "Lock Star" here; say which by its id'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "agents: [{email: a@b.com, password: {s3cret-value: 1}}]",
        "agents: [{email: a@b.com, password: s3cret-, status: x}]",
        "agents: [{email: a@b.com, password_hash: s3cret-value}]",
        "agents: [{email: a@b.com, pasword: s3cret-value}]",
        "agents: [{email: a@b.com, password: *s3cret-value}]",
        "agents: [{email: a@b.com, password: !s3cret-value x}]",
        "agents: [{email: a@b.com, password: !s3cret-value!x}]",
        "agents: [{email: a@b.com, password: %s3cret-value}]",
        "agents: [{email: a@b.com, password: 's3cret-value}]",
        "agents: [{email: a@b.com, password: s3cret-value: x}]",
        "api_tokens: [{name: a, token: s3cret-}, {name: b, token: [s3cret-value]}]",
        "api_tokens: [{name: a, token: s3cret-value, token_hash: s3cret-value}]",
    ],
)
def test_no_fault_tells_a_secret(text):
    found = faults_of(text)
    assert found
    assert "s3cret" not in "\n".join(found)


class TestFiles:
    def test_every_file_that_cannot_be_read_is_told(self, tmp_path):
        good, latin, large = tmp_path / "good.yaml", tmp_path / "latin.yaml", tmp_path / "large.yaml"
        good.write_text("languages: {english: live}")
        latin.write_bytes(b"languages:\n  en: live # caf\xe9")
        large.write_bytes(b"#" * (10 * 1024 * 1024 + 1))
        with pytest.raises(CenterFaults) as raised:
            load_files([tmp_path / "missing.yaml", tmp_path, good, latin, large])
        assert [str(fault).replace(f"{tmp_path}", "") for fault in raised.value.faults] == [
            "/missing.yaml: cannot be read: No such file or directory",
            ": cannot be read: Is a directory",
            '/good.yaml: languages.english: "english" is not a language code such as en or en-US',
            "/latin.yaml: line 2: is not UTF-8 text; save the file in UTF-8",
            "/large.yaml: is larger than 10 MiB; split it into several files",
        ]

    def test_a_byte_order_mark_is_no_fault(self):
        assert load_center([("a.yaml", b"\xef\xbb\xbflanguages: {en: live}")]).has_changes
