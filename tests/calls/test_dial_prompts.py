"""Dial prompts: the request waits for its agent, becomes the call, or lapses."""

import pytest

from agents.models import Engagement, OutboundNumber
from calls.models import Call, Contact, DialPrompt, Ticket
from calls.services import use_dial_prompt
from ccai.errors import Refused
from tests.factories import make_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

WEST = "+17608675309"


@pytest.fixture
def agent():
    return make_agent("ana@example.com")


@pytest.fixture
def two_numbers():
    """Two numbers, neither of them the default."""
    OutboundNumber.objects.update(is_default=False)
    OutboundNumber.objects.create(number=WEST)


def ask(api, **body):
    return api.post("/calls", {"call_type": "OutboundCall", "agent_email": "ana@example.com", **body})


def make_ticket(*phones):
    contact = Contact.objects.create(out_contact_id="c-1", name="Ann")
    for position, phone in enumerate(phones):
        contact.phones.create(number=phone, position=position)
    Ticket.objects.create(ticket_id="71999", contact=contact)


def test_a_choice_of_numbers_waits_for_the_agent_and_makes_no_call(api, agent, two_numbers):
    sent = {"end_user_number": " +1 202-555-0123 ", "lang": "en", "colour": "red"}
    response = ask(api, **sent)
    assert response.status_code == 202
    assert response.json() == {
        "call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": " +1 202-555-0123 ",
        "lang": "en",
    }  # fmt: skip
    assert not Call.objects.exists()
    prompt = DialPrompt.objects.get()
    assert (prompt.agent, prompt.end_user_number, prompt.outbound_number) == (agent, "+12025550123", "")
    assert Engagement.objects.get(agent=agent, ended_at=None).kind == "dial_prompt"


def test_an_agent_with_no_list_who_has_one_number_to_choose_from_needs_no_prompt(api, agent):
    OutboundNumber.objects.update(is_default=False)
    for name in ("ben@example.com", "cem@example.com"):
        make_agent(name).outbound_numbers.set(OutboundNumber.objects.all())
    assert ask(api, end_user_number="+1 202-555-0123").status_code == 201


@pytest.mark.parametrize("value", [b"1" * 4_500, b"[-" + b"1" * 10_000 + b"]", b"1e999", b"-1e999"])
def test_what_cannot_be_said_again_is_refused_and_no_agent_is_asked(api, agent, value):
    make_ticket()
    raw = (
        b"""{"call_type": "OutboundCall", "agent_email": "ana@example.com", "ticket_id": "71999",
        "end_user_number": %s}"""
        % value
    )
    response = api.post("/calls", raw=raw)
    assert (response.status_code, response.json()) == (400, {"message": "Request body is not valid JSON"})
    assert not DialPrompt.objects.exists()
    assert not Engagement.objects.exists()


def test_a_waiting_prompt_has_the_agents_time(api, agent, two_numbers):
    ask(api, end_user_number="+1 202-555-0123")
    second = ask(api, end_user_number="+1 202-555-0124")
    assert second.json() == {"message": "Agent is not available to take this call"}
    assert DialPrompt.objects.count() == 1


def test_the_prompt_becomes_the_call_the_agent_chose(api, agent, clock, two_numbers):
    ask(api, end_user_number="+1 202-555-0123")
    made = use_dial_prompt(DialPrompt.objects.get(), outbound_number="+1 760-867-5309")
    assert (made.call.status, made.call.outbound_number, made.call.end_user_number) == (
        "assigned", WEST, "+12025550123",
    )  # fmt: skip
    prompt = DialPrompt.objects.get()
    assert (prompt.status, prompt.call) == ("used", made.call)
    assert Engagement.objects.get(ended_at=None).kind == "call"
    clock.pass_by(8)
    assert Call.objects.get().status == "finished"
    assert not Engagement.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("phones", [[], ["+12025550123", "+12025550124"]])
def test_a_contact_with_no_phone_or_several_is_the_agents_to_choose(api, agent, phones):
    make_ticket(*phones)
    assert ask(api, ticket_id="71999").status_code == 202
    made = use_dial_prompt(DialPrompt.objects.get(), end_user_number="+1 202-555-0124")
    assert made.call.end_user_number == "+12025550124"
    assert made.call.out_ticket_id == "71999"
    assert made.call.end_user.out_contact_id == "c-1"


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({}, "No outbound number is available"),
        ({"outbound_number": "+1 202-555-0199"}, "outbound_number is not available"),
    ],
)
def test_a_bad_choice_is_refused_and_the_prompt_waits_on(api, agent, two_numbers, chosen, sentence):
    ask(api, end_user_number="+1 202-555-0123")
    with pytest.raises(Refused) as refused:
        use_dial_prompt(DialPrompt.objects.get(), **chosen)
    assert refused.value.message == sentence
    assert DialPrompt.objects.get().status == "open"
    assert not Call.objects.exists()


def test_an_ill_formed_choice_of_phone_is_refused_and_the_prompt_waits_on(api, agent):
    make_ticket()
    ask(api, ticket_id="71999")
    for chosen in ({}, {"end_user_number": "nonsense"}):
        with pytest.raises(Refused) as refused:
            use_dial_prompt(DialPrompt.objects.get(), **chosen)
        assert refused.value.message == "end_user_number is not well-formed"
    assert DialPrompt.objects.get().status == "open"


def test_what_the_request_has_fixed_is_not_the_agents_to_change(api, agent, two_numbers):
    ask(api, end_user_number="+1 202-555-0123")
    made = use_dial_prompt(DialPrompt.objects.get(), outbound_number=WEST, end_user_number="+1 202-555-0199")
    assert made.call.end_user_number == "+12025550123"


def test_a_prompt_nobody_answers_lapses_and_frees_the_agent(api, agent, clock, two_numbers):
    ask(api, end_user_number="+1 202-555-0123")
    prompt = DialPrompt.objects.get()
    clock.jump(299)
    clock.tick()
    assert DialPrompt.objects.get().status == "open"
    clock.pass_by(1)
    assert DialPrompt.objects.get().status == "lapsed"
    assert not Engagement.objects.filter(ended_at=None).exists()
    with pytest.raises(Refused, match="lapsed or was used"):
        use_dial_prompt(prompt, outbound_number=WEST)


def test_a_prompt_is_used_once(api, agent, two_numbers):
    ask(api, end_user_number="+1 202-555-0123")
    prompt = DialPrompt.objects.get()
    use_dial_prompt(prompt, outbound_number=WEST)
    with pytest.raises(Refused, match="lapsed or was used"):
        use_dial_prompt(prompt, outbound_number=WEST)
    assert Call.objects.count() == 1


def test_with_one_number_and_no_default_there_is_nothing_to_choose(api, agent):
    OutboundNumber.objects.update(is_default=False)
    assert ask(api, end_user_number="+1 202-555-0123").status_code == 201


def test_the_default_counts_only_among_the_agents_own_numbers(api, agent):
    agent.outbound_numbers.add(OutboundNumber.objects.create(number=WEST))
    body = ask(api, end_user_number="+1 202-555-0123").json()
    assert body["outbound_number"] == "+1 760-867-5309"
