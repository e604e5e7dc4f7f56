"""Many at once, on the real engine: one wins, and the others are told."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction

from agents.models import Engagement
from calls import dispatch, offers
from calls.crm.base import CrmContact
from calls.errors import OFFER_IS_GONE
from calls.models import Call, CallEvent, Contact, EndUser, Offer, Participant, SandboxCall, Ticket
from calls.services import end_users
from ccai.errors import Refused
from ccai.times import now
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = pytest.mark.django_db(transaction=True)


def all_at_once(*tasks):
    """Run `tasks` in threads that start together; their results, in order. An exception is the result it is."""
    barrier = threading.Barrier(len(tasks))
    results = [None] * len(tasks)

    def run(number, task):
        barrier.wait()
        try:
            results[number] = task()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=numbered) for numbered in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_requests_for_one_agent_one_wins(api):
    make_center()
    make_agent("ana@example.com")
    body = {"call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": "+1 202-555-0123"}
    answers = all_at_once(*[lambda: api.post("/calls", body)] * 8)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    assert {answer.json()["message"] for answer in answers if answer.status_code == 400} == {
        "Agent is not available to take this call"
    }
    assert Call.objects.count() == Engagement.objects.count() == 1


def test_four_workers_take_two_hundred_due_calls_once_each():
    make_center()
    menu = make_menu(agents=[make_agent(auto_answer=True) for _ in range(40)])
    due = now() - timedelta(seconds=1)
    calls = Call.objects.bulk_create(
        Call(
            call_type="Voice Scheduled (API)", status="scheduled", lang="en", menu=menu, selected_menu=menu.snapshot(),
            menu_path=menu.path(), scheduled_at=due, end_user_number=f"+1202555{number:04d}",
        )
        for number in range(200)
    )  # fmt: skip
    Participant.objects.bulk_create(Participant(call=call, type="end_user") for call in calls)

    def work():
        # Forty agents serve two hundred calls in turn; nobody rings or talks, so that the test is over soon.
        give_up_at = time.monotonic() + 60
        while time.monotonic() < give_up_at:
            dispatch.tick()
            if not Call.objects.exclude(status="finished").exists():
                return None
        return "did not finish"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.CCAI_SANDBOX_RING_SECONDS", 0)
        patch.setattr("django.conf.settings.CCAI_SANDBOX_TALK_SECONDS", 0)
        assert all_at_once(*[work] * 4) == [None] * 4

    assert Counter(Call.objects.values_list("status", flat=True)) == {"finished": 200}
    events = Counter(CallEvent.objects.values_list("old", "new"))
    assert events == {
        ("scheduled", "queued"): 200, ("queued", "assigned"): 200, ("assigned", "connecting"): 200,
        ("connecting", "connected"): 200, ("connected", "finished"): 200,
    }  # fmt: skip
    assert SandboxCall.objects.count() == 200
    assert Offer.objects.filter(status="accepted").count() == Offer.objects.count() == 200
    assert not Engagement.objects.filter(ended_at=None).exists()


def test_of_twenty_agents_who_accept_at_once_one_gets_the_call(api):
    make_center()
    agents = [make_agent() for _ in range(20)]
    menu = make_menu(agents=agents)
    api.post("/calls", {"call_type": "IncomingCall", "menu_id": menu.pk, "end_user_number": "+12025550123"})
    offers.advance(now())
    offers.hold_out(now())
    held = list(Offer.objects.filter(status="open").select_related("agent__user"))
    assert len(held) == 20
    results = all_at_once(*[lambda offer=offer: offers.accept(offer) for offer in held])
    taken = [result for result in results if isinstance(result, Call)]
    assert len(taken) == 1
    told = [result.message for result in results if isinstance(result, Refused)]
    assert told == [OFFER_IS_GONE.text] * 19
    assert Call.objects.get().agent_id == taken[0].agent_id
    assert list(Engagement.objects.filter(ended_at=None).values_list("agent", "kind")) == [(taken[0].agent_id, "call")]
    assert Counter(Offer.objects.values_list("status", flat=True)) == {"accepted": 1, "withdrawn": 19}


def test_one_new_number_is_one_end_user_however_many_calls_it_makes(api):
    make_center()
    menu = make_menu()
    body = {"call_type": "IncomingCall", "menu_id": menu.pk, "end_user_number": "+1 202-555-0123"}
    answers = all_at_once(*[lambda: api.post("/calls", body)] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert EndUser.objects.count() == 1
    assert len({answer.json()["end_user"]["id"] for answer in answers}) == 1


def test_who_is_called_by_number_does_not_turn_out_to_be_another_meanwhile():
    known = EndUser.objects.create(number="+12025550111", out_contact_id="c-1")
    person = EndUser.objects.create(number="+12025550123", ask_crm_at=now())
    menu, found, merged = make_menu(), threading.Event(), threading.Event()

    def call():
        with transaction.atomic():
            end_user = end_users.find_by_number(person.number)
            found.set()
            merged.wait(0.5)
            return make_call("finished", menu=menu, end_user=end_user)

    def identify():
        found.wait(20)
        end_users.identify(person, CrmContact("c-1", "Ann", (person.number,)))
        merged.set()

    made, nothing = all_at_once(call, identify)
    assert nothing is None
    assert Call.objects.get(pk=made.pk).end_user == known


def test_a_ticket_gets_one_scheduled_call_of_many_at_once(api):
    make_center()
    menu = make_menu()
    contact = Contact.objects.create(out_contact_id="c-1")
    contact.phones.create(number="+12025550123")
    Ticket.objects.create(ticket_id="76517", contact=contact)
    body = {
        "call_type": "ScheduledCall", "menu_id": menu.pk, "ticket_id": "76517",
        "scheduled_at": (now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    answers = all_at_once(*[lambda: api.post("/calls", body)] * 6)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 5}
    assert {answer.json()["message"] for answer in answers if answer.status_code == 400} == {
        "ticket_id 76517 already has a scheduled call"
    }
    assert Call.objects.count() == 1
