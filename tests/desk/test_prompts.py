"""Dial prompts on the page: calls that wait for the agent to choose a number."""

import pytest

from agents.models import Engagement, OutboundNumber
from calls.models import Call, Contact, ContactPhone, DialPrompt, Ticket
from tests.desk.pages import said

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def prompt(api, ana):
    """A prompt of Ana's: the contact has two numbers, and there are two to show."""
    OutboundNumber.objects.update(is_default=False)
    OutboundNumber.objects.create(number="+12025550142")
    contact = Contact.objects.create(out_contact_id="7", name="Min-jun Lee")
    for number in ("+12025550163", "+12025550185"):
        ContactPhone.objects.create(contact=contact, number=number)
    Ticket.objects.create(ticket_id="12", contact=contact)
    body = {"call_type": "OutboundCall", "agent_email": ana.user.email, "ticket_id": "12"}
    assert api.post("/calls", body).status_code == 202
    return DialPrompt.objects.get()


def test_it_offers_the_contacts_numbers_and_the_centers(at_desk, ana, prompt):
    assert 'data-phase="prompt"' in at_desk(ana).shows()

    form = at_desk(ana).get(f"prompts/{prompt.pk}").content.decode()

    for words in ("Min-jun Lee", "+1 202-555-0163", "+1 202-555-0185", "+1 202-555-0142", "+1 339-219-5276"):
        assert words in form


def test_a_number_of_the_contact_becomes_the_call(at_desk, ana, prompt):
    at_desk(ana).post(
        f"prompts/{prompt.pk}/use", end_user_number="+12025550185", outbound_number="+12025550142", typed_number=""
    )

    call = Call.objects.get()
    assert (call.end_user_number, call.outbound_number) == ("+12025550185", "+12025550142")


def test_a_typed_number_goes_before_a_chosen_one(at_desk, ana, prompt):
    at_desk(ana).post(
        f"prompts/{prompt.pk}/use",
        end_user_number="+12025550185",
        typed_number="+44 20 7946 0958",
        outbound_number="+12025550142",
    )

    assert Call.objects.get().end_user_number == "+442079460958"


def test_what_is_missing_is_said_and_the_prompt_stays(at_desk, ana, prompt):
    response = at_desk(ana).post(f"prompts/{prompt.pk}/use", end_user_number="+12025550185")

    assert said(response) == "There is no number that you may show. Ask your supervisor for one."
    assert DialPrompt.objects.get().status == "open"


def test_it_is_dropped(at_desk, ana, prompt):
    assert 'data-phase="idle"' in at_desk(ana).post(f"prompts/{prompt.pk}/drop").content.decode()

    assert not Engagement.objects.filter(ended_at=None).exists()
    assert not Call.objects.exists()


def test_another_agents_is_not_there(at_desk, ben, prompt):
    assert at_desk(ben).get(f"prompts/{prompt.pk}").status_code == 404
    assert at_desk(ben).post(f"prompts/{prompt.pk}/use", end_user_number="+12025550185").status_code == 404


def test_without_the_crm_a_number_can_be_typed(at_desk, ana, prompt, settings):
    settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}

    form = at_desk(ana).get(f"prompts/{prompt.pk}")

    assert form.status_code == 200
    assert "The CRM does not answer" in form.content.decode()

    numbers = {"typed_number": "+1 202-555-0199", "outbound_number": "+12025550142"}
    assert at_desk(ana).post(f"prompts/{prompt.pk}/use", **numbers).status_code == 200
    call = Call.objects.get()
    assert (call.out_ticket_id, call.end_user_number, call.end_user) == ("12", "+12025550199", None)
