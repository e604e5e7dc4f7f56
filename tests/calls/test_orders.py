"""Orders to providers: written with a decision, carried out after it, and right however late."""

from datetime import timedelta

import pytest
from django.db import transaction

from agents.models import Agent, Engagement
from calls import orders
from calls.models import Call, Hold, Participant, VoipOrder
from ccai.times import now
from tests.calls.callers import deflect, heard, line_is_up, make_ivr, ring, trail
from tests.factories import make_agent, make_call
from tests.fakes import HardOfHearingProvider

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

Kind = VoipOrder.Kind


@pytest.fixture
def provider(settings):
    """A provider that notes what it is asked, and may not hear it."""
    settings.CCAI_VOIP_ADAPTERS = {
        **settings.CCAI_VOIP_ADAPTERS, "sandbox": "tests.fakes.HardOfHearingProvider",
    }  # fmt: skip
    HardOfHearingProvider.requests, HardOfHearingProvider.deaf_to = [], 0
    return HardOfHearingProvider


def asked(provider, verb):
    return [request for request in provider.requests if request[0] == verb]


def give(call, kind, at=None, leg=0):
    orders.give(call, kind, at or now(), leg=leg)
    return VoipOrder.objects.last()


class TestGiving:
    def test_an_order_is_one_with_its_decision(self, clock, provider):
        call = make_call("connected")

        def decide_and_break():
            with transaction.atomic():
                give(call, Kind.HANG_UP)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            decide_and_break()
        clock.tick()
        assert provider.requests == []

    def test_a_call_without_a_provider_has_nobody_to_order(self):
        orders.give(make_call("queued"), Kind.HANG_UP)
        assert not VoipOrder.objects.exists()

    def test_it_is_carried_out_with_the_next_tick_once(self, clock, provider):
        call = make_call("finished", voip_provider="sandbox")
        give(call, Kind.HANG_UP)
        clock.pass_by(3)
        assert provider.requests == [("hang_up", call.pk)]
        assert VoipOrder.objects.get().next_at is None


class TestAskingAgain:
    def test_what_was_not_heard_is_asked_again_after_a_while(self, clock, provider):
        provider.deaf_to = 2
        order = give(make_call("finished", voip_provider="sandbox"), Kind.HANG_UP)
        clock.tick()
        order.refresh_from_db()
        assert (order.attempts, order.next_at, bool(order.error)) == (1, now() + timedelta(seconds=5), True)
        clock.pass_by(4)
        assert len(provider.requests) == 1
        clock.pass_by(1)
        assert len(provider.requests) == 2
        clock.pass_by(15)
        assert len(provider.requests) == 3
        order.refresh_from_db()
        assert (order.next_at, order.error) == (None, "")

    def test_a_provider_that_never_hears_is_asked_five_times(self, clock, provider):
        provider.deaf_to = 100
        order = give(make_call("finished", voip_provider="sandbox"), Kind.HANG_UP)
        for _try in range(10):
            clock.tick()
            clock.jump(301)
        order.refresh_from_db()
        assert (len(provider.requests), order.attempts, order.next_at) == (5, 5, None)

    def test_a_worker_that_died_between_claim_and_request_leaves_it_to_be_asked_again(self, clock, provider):
        order = give(make_call("finished", voip_provider="sandbox"), Kind.HANG_UP)

        def die(_order):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            orders.carry_out(now(), die)
        clock.jump(orders.LEASE.total_seconds() - 1)
        clock.tick()
        assert provider.requests == []
        clock.pass_by(1)
        assert len(provider.requests) == 1
        assert VoipOrder.objects.get(pk=order.pk).next_at is None

    def test_a_phone_that_a_worker_rang_before_it_died_is_not_rung_again(self, clock, provider):
        order = give(make_call("voicemail", voip_provider="sandbox"), Kind.REACH)

        def ring_and_die(_order):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            orders.carry_out(now(), ring_and_die)
        clock.jump(orders.LEASE.total_seconds())
        clock.tick()
        order.refresh_from_db()
        assert (provider.requests, order.next_at, order.error) == ([], None, "left behind")

    @pytest.mark.parametrize("kind", [Kind.REACH, Kind.ADD_AGENT])
    def test_what_rings_a_phone_is_asked_for_once(self, clock, provider, kind):
        provider.deaf_to = 1
        call = make_call("voicemail" if kind == Kind.REACH else "connected", voip_provider="sandbox")
        stay = Participant.objects.create(call=call, type="agent", agent=make_agent())
        give(call, kind, leg=stay.pk)
        clock.tick()
        clock.jump(20)
        clock.pass_by(20)
        assert [request[0] for request in provider.requests] == [kind]

    def test_one_that_breaks_keeps_no_other_from_being_carried_out(self, clock, provider):
        provider.deaf_to = 1
        first, second = (make_call("finished", voip_provider="sandbox") for _ in range(2))
        give(first, Kind.HANG_UP)
        give(second, Kind.HANG_UP)
        clock.tick()
        assert provider.requests == [("hang_up", first.pk), ("hang_up", second.pk)]
        assert VoipOrder.objects.get(call=second).next_at is None

    def test_a_provider_that_is_not_there_any_more_has_nothing_to_do(self, clock):
        call = make_call("finished", voip_provider="taken_out")
        order = give(call, Kind.HANG_UP)
        clock.tick()
        order.refresh_from_db()
        assert (order.next_at, order.error) == (None, "")


class TestOneAfterTheOther:
    """Two workers, one of which is kept waiting by a provider while the other goes on."""

    def test_a_slow_request_makes_nobody_ask_for_the_others_twice(self, clock):
        for _call in range(orders.REQUESTS):
            give(make_call("finished", voip_provider="sandbox"), Kind.HANG_UP)
        asked_for = []

        def other_worker(order):
            asked_for.append(order.pk)

        def slow(order):
            asked_for.append(order.pk)
            if len(asked_for) == 1:
                clock.jump(30)
                orders.carry_out(now(), other_worker)

        orders.carry_out(now(), slow)
        assert sorted(asked_for) == list(VoipOrder.objects.order_by("pk").values_list("pk", flat=True))
        assert set(VoipOrder.objects.values_list("attempts", "next_at")) == {(1, None)}

    def test_what_comes_later_waits_for_what_is_being_asked_for(self, clock):
        call = make_call("connected", deadline_at=now() + timedelta(hours=1))
        first, second = give(call, Kind.HOLD), give(call, Kind.RESUME)
        other = give(make_call("finished", voip_provider="sandbox"), Kind.HANG_UP)
        elsewhere = VoipOrder.objects.create(call=call, provider="sandbox_b", kind="hang_up", next_at=now())
        meanwhile = []

        def slow(order):
            if order == first:
                orders.carry_out(now(), meanwhile.append)

        orders.carry_out(now(), slow)
        assert meanwhile == [other, elsewhere]
        second.refresh_from_db()
        assert (second.attempts, second.next_at) == (1, None)

    def test_what_comes_later_does_not_wait_for_what_was_refused(self, clock, provider):
        provider.deaf_to = 1
        call = make_call("connected", deadline_at=now() + timedelta(hours=1))
        give(call, Kind.HOLD)
        give(call, Kind.DROP_AGENT, leg=5)
        give(call, Kind.HANG_UP)
        clock.tick()
        assert provider.requests == [("resume", call.pk), ("drop_agent", 5), ("hang_up", call.pk)]
        assert VoipOrder.objects.filter(next_at__isnull=False).get().kind == "hold"

    def test_what_comes_after_a_hanging_up_waits_until_that_is_heard(self, clock, provider):
        provider.deaf_to = 1
        call = make_call("voicemail", voip_provider="sandbox", deadline_at=now() + timedelta(hours=1))
        give(call, Kind.HANG_UP)
        give(call, Kind.REACH)
        clock.tick()
        assert provider.requests == [("hang_up", call.pk)]
        clock.pass_by(5)
        assert provider.requests[1:] == [("hang_up", call.pk), ("reach", call.pk)]


class TestComingLate:
    def test_a_line_is_told_what_holds_now(self, clock, provider):
        root = make_ivr("Welcome")
        make_ivr("Sales", parent=root, agents=[])
        provider.deaf_to = 1
        call_id = ring(root)
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert heard(call_id) == []
        clock.pass_by(5)
        assert heard(call_id) == ["This is Welcome."]
        assert call.status == "selecting"

    def test_a_talk_is_not_disturbed_by_what_the_queue_had_to_say(self, clock, provider, settings):
        settings.CCAI_SANDBOX_TALK_SECONDS = 60
        provider.deaf_to = 1
        menu = make_ivr("Sales", agents=[make_agent(auto_answer=True)])
        call_id = ring(menu)
        clock.pass_by(8)
        assert Call.objects.get(pk=call_id).status == "connected"
        assert len(asked(provider, "instruct")) <= 1
        assert heard(call_id) == []

    @pytest.mark.parametrize(("is_held", "verb"), [(True, "hold"), (False, "resume")])
    @pytest.mark.parametrize("kind", [Kind.HOLD, Kind.RESUME])
    def test_hold_and_resume_say_what_holds_now(self, clock, provider, kind, is_held, verb):
        call = make_call("connected", deadline_at=now() + timedelta(hours=1))
        if is_held:
            Hold.objects.create(call=call, agent=call.agent)
        give(call, kind)
        clock.tick()
        assert provider.requests == [(verb, call.pk)]

    def test_nobody_is_held_whose_call_is_over(self, clock, provider):
        give(make_call("finished", voip_provider="sandbox"), Kind.HOLD)
        clock.tick()
        assert provider.requests == []

    def test_a_hanging_up_of_earlier_lines_spares_those_of_the_next_agent(self, clock, provider):
        begun = now()
        call = make_call("connected", assigned_at=begun + timedelta(seconds=3), deadline_at=begun + timedelta(hours=1))
        give(call, Kind.HANG_UP, begun)
        clock.tick()
        assert provider.requests == []

    @pytest.mark.parametrize("status", ["connected", "finished"])
    def test_an_agent_who_is_on_or_gone_is_not_rung(self, clock, provider, status):
        call = make_call("connected", deadline_at=now() + timedelta(hours=1))
        stay = Participant.objects.create(
            call=call, type="agent", agent=make_agent(), status=status, ended_at=now() if status == "finished" else None
        )
        give(call, Kind.ADD_AGENT, leg=stay.pk)
        clock.tick()
        assert provider.requests == []

    def test_who_is_to_be_reached_for_a_call_that_is_over_is_not(self, clock, provider):
        give(make_call("failed", voip_provider="sandbox"), Kind.REACH)
        clock.tick()
        assert provider.requests == []


class TestWhichAgentRings:
    def test_the_line_of_the_one_who_waits(self, clock, provider):
        agent = make_agent(auto_answer=True, sip_address="sip:ana@example.com")
        call_id = ring(make_ivr("Sales", agents=[agent]))
        clock.pass_by(2)
        stay = Participant.objects.get(call=call_id, type="agent")
        assert asked(provider, "add_agent") == [("add_agent", stay.pk)]
        assert stay.dialled_at is not None

    def test_a_provider_that_can_ring_no_agent_fails_the_call_and_ends_the_callers_line(self, clock, settings):
        settings.CCAI_VOIP_ADAPTERS = {**settings.CCAI_VOIP_ADAPTERS, "sandbox": "tests.fakes.CannotAddAgents"}
        agent = make_agent(auto_answer=True)
        call_id = ring(make_ivr("Sales", agents=[agent]))
        clock.pass_by(3)
        call = Call.objects.get(pk=call_id)
        assert trail(call_id) == ["selecting", "queued", "assigned", "connecting", "failed"]
        assert call.fail_reason == "voip_conn_general"
        assert not line_is_up(call_id)
        assert Agent.objects.get(pk=agent.pk).status == "available"
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_a_caller_handed_over_by_voicemail_or_message_rings_no_agent(self, clock, provider):
        menu = make_ivr("Sales", agents=[make_agent(auto_answer=True)])
        deflect(menu, "redirection", "voicemail")
        ring(menu)
        clock.pass_by(4)
        assert asked(provider, "add_agent") == []
