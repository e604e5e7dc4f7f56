"""How many SQL statements a request costs, authentication included. BEGIN, SAVEPOINT and COMMIT are not counted.

The lists are what is sent, statement by statement, so that a change shows which one came or went.
"""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import OutboundNumber
from calls.models import Call, Contact, EndUser, Ticket
from ccai.times import now
from menus.hours import WEEKDAYS
from menus.models import DeflectionOption
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

CONTROL = re.compile(r"BEGIN|SAVEPOINT|RELEASE|COMMIT|ROLLBACK")
TABLE = re.compile(r'(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*?"(?:ccai|agents|menus|calls)_(\w+)"', re.DOTALL)

TOKEN = ["SELECT apitoken", "UPDATE apitoken"]
NEW_CALL = ["INSERT INTO call", "INSERT INTO callevent"]
OUTBOUND = [
    *TOKEN,
    "SELECT agent",
    "SELECT language",
    "SELECT ticket",
    "SELECT contactphone",
    "SELECT outboundnumber",
    "SELECT agent",  # is free
    "SELECT agent",  # locked
    "SELECT engagement",
    "INSERT INTO engagement",
    "SELECT enduser",
    "INSERT INTO enduser",
    *NEW_CALL,
    "INSERT INTO participant",
]
INBOUND = [
    *TOKEN,
    "SELECT menu",
    "SELECT deflectionoption",
    "SELECT language",
    "SELECT ticket",
    "SELECT contactphone",
    "SELECT outboundnumber",
    "SELECT agentgroup",
    "WITH way",
    "SELECT enduser",
    "INSERT INTO enduser",
    *NEW_CALL,
    "INSERT INTO participant",
    "INSERT INTO offerevent",
]


def statements(captured):
    """Each statement as its verb and the table it is about."""
    found = []
    for query in captured:
        sql = query["sql"]
        if CONTROL.match(sql):
            continue
        if "WITH RECURSIVE way" in sql:
            found.append("WITH way")
            continue
        match = TABLE.search(sql)
        found.append(f"{match[1]} {match[2]}" if match else sql)
    return found


@pytest.fixture
def ticket():
    contact = Contact.objects.create(out_contact_id="c-1", name="Ann")
    contact.phones.create(number="+12025550177")
    return Ticket.objects.create(ticket_id="76517", contact=contact)


@pytest.fixture
def menu():
    """A leaf that has everything a menu can have."""
    menu = make_menu(
        parent=make_menu("Root"),
        agents=[make_agent() for _ in range(5)],
        recording="ask_permission",
        hours={"time_zone": "UTC", "weekly": {day: ["00:00-24:00"] for day in WEEKDAYS}},
    )
    menu.number_choices.create(outbound_number=OutboundNumber.objects.get())
    DeflectionOption.objects.create(menu=menu, occasion="after_hours", kind="voicemail")
    return menu


def cost(send):
    with CaptureQueriesContext(connection) as queries:
        response = send()
    assert response.status_code in (200, 201), response.content
    return statements(queries.captured_queries)


def test_an_outbound_call(api, ticket):
    make_agent("ana@example.com")
    body = {"call_type": "OutboundCall", "agent_email": "ana@example.com", "ticket_id": "76517"}
    found = cost(lambda: api.post("/calls", body))
    assert found == OUTBOUND
    assert len(found) <= 18


def test_an_inbound_call(api, ticket, menu):
    body = {"call_type": "IncomingCall", "menu_id": menu.pk, "ticket_id": "76517"}
    found = cost(lambda: api.post("/calls", body))
    assert found == INBOUND
    assert len(found) <= 18


def test_a_scheduled_call_that_continues_another(api, ticket, menu):
    parent = make_call("finished", menu=menu)
    body = {
        "call_type": "ScheduledCall", "call_id": parent.pk, "ticket_id": "76517",
        "scheduled_at": (now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    found = cost(lambda: api.post("/calls", body))
    assert len(found) <= 18, found


@pytest.mark.parametrize("by", ["number", "ticket"])
@pytest.mark.parametrize("met", ["never", "by number", "as contact"])
@pytest.mark.parametrize("call_type", ["OutboundCall", "IncomingCall", "ScheduledCall"])
def test_no_call_costs_more_than_eighteen(api, ticket, menu, call_type, met, by):
    make_agent("ana@example.com")
    if met != "never":
        EndUser.objects.create(number="+12025550177", out_contact_id="c-1" if met == "as contact" else None)
    body = {"call_type": call_type}
    body |= {"ticket_id": "76517"} if by == "ticket" else {"end_user_number": "+1 202-555-0177"}
    if call_type == "OutboundCall":
        body["agent_email"] = "ana@example.com"
    else:
        body["menu_id"] = menu.pk
        body["scheduled_at"] = (now() + timedelta(hours=1)).isoformat()
    found = cost(lambda: api.post("/calls", body))
    assert len(found) <= 18, found


@pytest.mark.parametrize(
    ("params", "asked"),
    [({}, []), ({"agent_email": "ana@example.com"}, ["SELECT agent"]), ({"status": ["finished", "failed"]}, [])],
)
def test_a_page_of_a_hundred_costs_nine_whatever_is_on_it_and_an_address_one(api, menu, params, asked):
    ana = make_agent("ana@example.com")
    end_users = EndUser.objects.bulk_create(EndUser(number=f"+1202555{number:04d}") for number in range(100))
    calls = Call.objects.bulk_create(
        make_call("finished", menu=menu, agent=ana, save=False, end_user=end_user) for end_user in end_users
    )
    for call in calls:
        call.participants.create(type="agent", agent=ana)
        call.photos.create(file="photos/1.png")
        call.offer_events.create(group="Group 1")
        call.transfers.create(from_menu=call.menu_path)
    found = cost(lambda: api.get("/calls", params))
    assert found == [
        *TOKEN,
        *asked,
        "SELECT call",
        "SELECT participant",
        "SELECT transfer",
        "SELECT photo",
        "SELECT video",
        "SELECT deflectiondetail",
        "SELECT offerevent",
    ]


def test_a_token_that_was_used_just_now_is_not_written_again(api, menu):
    api.get("/calls")
    assert cost(lambda: api.get("/calls")) == ["SELECT apitoken", "SELECT call"]
