"""What is written on tickets in Zendesk when calls end, and what becomes of it on bad days."""

import json
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.utils.timezone import localtime

from calls import dispatch, lifecycle
from calls.crm import comments, pausing
from calls.crm.zendesk import account
from calls.models import Call, CrmComment, Disposition, EndUser, Participant
from calls.services import set_disposition
from ccai.times import now
from tests.admin.rows import admin_url
from tests.crm.talks import make_talk
from tests.factories import make_call

pytestmark = pytest.mark.django_db

SEARCH, SHOW_MANY = "/api/v2/search.json", "/api/v2/tickets/show_many.json"
TICKET, COMMENTS = "/api/v2/tickets/76518.json", "/api/v2/tickets/76518/comments.json"


def end(call, to="finished", **columns):
    return lifecycle.transition(call, to, cause="test", disconnected_by="agent", **columns)


class TestComments:
    def test_a_ticket_is_told_how_its_call_ended(self, zendesk, clock, settings):
        settings.CCAI_PUBLIC_URL, settings.TIME_ZONE = "https://demo.example.com", "America/New_York"
        columns = {
            "scheduled_at": datetime(2026, 3, 1, 14, tzinfo=UTC),
            "connected_at": datetime(2026, 3, 1, 14, 2, tzinfo=UTC),
            "menu_path": {"items_count": 2, "name": "Sales/Re\nturns", "materialized_path": "1/2"},
            "disposition": Disposition.objects.create(name="Sold"),
        }
        call = end(make_talk(recorded=True, **columns), at=datetime(2026, 3, 1, 14, 5, 12, tzinfo=UTC))
        clock.tick()
        assert zendesk.asked() == [f"PUT {TICKET}"]
        comment = CrmComment.objects.get()
        assert comment.text.splitlines() == [
            "The call is over.",
            "Call: Voice Inbound (API)",
            "Menu: Sales/Re turns",
            "Scheduled for: 2026-03-01 09:00:00 EST",
            "Ended: 2026-03-01 09:05:12 EST",
            "Ended by: Agent",
            f"Agent: {call.agent_info['name']}",
            "Duration: 3 min 12 s",
            "Disposition: Sold",
            f"Recording: https://demo.example.com/admin/calls/call/{call.pk}/change/",
            f"[demo {call.pk} ended]",
        ]
        assert (comment.posted_at, comment.due_at, comment.error) == (now(), None, "")
        clock.pass_by(3)
        assert zendesk.asked() == []

    @pytest.mark.parametrize(
        ("status", "to", "columns", "words"),
        [
            ("scheduled", "cancelled", {}, "The call was cancelled before anybody was dialled."),
            ("queued", "failed", {"fail_reason": "expired"}, "The call failed: Expired."),
            ("queued", "deflected", {"deflection": "after_hours_message_only"}, "The call was deflected: "),
            ("voicemail", "voicemail_received", {}, "The end user left a voicemail."),
            ("action_only", "action_only_finished", {}, "The call is over."),
        ],
    )
    def test_however_it_ends(self, zendesk, status, to, columns, words):
        end(make_call(status, out_ticket_id="76518"), to, **columns)
        assert CrmComment.objects.get().text.startswith(words)

    def test_what_the_agent_says_in_the_wrap_up_is_told_too(self, zendesk, clock, settings):
        settings.CCAI_WRAP_UP_SECONDS = 30
        call = make_talk()
        Participant.objects.create(call=call, type="agent", agent=call.agent, status="connected")
        end(Call.objects.get(pk=call.pk))
        clock.jump(29)
        clock.tick()
        sold, other = (Disposition.objects.create(name=name) for name in ("Sold", "Other"))
        set_disposition(call, call.agent, sold)
        assert zendesk.asked() == []
        clock.pass_by(1)
        told = json.loads(zendesk.requests[0].body)["ticket"]["comment"]["body"]
        assert "\nEnded by: Agent\n" in told
        assert "\nDisposition: Sold\n" in told
        set_disposition(call, call.agent, other)
        assert "\nDisposition: Sold\n" in CrmComment.objects.get().text

    def test_it_is_written_with_the_end_or_not_at_all(self, zendesk):
        with transaction.atomic():
            end(make_talk())
            assert CrmComment.objects.count() == 1
            transaction.set_rollback(True)
        assert not CrmComment.objects.exists()
        end(make_talk(out_ticket_id=None))
        assert not CrmComment.objects.exists()

    def test_one_that_is_not_heard_is_said_again_later_and_later_and_not_twice(self, zendesk, clock):
        """Zendesk writes it, and the answer is lost."""
        call = end(make_talk())
        zendesk.answer(TICKET, method="PUT", raw=b"")
        clock.tick()
        zendesk.asked()
        clock.jump(29)
        clock.tick()
        assert zendesk.asked() == []
        zendesk.answer(COMMENTS, body={"comments": [{"body": f"The call is over.\n[demo {call.pk} ended]"}]})
        clock.pass_by(1)
        assert zendesk.asked() == [f"GET {COMMENTS}"]
        assert CrmComment.objects.get().posted_at == now()

    def test_who_died_while_telling_is_followed_by_one_who_looks_first(self, zendesk, clock, monkeypatch):
        class Killed(BaseException):
            """As by kill -9."""

        def die(*args, **kwargs):
            raise Killed

        end(make_talk())
        with monkeypatch.context() as patched:
            patched.setattr("calls.crm.zendesk.ZendeskCrm.add_comment", die)
            with pytest.raises(Killed):
                dispatch.tick()
        clock.jump(59)
        clock.tick()
        assert zendesk.asked() == []
        clock.pass_by(1)
        assert zendesk.asked() == [f"GET {COMMENTS}", f"PUT {TICKET}"]

    def test_a_limit_is_waited_for_and_the_other_tickets_are_not_kept(self, zendesk, clock):
        end(make_talk())
        other = end(make_talk(out_ticket_id="76519"))
        zendesk.answer(TICKET, status=429, headers={"Retry-After": "93", "X-Rate-Limit-Remaining": "600"})
        clock.tick()
        assert zendesk.asked() == [f"PUT {TICKET}", "PUT /api/v2/tickets/76519.json"]
        comment = CrmComment.objects.get(call=other)
        assert comment.is_given_up
        assert "closed" in comment.error
        zendesk.answers.pop(0)
        clock.jump(92)
        clock.tick()
        assert zendesk.asked() == []
        clock.pass_by(1)
        assert zendesk.asked() == [f"GET {COMMENTS}", f"PUT {TICKET}"]

    def test_a_pause_is_no_try_and_no_work(self, zendesk, clock):
        pausing.pause(account(), 50)
        end(make_talk())
        EndUser.objects.create(number="+12025550123", ask_crm_at=now())
        make_call("scheduled", scheduled_at=now(), out_ticket_id="76519", ask_crm_at=now())
        steps = (comments.post, dispatch.fill_in_contacts, dispatch.look_at_tickets)
        assert [step(now()) for step in steps] == [0, 0, 0]
        comment = CrmComment.objects.get()
        assert (comment.attempts, comment.error) == (0, "")
        clock.jump(49)
        assert comments.post(now()) == 0
        assert zendesk.asked() == []
        clock.jump(2)
        assert comments.post(now()) == 1
        assert zendesk.asked() == [f"PUT {TICKET}"]

    def test_after_a_day_it_is_given_up_and_the_calls_page_says_so(self, zendesk, clock, admin_client):
        call = end(make_talk())
        page = admin_url(Call, "change", call.pk)
        assert b"not told yet" in admin_client.get(page).content
        zendesk.answer(TICKET, status=500)
        clock.tick()
        assert b"not told yet, after 1 try. 500 to a comment" in admin_client.get(page).content
        tries = 0
        while comments.post(now()) or CrmComment.objects.filter(due_at__isnull=False):
            clock.jump(600)
            tries += 1
        assert 140 < tries < 145
        assert b"not told, and given up. 500 to a comment" in admin_client.get(page).content
        assert sum(request.method == "PUT" for request in zendesk.requests) < 40
        pausing.told_here.clear()

    def test_the_calls_page_says_when_it_was_told(self, zendesk, clock, admin_client):
        call = end(make_talk())
        clock.tick()
        told = localtime(now()).strftime("told at %Y-%m-%d %H:%M:%S<")
        assert told in admin_client.get(admin_url(Call, "change", call.pk)).content.decode()

    def test_a_crm_that_takes_none_is_told_none(self, clock, settings):
        end(make_talk())
        assert not CrmComment.objects.exists()
        call = make_talk()
        settings.CCAI_CRM = "zendesk"
        end(call)
        settings.CCAI_CRM = "builtin"
        clock.tick()
        assert CrmComment.objects.get().error == "This CRM takes no comments."
