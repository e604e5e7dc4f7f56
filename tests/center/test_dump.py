"""Dumps: loaded on an empty database they give the same center, to the last hash."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Agent, Team, User
from calls.models import Contact
from ccai.center import dump_center
from ccai.models import ApiToken, hash_token
from menus.models import AgentGroup, DeflectionOption, Menu
from tests.center.center_files import CONFORMANCE, FULL, empty_database, load
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

# All that a database and a YAML file can both hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60).filter(
    str.strip
)


@pytest.mark.parametrize("text", [CONFORMANCE, FULL], ids=["conformance", "full"])
def test_a_dump_loaded_on_an_empty_database_gives_the_same_center(text):
    load(text)
    dump = dump_center()
    empty_database()
    load(dump)
    assert dump_center() == dump


def test_a_dump_loaded_on_its_own_center_changes_nothing():
    load(FULL)
    assert not load(dump_center()).has_changes


def test_people_and_programs_log_in_to_the_new_center_as_to_the_old():
    load(FULL)
    dump = dump_center()
    empty_database()
    load(dump)
    assert User.objects.get(email="Admin@somedomain.com").check_password("not a password")
    assert not User.objects.get(email="plain@somedomain.com").has_usable_password()
    assert ApiToken.objects.get(name="conformance").token_hash == hash_token("not-a-secret")
    assert "not-a-secret" not in dump
    assert "not a password" not in dump


def test_without_secrets_there_are_no_hashes():
    load(FULL)
    dump = dump_center(secrets=False)
    assert "hash" not in dump
    assert User.objects.get(email="Admin@somedomain.com").password not in dump
    empty_database()
    report = load(dump)
    assert report.tokens.keys() == {"conformance", "revoked"}
    assert dump_center(secrets=False) == dump


def test_an_empty_center_has_an_empty_dump():
    dump = dump_center()
    assert yaml.safe_load(dump) == {}
    assert not load(dump).has_changes


def test_a_dump_is_yaml_that_other_programs_read_as_it_is_meant():
    load(FULL)
    dump = yaml.safe_load(dump_center(secrets=False))
    assert dump["languages"] == {"en": "live", "fr": "draft", "ko": "live", "no": "live"}
    assert dump["outbound_numbers"] == [
        {"number": "+1 760-867-5309", "label": "West"},
        {"number": "+1 339-219-5276", "label": "Main", "default": True},
        {"number": "+1 760-410-8538", "active": False},
    ]
    assert dump["agents"][1:] == [
        {
            "email": "agent@somedomain.com",
            "first_name": "No",
            "last_name": "null",
            "active": False,
            "role": "viewer",
            "team": "Sales",
        },
        {
            "email": "allen@somedomain.com",
            "first_name": "알렌",
            "status": "meal",
            "role": "supervisor",
            "team": ["Sales", "A/B"],
        },
        {"email": "plain@somedomain.com"},
    ]
    assert [menu["id"] for menu in dump["menus"]] == [50, 51, 6]
    assert dump["menus"][2]["children"][0] == {
        "id": 7,
        "name": "Deeper",
        "children": [
            {
                "id": 61,
                "name": "Deepest",
                "hidden": True,
                "hours": {"time_zone": "UTC", "weekly": {}},
                "redirection": {"kind": "queue", "message": "One moment.", "menu_id": 8},
                "children": [
                    {
                        "id": 5,
                        "name": "Leaf",
                        "deleted": True,
                        "over_capacity": {"after_seconds": 0, "kind": "voicemail"},
                    }
                ],
            }
        ],
    }
    hours = dump["menus"][2]["children"][1]["hours"]
    assert list(hours) == ["time_zone", "weekly", "holidays", "exceptions"]
    assert hours["holidays"] == ["US", "NO", {"name": "Founders' day", "date": "2027-05-04", "hours": []}]
    assert dump["crm"]["tickets"] == [
        {"ticket_id": "0071450", "contact": "0381630957514", "url": "https://somedomain.com/tickets/71450"},
        {"ticket_id": "71450", "closed": True},
    ]


def test_numbers_and_ids_are_quoted():
    load(FULL)
    lines = {line.strip(" -") for line in dump_center().splitlines()}
    assert {
        'number: "+1 760-867-5309"',
        'outbound_numbers: ["+1 339-219-5276", "+1 760-867-5309"]',
        'ticket_id: "71450"',
        'out_contact_id: "yes"',
        "'no': live",
    } <= lines


def test_a_dump_shows_the_status_to_which_an_agent_returns():
    load(CONFORMANCE)
    agent = Agent.objects.get(user__email="admin@somedomain.com")
    agent.engagements.create(kind="call")
    assert yaml.safe_load(dump_center())["agents"][0]["status"] == "available"


def test_what_was_made_by_hand_is_dumped_too():
    agent = make_agent("hand@somedomain.com", team=Team.objects.create(name="Sales/North"), status="break")
    boss = User.objects.create_superuser("boss@somedomain.com", "not a password")
    Agent.objects.create(user=boss)
    root = Menu.objects.create(name="Root", menu_type="web_menu")
    AgentGroup.objects.create(menu=root, name="Idle", position=7).agents.add(agent)
    leaf = Menu.objects.create(name="Leaf", menu_type="web_menu", parent=root)
    DeflectionOption.objects.create(menu=leaf, occasion="redirection", kind="message", to_menu=root, active=False)
    gone = Menu.objects.create(
        name="Gone", menu_type="web_menu", parent=root, deleted=True, substitute=leaf, position=1
    )
    assert yaml.safe_load(dump_center(secrets=False)) == {
        "agents": [
            {"email": "hand@somedomain.com", "first_name": "Agent", "last_name": agent.user.last_name}
            | {"status": "break", "team": ["Sales/North"]},
            {"email": "boss@somedomain.com", "role": "admin"},
        ],
        "menus": [
            {
                "id": root.pk,
                "name": "Root",
                "menu_type": "web_menu",
                "children": [
                    {"id": leaf.pk, "name": "Leaf", "redirection": {"kind": "message", "active": False}},
                    {"id": gone.pk, "name": "Gone", "position": 1, "deleted": True, "substitute": leaf.pk},
                ],
            }
        ],
    }
    dump = dump_center()
    empty_database()
    load(dump)
    assert dump_center() == dump


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(name=TEXT, message=TEXT, contact_id=TEXT)
def test_any_text_comes_back_as_it_was(name, message, contact_id):
    empty_database()
    menu = Menu.objects.create(name=name, menu_type="web_menu", output_msg=message)
    Contact.objects.create(out_contact_id=contact_id, name=name)
    dump = dump_center()
    empty_database()
    load(dump)
    assert Menu.objects.values_list("pk", "name", "output_msg").get() == (menu.pk, name, message)
    assert Contact.objects.values_list("out_contact_id", "name").get() == (contact_id, name)
