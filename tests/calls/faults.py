"""All that may be wrong with the body of POST /calls, in the order in which the contract refuses it."""

from datetime import timedelta
from itertools import combinations

from agents.availability import set_status
from agents.models import Agent, Engagement, Language, OutboundNumber
from calls.models import Call, CallEvent, Contact, DialPrompt, EndUser, Ticket
from ccai.times import now
from menus.models import DeflectionOption, Menu
from tests.factories import make_agent, make_call, make_menu


class Fault:
    """One thing that is wrong: keys of the body to change (`...` removes one), or a state to set."""

    def __init__(self, place, sentence, state=None, **body):
        self.place = place  # two faults of one place cannot be had at once
        self.sentence = sentence
        self.state = state or (lambda: None)
        self.body = body

    def __repr__(self):
        return f"{self.sentence} {self.body or self.state.__name__}"


def draft_french():
    """French is a draft."""
    Language.objects.get_or_create(code="fr", state="draft")


def no_numbers():
    """There is no outbound number."""
    OutboundNumber.objects.all().update(active=False)


def agent_on_break():
    """The agent has a break."""
    set_status(Agent.objects.get(user__email="ana@example.com"), "break")


def agent_without_access():
    """The agent may place no calls."""
    Agent.objects.update(can_place_calls=False)


def redirect():
    """The menu is redirected."""
    DeflectionOption.objects.create(menu_id=9, occasion="redirection", kind="message")


def close():
    """The menu is closed."""
    Menu.objects.filter(pk=9).update(hours={"time_zone": "UTC", "weekly": {}})


def grow_children():
    """The menu has a child."""
    make_menu("Leaf", parent_id=9)


def delete_menu():
    """The menu is deleted."""
    Menu.objects.filter(pk=9).update(deleted=True)


def ticket_is_scheduled():
    """The ticket has a scheduled call."""
    make_call("scheduled", out_ticket_id="76517", menu=Menu.objects.get(pk=8))


def ill_formed(field, dash=" "):
    """The sentence about a field that is."""
    return f"{field} is not well{dash}formed"


LANGUAGE_FAULTS = [
    Fault("lang", "Language 'xy' is not found", lang="xy"),
    Fault("lang", "Language 'EN' is not found", lang="EN"),
    Fault("lang", "lang is not well formed", lang=7),
    Fault("lang", "Language 'fr' is not available", draft_french, lang="fr"),
]
OUTBOUND = [
    Fault("agent", "Agent email required", agent_email=...),
    Fault("agent", "Not a valid agent email", agent_email="nobody@example.com"),
    Fault("agent", "Not a valid agent email", agent_email=["ana@example.com"]),
    Fault("agent", "Agent does not have access to make calls", agent_without_access),
    *LANGUAGE_FAULTS,
    Fault("party", "ticket_id or end_user_number required", end_user_number=...),
    Fault("party", "ticket_id is not well formed", ticket_id=[1]),
    Fault("party", "ticket_id is not well formed", ticket_id=True),
    Fault("party", "Contact not found", ticket_id="404"),
    Fault("party", "Contact not found", ticket_id="nobodys"),
    Fault("party", ill_formed("end_user_number", "-"), end_user_number="123123"),
    Fault("party", ill_formed("end_user_number", "-"), end_user_number=18596579625),
    Fault("number", ill_formed("outbound_number", "-"), outbound_number="West"),
    Fault("number", ill_formed("outbound_number", "-"), outbound_number={}),
    Fault("number", "outbound_number is not available", outbound_number="+1 202-555-0100"),
    Fault("number", "No outbound number is available", no_numbers, outbound_number=...),
    Fault("state", "Agent is not available to take this call", agent_on_break),
]


def menu_faults(sentence):
    """What may be wrong with a menu's id; `sentence` refuses a menu of the wrong type."""
    return [
        Fault("menu", "menu_id is required", menu_id=...),
        Fault("menu", "menu_id is required", menu_id=""),
        Fault("menu", ill_formed("menu_id"), menu_id="menu_9"),
        Fault("menu", ill_formed("menu_id"), menu_id=9.5),
        Fault("menu", ill_formed("menu_id"), menu_id=True),
        Fault("menu", "menu_id 9999 is not found", menu_id=9999),
        Fault("menu", f"menu_id {10**30} is not found", menu_id=10**30),
        Fault("menu", "menu_id 9 is not found", delete_menu),
        Fault("menu", sentence, menu_id=50),
        Fault("menu", "menu_id 9 is not a leaf menu", grow_children),
    ]


PARTY = [
    Fault("party", "Contact not found", ticket_id="404"),
    Fault("party", "Contact not found", ticket_id="nobodys"),
    Fault("party", "ticket_id is not well formed", ticket_id=1.5),
    Fault("party", "end_user_number is required", end_user_number=...),
    Fault("party", "end_user_number is required", end_user_number=None),
    Fault("party", ill_formed("end_user_number"), end_user_number="+1 999-657-12"),
    Fault("party", ill_formed("end_user_number"), end_user_number=[]),
]
PERMISSION = [
    Fault("permission", ill_formed("recording_permission"), recording_permission="granted"),
    Fault("permission", ill_formed("recording_permission"), recording_permission=1),
]
STATE = [
    Fault("state", "Menu is in 'manual redirection' state, can't accept calls", redirect),
    Fault("state", "Menu is in 'after hours' state, can't accept incoming calls", close),
]
NO_NUMBER = Fault("number", "No outbound number is available", no_numbers)
INBOUND = [
    *menu_faults("Only IVR and mobile menu IDs are permitted"),
    *LANGUAGE_FAULTS,
    *PARTY,
    *PERMISSION,
    *STATE,
    NO_NUMBER,
]
SCHEDULED = [
    Fault("call", ill_formed("call_id"), call_id="abc"),
    Fault("call", ill_formed("call_id"), call_id={}),
    Fault("call", "call_id 514 is not found", call_id=514),
    Fault("call", f"call_id {10**25} is not found", call_id=str(10**25)),
    *[fault for fault in menu_faults("Only mobile and web menu IDs are permitted") if fault.body != {"menu_id": 50}],
    Fault("menu", "Only mobile and web menu IDs are permitted", menu_id=61),
    *LANGUAGE_FAULTS,
    *PARTY,
    *PERMISSION,
    Fault("time", "scheduled_at is required", scheduled_at=...),
    Fault("time", ill_formed("scheduled_at"), scheduled_at="tomorrow"),
    Fault("time", ill_formed("scheduled_at"), scheduled_at=1_900_000_000),
    Fault("time", ill_formed("scheduled_at"), scheduled_at="2099-01-01T10:00:00"),
    Fault("time", ill_formed("scheduled_at"), scheduled_at="0000-01-01T10:00:00Z"),
    Fault("time", ill_formed("scheduled_at"), scheduled_at="10000-01-01T10:00:00Z"),
    Fault("time", "scheduled_at must be in the future", scheduled_at="2019-01-01T10:00:00Z"),
    Fault("ticket", "ticket_id 76517 already has a scheduled call", ticket_is_scheduled, ticket_id="76517"),
    *STATE,
    NO_NUMBER,
]
TYPES = {"OutboundCall": OUTBOUND, "IncomingCall": INBOUND, "ScheduledCall": SCHEDULED}
SINGLES = [(name, fault) for name, faults in TYPES.items() for fault in faults]


def go_together(one, other):
    """Two faults that can be had at once: of two places. A good ticket leaves nothing to fault in the party."""
    return one.place != other.place and {one.place, other.place} != {"party", "ticket"}


PAIRS = [
    (name, first, second)
    for name, faults in TYPES.items()
    for first, second in combinations(faults, 2)
    if go_together(first, second)
]


def good_body(call_type):
    """A body of this type with nothing wrong in it."""
    if call_type == "OutboundCall":
        return {
            "call_type": call_type, "agent_email": "ana@example.com", "end_user_number": "+1 202-555-0123",
            "outbound_number": "+1 339-219-5276", "lang": "en",
        }  # fmt: skip
    body = {"call_type": call_type, "menu_id": 9, "end_user_number": "+1 202-555-0123", "lang": "en"}
    if call_type == "ScheduledCall":
        body["scheduled_at"] = (now() + timedelta(days=1)).isoformat()
    return body


def make_rows():
    """What bodies with nothing wrong name."""
    make_agent("ana@example.com")
    make_menu("Lock Star", id=9, menu_type="mobile_menu")
    make_menu("Spare", id=8, menu_type="mobile_menu")
    make_menu("Web Store", id=50, menu_type="web_menu")
    make_menu("Phone", id=61, menu_type="ivr_menu")
    Ticket.objects.create(ticket_id="nobodys")
    contact = Contact.objects.create(out_contact_id="c-1")
    contact.phones.create(number="+12025550177")
    Ticket.objects.create(ticket_id="76517", contact=contact)


def post_with(api, call_type, *faults):
    """The answer to a body with these faults. Nothing is written unless it is taken."""
    body = good_body(call_type)
    for fault in faults:
        fault.state()
        for key, value in fault.body.items():
            if value is ...:
                del body[key]
            else:
                body[key] = value
    before = count_rows()
    response = api.post("/calls", body)
    assert count_rows() == before or response.status_code == 201
    return response


def count_rows():
    """How many rows there are of all that a call brings along."""
    return [model.objects.count() for model in (Call, CallEvent, EndUser, Engagement, DialPrompt)]
