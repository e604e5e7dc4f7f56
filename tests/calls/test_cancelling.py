"""PATCH /calls/scheduled/{id}/cancel: withdrawn before anybody was dialled, or not at all (contract section 8)."""

from datetime import timedelta

import pytest

from calls import dispatch
from calls.models import Call, CallEvent, Offer
from ccai.times import now
from tests.calls.callers import ring
from tests.calls.talking import begin_talk, post_inbound
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.usefixtures("center")


def cancel(api, call_id):
    return api.patch(f"/calls/scheduled/{call_id}/cancel", {})


def cancel_twice_is_one_cancel(api, call_id):
    """The first answer has the call, the second nothing; one event."""
    first, second = cancel(api, call_id), cancel(api, call_id)
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (second.status_code, second.content) == (204, b"")
    assert CallEvent.objects.filter(call=call_id, new="cancelled").count() == 1


class TestWhatCanBeCancelled:
    def test_a_scheduled_call_is_cancelled_once_and_never_rings(self, api, clock):
        call = make_call("scheduled", menu=make_menu(agents=[make_agent(auto_answer=True)]))

        cancel_twice_is_one_cancel(api, call.pk)
        clock.jump(7_200)
        clock.tick()

        call.refresh_from_db()
        assert call.status == "cancelled"
        assert call.ends_at is not None

    def test_a_call_that_waits_is_cancelled_and_its_offer_withdrawn(self, api, clock):
        agent = make_agent()
        call_id = post_inbound(api, make_menu(agents=[agent]))
        clock.tick()
        assert Offer.objects.get(call=call_id).status == "open"

        cancel_twice_is_one_cancel(api, call_id)

        assert Offer.objects.get(call=call_id).status == "withdrawn"
        assert not agent.engagements.filter(ended_at=None).exists()
        assert not Call.objects.get(pk=call_id).participants.exclude(status="finished").exists()


class TestWhatCannot:
    def test_a_call_that_an_agent_has(self, api, clock):
        call = begin_talk(api, clock, make_menu(agents=[make_agent(auto_answer=True)]))

        refused = cancel(api, call.pk)

        assert (refused.status_code, refused.json()) == (400, {"message": "Call can't be cancelled"})
        assert Call.objects.get(pk=call.pk).status == "connected"

    def test_a_caller_who_waits_on_the_line(self, api, clock):
        call_id = ring(make_menu(menu_type="ivr_menu"))

        assert cancel(api, call_id).status_code == 400
        assert Call.objects.get(pk=call_id).status == "queued"

    @pytest.mark.parametrize("status", ["finished", "failed", "deflected", "voicemail_received", "connecting"])
    def test_a_call_that_is_over_or_being_dialled(self, api, status):
        call = make_call(status)

        assert cancel(api, call.pk).json() == {"message": "Call can't be cancelled"}

    def test_a_call_nobody_knows(self, api):
        refused = cancel(api, 9999)

        assert (refused.status_code, refused.json()) == (404, {"message": "Call 9999 is not found"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(5))
def test_of_a_cancel_and_the_clock_one_wins_and_the_other_is_told(api, _again):
    call = make_call("scheduled", scheduled_at=now() - timedelta(seconds=1))

    response, _ticked = all_at_once(lambda: cancel(api, call.pk), lambda: dispatch.queue_due(now()))

    events = list(CallEvent.objects.filter(call=call).order_by("pk").values_list("old", "new"))
    assert response.status_code == 200
    assert events in ([("scheduled", "cancelled")], [("scheduled", "queued"), ("queued", "cancelled")])
    assert Call.objects.get(pk=call.pk).status == "cancelled"
