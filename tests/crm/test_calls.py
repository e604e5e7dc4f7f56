"""Calls whose tickets and contacts are in Zendesk: from POST /calls to the comment on the ticket."""

import json
import re
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string

from calls import dispatch
from calls.crm.base import CrmContact
from calls.desk.callers import masked_call
from calls.models import Call, CallEvent, CrmComment, DialPrompt, EndUser, Offer, Participant, Ticket
from calls.services import end_users
from ccai.announcing import CHANNEL
from ccai.redis import client as redis_client
from ccai.times import now, wire_time
from tests.admin.rows import admin_url, sent_back
from tests.crm.talks import make_talk
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

SEARCH, SHOW_MANY = "/api/v2/search.json", "/api/v2/tickets/show_many.json"
TICKET, COMMENTS = "/api/v2/tickets/76518.json", "/api/v2/tickets/76518/comments.json"
NUMBER = "+1 202-555-0123"


@pytest.fixture
def menu(center):
    """A menu with an agent who answers by themselves."""
    return make_menu(agents=[make_agent("kim@example.com", auto_answer=True)], recording="record")


def post(api, call_type, status=201, **body):
    response = api.post("/calls", {"call_type": call_type, **body})
    assert response.status_code == status, response.content
    return response.json()


def schedule(api, menu, status=201, seconds=600, **body):
    due = wire_time(now() + timedelta(seconds=seconds))
    return post(api, "ScheduledCall", status, menu_id=menu.pk, scheduled_at=due, **body)


def status_of(body):
    return Call.objects.get(pk=body["id"]).status


class TestPost:
    def test_a_ticket_gives_the_person_and_the_number(self, api, zendesk, menu):
        body = post(api, "IncomingCall", menu_id=menu.pk, ticket_id="76517")
        assert body["out_ticket_id"] == "76517"
        assert body["out_ticket_url"] == f"{zendesk.url}/agent/tickets/76517"
        assert body["end_user"]["out_contact_id"] == "381630957514"
        assert Call.objects.get().end_user_number == "+12051234567"
        assert EndUser.objects.get().name == "Ann Bee"

    def test_of_several_numbers_the_agent_chooses_one(self, api, zendesk, menu):
        sent = {"agent_email": "kim@example.com", "ticket_id": 76517, "end_user_number": 5}
        assert post(api, " OutboundCall ", 202, **sent) == {"call_type": " OutboundCall ", **sent}
        assert DialPrompt.objects.get().ticket_id == "76517"

    @pytest.mark.parametrize("ticket", ["99999", "76520", "76521", "76523", "../users/1"])
    def test_no_such_ticket_or_nobody_on_it_is_no_contact(self, api, zendesk, menu, ticket):
        said = post(api, "IncomingCall", 400, menu_id=menu.pk, ticket_id=ticket)
        assert said == {"message": "Contact not found"}

    def test_a_number_is_whose_it_is(self, api, zendesk, menu):
        body = post(api, "IncomingCall", menu_id=menu.pk, end_user_number=NUMBER)
        assert body["end_user"]["out_contact_id"] == "403"

    def test_an_outage_refuses_tickets_and_makes_calls_by_number(self, api, zendesk, menu, clock):
        zendesk.answer(status=503, headers={"Retry-After": "30"})
        response = api.post("/calls", {"call_type": "IncomingCall", "menu_id": menu.pk, "ticket_id": "76517"})
        assert (response.status_code, response.json()) == (503, {"message": "CRM is not reachable"})
        assert response.headers["Retry-After"] == "30"
        assert not EndUser.objects.exists()
        body = post(api, "IncomingCall", menu_id=menu.pk, end_user_number=NUMBER)
        assert body["end_user"]["out_contact_id"] is None
        clock.tick()
        zendesk.answers.pop(0)
        assert len(zendesk.asked()) == 1
        clock.jump(61)
        clock.tick()
        assert EndUser.objects.get().out_contact_id == "403"

    def test_a_closed_ticket_has_no_call_scheduled_and_others_made(self, api, zendesk, menu):
        said = schedule(api, menu, 400, ticket_id="76519")
        assert said == {"message": "ticket_id 76519 is closed"}
        assert not Call.objects.exists()
        assert not CrmComment.objects.exists()
        post(api, "IncomingCall", menu_id=menu.pk, ticket_id="76519")

    def test_a_ticket_is_told_once_that_it_has_a_scheduled_call_already(self, api, zendesk, menu, clock):
        first = schedule(api, menu, ticket_id="76518")
        for _time in range(2):
            said = schedule(api, menu, 400, ticket_id="76518")
            assert said == {"message": "ticket_id 76518 already has a scheduled call"}
        zendesk.requests.clear()
        clock.tick()
        assert zendesk.requests[0].method == "PUT"
        text = json.loads(zendesk.requests[0].body)["ticket"]["comment"]["body"]
        assert text.startswith(
            "A scheduled call was not created because the record already has an active scheduled call."
        )
        assert text.endswith(f"[demo {first['id']} refused]")
        assert len(zendesk.asked()) == 1


class TestRepeats:
    """Requests that are sent again under their key while another is under way."""

    @staticmethod
    def at_once_with(table, act):
        """`act` is done once, just before the first statement that asks `table`."""
        waiting = [act]

        def step_in(execute, sql, params, many, context):
            if waiting and f'FROM "{table}"' in sql:
                waiting.pop()()
            return execute(sql, params, many, context)

        return connection.execute_wrapper(step_in)

    def schedule(self, api, menu):
        body = {"call_type": "ScheduledCall", "menu_id": menu.pk, "ticket_id": "76518"}
        due = wire_time(now() + timedelta(seconds=600))
        return api.post("/calls", {**body, "scheduled_at": due}, headers={"Idempotency-Key": "a key"})

    def test_the_ticket_is_told_of_a_refusal_that_undoes_all_else(self, api, zendesk, menu):
        rival = []
        with self.at_once_with("agents_outboundnumber", lambda: rival.append(schedule(api, menu, ticket_id="76518"))):
            response = self.schedule(api, menu)
        assert response.json() == {"message": "ticket_id 76518 already has a scheduled call"}
        comment = CrmComment.objects.get()
        assert (comment.call_id, comment.occasion) == (rival[0]["id"], "refused")

    def test_the_ticket_is_told_of_no_refusal_where_a_repeat_is_answered_as_the_first(self, api, zendesk, menu, clock):
        first = []
        with self.at_once_with("menus_menu", lambda: first.append(self.schedule(api, menu))):
            second = self.schedule(api, menu)
        assert (first[0].status_code, second.status_code) == (201, 201)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert not CrmComment.objects.exists()


class TestLater:
    """Who calls, found out by the clock."""

    def test_one_about_whom_it_never_answers_keeps_no_other_unknown(self, zendesk, clock):
        known = {"id": 403, "name": "Gus", "phone": NUMBER}
        answers = {"121": {"status": 500}, "122": {"raw": b""}, "123": {"body": {"results": [known]}}}
        nobody = {"body": {"results": []}}
        zendesk.answer(SEARCH, made=lambda request: answers.get(request.query["query"][-3:], nobody))
        for number in ("", "+12025550121", "+12025550122", *(f"+1202555012{last}" for last in range(3, 9))):
            EndUser.objects.create(number=number, ask_crm_at=now())
        assert dispatch.fill_in_contacts(now()) == 0
        clock.jump(5)
        while dispatch.fill_in_contacts(now()):
            pass
        assert EndUser.objects.get(number="+12025550123").out_contact_id == "403"
        waiting = EndUser.objects.exclude(ask_crm_at=None).order_by("number")
        assert list(waiting.values_list("number", flat=True)) == ["", "+12025550121", "+12025550122"]
        assert len(zendesk.asked()) == 8

    def test_who_was_nobody_the_last_time_is_asked_about_again(self, api, zendesk, menu, clock):
        EndUser.objects.create(number="+12025550123", name="Gus at the gate")
        zendesk.answer(status=503)
        body = post(api, "IncomingCall", menu_id=menu.pk, end_user_number=NUMBER)
        zendesk.answers.pop(0)
        clock.jump(61)
        clock.tick()
        person = EndUser.objects.get()
        assert (person.pk, person.out_contact_id) == (body["end_user"]["id"], "403")
        assert person.name == "Gus at the gate"

    @pytest.mark.parametrize(
        ("meanwhile", "left"),
        [
            ({"out_contact_id": "9", "name": "Ann"}, ("9", "Ann", False)),
            ({"number": "+12025550199"}, (None, "", True)),
        ],
    )
    def test_who_changed_while_it_was_asked_is_left_as_they_are(self, db, meanwhile, left):
        person = EndUser.objects.create(number="+12025550123", ask_crm_at=now())
        EndUser.objects.filter(pk=person.pk).update(**meanwhile)
        end_users.identify(person, CrmContact("403", "Gus", ("+12025550123",)))
        person = EndUser.objects.get()
        assert (person.out_contact_id, person.name, person.ask_crm_at is not None) == left

    @pytest.mark.parametrize("is_known", [True, False])
    def test_the_agents_who_have_them_are_told(self, db, django_capture_on_commit_callbacks, is_known):
        person = EndUser.objects.create(number="+12025550123", ask_crm_at=now())
        if is_known:
            EndUser.objects.create(number="+12025550111", out_contact_id="403")
        asked, talking, gone = (make_agent() for _agent in range(3))
        engagement = asked.engagements.create(kind="offer", started_at=now())
        queued, over = make_call("queued", end_user=person), make_call("finished", end_user=person, agent=gone)
        Offer.objects.create(call=queued, agent=asked, engagement=engagement, round=1, level=1)
        stays = ((make_call("connected", end_user=person, agent=talking), talking), (over, gone))
        for call, agent in stays:
            Participant.objects.create(call=call, type="agent", agent=agent)
        with redis_client().pubsub(ignore_subscribe_messages=True) as channel:
            channel.subscribe(CHANNEL)
            with django_capture_on_commit_callbacks(execute=True):
                end_users.identify(person, CrmContact("403", "Gus", ("+12025550123",)))
            heard = [channel.get_message(timeout=5) for _message in ("subscribed", "announced")]
        assert [message["data"] for message in heard if message] == [f"{asked.pk} {talking.pk}".encode()]

    def test_two_who_are_one_keep_the_customers_name_for_them(self, db):
        known = EndUser.objects.create(number="+12025550111", out_contact_id="403")
        person = EndUser.objects.create(number="+12025550123", identifier="gus", ask_crm_at=now())
        calls = [make_call("finished", end_user=one, updated_at=now() - timedelta(days=1)) for one in (known, person)]
        end_users.identify(person, CrmContact("403", "Gus", ("+12025550123",)))
        assert [(one.pk, one.identifier) for one in EndUser.objects.all()] == [(known.pk, "gus")]
        for call in Call.objects.filter(pk__in=[call.pk for call in calls]):
            assert (call.end_user, now() - call.updated_at < timedelta(hours=1)) == (known, True)

    def test_calls_are_changed_by_who_names_their_person_by_hand(self, admin_client):
        person = EndUser.objects.create(number="+12025550123")
        call = make_call("finished", end_user=person, updated_at=now() - timedelta(days=1))
        page = admin_url(EndUser, "change", person.pk)
        for changes, is_changed in (({"name": "Gus"}, False), ({"identifier": "gus"}, True)):
            assert admin_client.post(page, sent_back(admin_client.get(page), **changes)).status_code == 302
            call.refresh_from_db()
            assert (now() - call.updated_at < timedelta(hours=1)) == is_changed


class TestLinks:
    """From where a call is shown to what Zendesk knows of it."""

    @pytest.mark.parametrize("contact", ["403", "../admin", "javascript:1", '"><b>'])
    def test_ticket_and_contact_have_their_page_there(self, zendesk, admin_client, contact):
        person = EndUser.objects.create(number="+12025550123", out_contact_id=contact)
        call = make_talk(end_user=person, out_ticket_url=f"{zendesk.url}/agent/tickets/76518")
        links = [
            f"{zendesk.url}/agent/tickets/76518",
            *([f"{zendesk.url}/agent/users/403"] if contact == "403" else []),
        ]
        for page in (
            admin_client.get(admin_url(Call, "change", call.pk)).content.decode(),
            render_to_string("desk/facts.html", {"call": call}),
        ):
            assert sorted(re.findall(r'href="(http[^"]*)" target="_blank"', page)) == links
            assert '"><b>' not in page

    def test_who_does_not_see_who_calls_is_led_to_no_contact(self, zendesk):
        person = EndUser.objects.create(number="+12025550123", out_contact_id="403")
        shown = masked_call(make_talk(end_user=person, out_ticket_url="javascript:alert(1)"))
        page = render_to_string("desk/facts.html", {"call": shown})
        assert "403" not in page
        assert "76518" in page
        assert "href" not in page

    def test_a_dial_prompt_leads_to_its_ticket(self, api, zendesk, menu, client):
        post(api, "OutboundCall", 202, agent_email="kim@example.com", ticket_id="76517")
        client.force_login(DialPrompt.objects.get().agent.user)
        form = client.get(f"/desk/prompts/{DialPrompt.objects.get().pk}").content.decode()
        assert f'href="{zendesk.url}/agent/tickets/76517"' in form


class TestDue:
    def test_a_due_call_waits_until_zendesk_answers(self, api, zendesk, menu, clock):
        body = schedule(api, menu, ticket_id="76518")
        zendesk.asked()
        zendesk.answer(SHOW_MANY, status=500)
        clock.jump(599)
        clock.tick()
        assert zendesk.asked() == []
        clock.pass_by(1)
        assert status_of(body) == "scheduled"
        assert zendesk.asked() == [f"GET {SHOW_MANY}"]
        clock.pass_by(19)
        assert zendesk.asked() == []
        clock.pass_by(1)
        assert status_of(body) == "scheduled"
        assert zendesk.asked() == [f"GET {SHOW_MANY}"]
        zendesk.answers.pop(0)
        clock.jump(20)
        clock.tick()
        assert status_of(body) in ("connecting", "connected")
        assert CallEvent.objects.filter(call=body["id"], new="queued").count() == 1

    def test_it_waits_no_longer_than_it_may_and_the_ticket_is_told(self, api, zendesk, menu, clock):
        body = schedule(api, menu, ticket_id="76518")
        zendesk.answer(SHOW_MANY, raw=b"")
        clock.jump(600)
        for seconds in (0, *[100] * 8, 99):
            clock.jump(seconds)
            clock.tick()
            assert status_of(body) == "scheduled"
        assert zendesk.asked().count(f"GET {SHOW_MANY}") == 10
        clock.pass_by(1)
        call = Call.objects.get(pk=body["id"])
        assert (call.status, call.fail_reason) == ("failed", "expired")
        clock.jump(40)
        clock.tick()
        assert f"PUT {TICKET}" in zendesk.asked()
        assert CrmComment.objects.get().text.startswith("The call failed: Expired.")

    def test_a_ticket_that_was_closed_meanwhile_withdraws_its_call(self, api, zendesk, menu, clock):
        body = schedule(api, menu, ticket_id="76518")
        other = schedule(api, menu, end_user_number=NUMBER, seconds=601)
        zendesk.answer(SHOW_MANY, body={"tickets": [{"id": 76518, "status": "closed"}]})
        clock.jump(600)
        clock.tick()
        assert status_of(body) == "cancelled"
        assert CallEvent.objects.filter(call=body["id"]).last().cause == "ticket_closed"
        clock.pass_by(1)
        assert status_of(other) in ("connecting", "connected")

    def test_a_ticket_that_spoils_each_answer_holds_up_no_other_call(self, zendesk, menu, clock):
        calls = [
            make_call("scheduled", menu=menu, scheduled_at=now(), out_ticket_id=str(number), ask_crm_at=now())
            for number in range(701, 725)
        ]

        def answer(request):
            asked_for = [int(name) for name in request.query["ids"].split(",")]
            closed = {"tickets": [{"id": number, "status": "closed"} for number in asked_for if number % 2]}
            return {"body": {"tickets": "none"} if 708 in asked_for else closed}

        zendesk.answer(SHOW_MANY, made=answer)
        assert dispatch.look_at_tickets(now()) > 0
        clock.jump(20)
        dispatch.look_at_tickets(now())
        assert list(Call.objects.exclude(ask_crm_at=None)) == [calls[7]]
        assert Call.objects.filter(status="cancelled").count() == 12
        assert len(zendesk.asked()) <= 2 * dispatch.QUESTIONS

    def test_calls_without_a_ticket_do_not_wait_for_an_outage(self, api, zendesk, menu, clock):
        body = schedule(api, menu, end_user_number=NUMBER)
        zendesk.answer(status=500)
        clock.jump(600)
        clock.tick()
        assert status_of(body) in ("connecting", "connected")

    @pytest.mark.django_db(transaction=True)
    def test_while_one_waits_for_zendesk_no_other_of_its_process_does(self, zendesk, menu):
        at, answered = now(), threading.Event()
        for seconds in (0, 10):
            ticket = {"out_ticket_id": "76518" if seconds else "76519", "ask_crm_at": at}
            make_call("scheduled", menu=menu, scheduled_at=at + timedelta(seconds=seconds), **ticket)
        zendesk.answer(SHOW_MANY, body={"tickets": []}, after=answered)

        def wait():
            dispatch.look_at_tickets(at)
            connection.close()

        waiting = threading.Thread(target=wait)
        waiting.start()
        while waiting.is_alive() and not zendesk.requests:
            time.sleep(0.01)
        busy = [step(at + timedelta(seconds=10)) for step in (dispatch.look_at_tickets, dispatch.fill_in_contacts)]
        answered.set()
        waiting.join()
        assert busy == [0, 0]
        assert zendesk.asked() == [f"GET {SHOW_MANY}"]
        assert dispatch.look_at_tickets(at + timedelta(seconds=10)) == 1

    def test_one_that_was_moved_while_zendesk_was_asked_is_looked_at_anew(self, api, zendesk, menu, clock):
        body = schedule(api, menu, ticket_id="76518")
        zendesk.answer(SHOW_MANY, status=500)
        clock.jump(600)
        clock.tick()
        due = wire_time(now() + timedelta(seconds=30))
        assert api.patch(f"/calls/scheduled/{body['id']}", {"scheduled_at": due}).status_code == 200
        zendesk.answers.pop(0)
        clock.jump(29)
        clock.tick()
        assert status_of(body) == "scheduled"
        clock.pass_by(1)
        assert status_of(body) in ("connecting", "connected")

    def test_the_built_in_crm_says_so_too(self, api, menu, clock):
        ticket = Ticket.objects.create(ticket_id="7")
        call = make_call("scheduled", out_ticket_id="7", ask_crm_at=now())
        Ticket.objects.filter(pk=ticket.pk).update(closed=True)
        gone = make_call("scheduled", out_ticket_id="8", ask_crm_at=now(), menu=menu)
        clock.jump(3_600)
        clock.tick()
        assert Call.objects.get(pk=call.pk).status == "cancelled"
        assert Call.objects.get(pk=gone.pk).status in ("connecting", "connected")
        assert not CrmComment.objects.exists()
