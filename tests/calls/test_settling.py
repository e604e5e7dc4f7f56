"""Nothing sticks: providers that cannot say, workers that died between two steps, agents who vanished."""

import pytest

from agents.models import Agent
from calls.models import Call, Participant, VoipOrder
from calls.services import accept_offer, transfer
from ccai.times import now
from tests.calls.talking import (
    begin_outbound_talk,
    begin_talk,
    engaged,
    line,
    offer_to,
    post_inbound,
    stays,
    trail,
)
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


def use_provider(settings, name):
    """The calls' provider is of a kind that tests/fakes.py describes, from now on; "" is the sandbox itself."""
    settings.CCAI_VOIP_PROVIDERS = ["sandbox"]
    adapter = f"tests.fakes.{name}" if name else "calls.voip.sandbox.SandboxProvider"
    settings.CCAI_VOIP_ADAPTERS = {"sandbox": adapter}


@pytest.fixture
def ana():
    return make_agent("ana@example.com", auto_answer=True)


@pytest.fixture
def menu(ana):
    return make_menu(agents=[ana])


class TestASilentProvider:
    def test_a_talk_nobody_can_tell_of_is_over_after_ten_minutes(self, api, clock, menu, settings):
        call = begin_talk(api, clock, menu)
        use_provider(settings, "MuteProvider")
        clock.jump(300)
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.unheard_since) == ("connected", now())
        clock.jump(599)
        clock.tick()
        assert trail(call)[-1] == "connected"
        clock.jump(31)
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.fail_reason, call.disconnected_by) == ("finished", "voip_conn_timeout", "system")
        assert call.fail_details == "sandbox: sandbox"
        assert engaged() == set()

    def test_one_that_speaks_again_in_time_is_believed(self, api, clock, menu, settings):
        call = begin_talk(api, clock, menu)
        use_provider(settings, "MuteProvider")
        clock.jump(300)
        clock.tick()
        use_provider(settings, "")
        clock.jump(500)
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.unheard_since) == ("connected", None)
        use_provider(settings, "MuteProvider")
        clock.jump(300)
        clock.tick()
        clock.jump(590)
        clock.tick()
        assert trail(call)[-1] == "connected"

    def test_one_that_cannot_hang_up_does_not_keep_the_agent(self, api, clock, menu, settings):
        use_provider(settings, "UnstoppableProvider")
        call = Call.objects.get(pk=post_inbound(api, menu))
        clock.tick()
        line_of_it = line(call)
        line_of_it.step, line_of_it.next_at = "end_user_reacts", None
        line_of_it.save()
        clock.jump(91)
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.fail_reason) == ("failed", "voip_conn_timeout")
        assert engaged() == set()
        assert VoipOrder.objects.filter(call=call, kind="hang_up", next_at__isnull=False).exists()
        use_provider(settings, "")
        clock.pass_by(5)
        assert line(call).step == "over"


class TestAWorkerThatDied:
    def test_before_it_asked_for_the_agents_line_leaves_the_caller_in_the_queue(self, api, clock, menu, ana):
        ben = make_agent("ben@example.com")
        call = begin_talk(api, clock, menu)
        clock.pass_by(10)
        transfer(call, ana, to_agent=ben)
        accept_offer(offer_to(ben))
        # As if the claim had been made, and the request had not.
        Agent.objects.filter(pk=ana.pk).update(auto_answer=False, status="break")
        stay = stays(call, agent=ben)[0]
        Call.objects.filter(pk=call.pk).update(status="connecting", deadline_at=now())
        Participant.objects.filter(pk=stay.pk).update(dialled_at=now())
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.agent) == ("queued", None)
        stay.refresh_from_db()
        assert (stay.status, stay.fail_reason) == ("finished", "stuck_due_to_api_error")
        assert [one.status for one in stays(call, type="end_user")] == ["connected"]
        assert engaged() == set()
        assert Agent.objects.get(pk=ben.pk).status == "available"

    def test_before_it_dialled_a_call_handed_on_without_a_queue_ends_it(self, api, clock):
        eva, ben = make_agent("eva@example.com"), make_agent("ben@example.com")
        call = begin_outbound_talk(api, clock, eva)
        transfer(call, eva, to_agent=ben)
        accept_offer(offer_to(ben))
        clock.jump(61)
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.fail_reason) == ("failed", "stuck_due_to_api_error")
        assert line(call).step == "over"
        assert engaged() == set()

    def test_before_it_dialled_a_call_handed_on_leaves_the_end_user_in_the_queue(self, api, clock, menu, ana):
        ben = make_agent("ben@example.com")
        call = begin_talk(api, clock, menu)
        transfer(call, ana, to_agent=ben)
        Agent.objects.filter(pk=ana.pk).update(status="break")
        accept_offer(offer_to(ben))
        clock.jump(61)
        clock.tick()
        assert trail(call)[-2:] == ["assigned", "queued"]
        assert engaged() == set()


class TestAnAgentWhoVanished:
    @pytest.mark.parametrize("how", ["unresponsive", "deactivated"])
    def test_before_anybody_was_dialled_gives_the_call_back(self, api, clock, how):
        ben = make_agent("ben@example.com")
        call = Call.objects.get(pk=post_inbound(api, make_menu(agents=[ben])))
        clock.tick()
        accept_offer(offer_to(ben))
        if how == "unresponsive":
            Agent.objects.filter(pk=ben.pk).update(status="unresponsive")
        else:
            ben.user.is_active = False
            ben.user.save()
        clock.tick()
        assert trail(call) == ["queued", "assigned", "queued"]
        call.refresh_from_db()
        assert (call.agent, call.events.last().cause) == (None, "agent_vanished")
        assert engaged() == set()
