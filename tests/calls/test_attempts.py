"""A call that goes back to its queue is dialled again: nothing of the first attempt touches the second."""

from datetime import timedelta

import pytest

from agents import availability
from agents.models import Agent
from calls import asking, dispatch, settling
from calls.models import Call, SandboxCall, VoipOrder
from calls.services import accept_offer, talk
from calls.voip.base import VoipState
from ccai.times import now
from tests import fakes
from tests.calls.callers import deflect, heard, make_ivr, ring
from tests.calls.talking import PATIENT, engaged, line, offer_to, post_inbound, report, stays
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


def use(settings, name):
    """The calls' provider is of a kind that tests/fakes.py describes, from now on."""
    settings.CCAI_VOIP_ADAPTERS = {**settings.CCAI_VOIP_ADAPTERS, "sandbox": f"tests.fakes.{name}"}
    fakes.HardOfHearingProvider.requests, fakes.HardOfHearingProvider.deaf_to = [], 0
    return getattr(fakes, name)


def set_status(agent, status):
    availability.set_status(Agent.objects.get(pk=agent.pk), status)


@pytest.fixture
def ana():
    return make_agent("ana@example.com")


@pytest.fixture
def ben():
    return make_agent("ben@example.com", status="unavailable")


@pytest.fixture
def menu(ana, ben):
    return make_menu(agents=[ana, ben])


@pytest.fixture
def call(api, clock, ana, menu):
    """A call that Ana has taken, and nobody has dialled."""
    call_id = post_inbound(api, menu)
    clock.tick()
    accept_offer(offer_to(ana))
    return Call.objects.get(pk=call_id)


def give_back(call, ana):
    set_status(ana, "break")
    talk.give_back(call, cause="given_back")


def pass_on(call, clock, ana, ben):
    """Ana gives the call back, and Ben takes it."""
    give_back(call, ana)
    set_status(ben, "available")
    clock.tick()
    accept_offer(offer_to(ben))
    call.refresh_from_db()


class TestALateReport:
    @pytest.fixture
    def first_at(self, call, clock, ana, ben):
        """When the end user's phone rang for Ana; the call is Ben's by now, whose line rings."""
        clock.tick()
        first_at = now()
        clock.jump(5)
        pass_on(call, clock, ana, ben)
        asking.carry_out_orders(now())
        dispatch.place(now())
        call.refresh_from_db()
        assert call.status == "connecting"
        return first_at

    @pytest.mark.parametrize(
        ("kind", "details"),
        [
            ("agent_answered", {}),
            ("connected", {}),
            ("agent_left", {"fail_reason": "ag_ignored"}),
            ("failed", {"fail_reason": "eu_busy"}),
            ("ended", {"ended_by": "system"}),
        ],
    )
    def test_does_not_touch_the_next_agent_whose_line_rings(self, call, first_at, ben, kind, details):
        assert report(call, kind, at=first_at + timedelta(seconds=1), **details) is False
        call.refresh_from_db()
        assert (call.status, call.agent) == ("connecting", ben)
        assert [stay.status for stay in stays(call, agent=ben)] == ["waiting"]

    def test_of_the_end_does_not_end_the_next_agents_talk(self, call, first_at, clock):
        clock.pass_by(2)
        call.refresh_from_db()
        assert call.status == "connected"
        # Later than Ben took the call: it is what hanging up the first attempt brought about.
        late = Call.objects.get().assigned_at + timedelta(milliseconds=1)
        assert report(call, "ended", at=late, ended_by="system") is False
        assert report(call, "agent_left", at=first_at) is False
        call.refresh_from_db()
        assert (call.status, len(engaged())) == ("connected", 1)

    def test_of_the_present_attempt_counts(self, call, first_at, clock):
        clock.pass_by(2)
        assert report(call, "ended", ended_by="end_user")
        call.refresh_from_db()
        assert call.status == "finished"


class TestARequestInFlight:
    """The call goes back to its queue while the provider is still being asked for the agent's line."""

    @pytest.fixture
    def provider(self, settings):
        return use(settings, "SlowProvider")

    def test_leaves_no_line_that_nobody_waits_for(self, call, clock, provider, ana):
        def meanwhile():
            give_back(call, ana)
            asking.carry_out_orders(now())

        provider.meanwhile = meanwhile
        clock.tick()
        assert line(call).step == "over"
        call.refresh_from_db()
        assert (call.status, call.voip_ref) == ("queued", "")

    def test_that_gets_no_answer_leaves_none_either(self, call, clock, provider, ana):
        def meanwhile():
            give_back(call, ana)
            asking.carry_out_orders(now())

        provider.meanwhile, provider.says_nothing = meanwhile, True
        clock.tick()
        assert line(call).step == "over"

    def test_lets_its_own_line_go_where_the_next_agents_rings_already(self, call, clock, provider, ana, ben):
        first = stays(call, agent=ana)[0]

        def meanwhile():
            pass_on(call, clock, ana, ben)
            asking.carry_out_orders(now())
            dispatch.place(now())

        provider.meanwhile = meanwhile
        dispatch.place(now())
        kinds = VoipOrder.objects.filter(call=call, next_at__isnull=False).values_list("kind", "leg")
        assert list(kinds) == [("drop_agent", first.pk)]
        call.refresh_from_db()
        assert (call.status, call.agent) == ("connecting", ben)

    def test_that_is_refused_then_does_not_fail_the_next_attempt(self, call, clock, provider, ana, ben):
        def meanwhile():
            pass_on(call, clock, ana, ben)
            asking.carry_out_orders(now())
            dispatch.place(now())

        provider.meanwhile, provider.says_no = meanwhile, True
        dispatch.place(now())
        call.refresh_from_db()
        assert (call.status, call.agent) == ("connecting", ben)

    def test_for_an_agent_of_a_caller_on_the_phone_leaves_the_callers_line(self, clock, provider, ana, ben):
        call_id = ring(make_ivr("Sales", agents=[ana, ben]), number=PATIENT.replace(" ", "").replace("-", ""))
        clock.tick()
        accept_offer(offer_to(ana))
        call = Call.objects.get(pk=call_id)
        leg = stays(call, agent=ana)[0].pk

        def meanwhile():
            give_back(call, ana)
            asking.carry_out_orders(now())

        provider.meanwhile = meanwhile
        dispatch.place(now())
        asking.carry_out_orders(now())
        assert (line(call).leg, line(call).step) == (0, "caller_waits")
        dropped = VoipOrder.objects.filter(call=call, kind="drop_agent", leg=leg)
        assert dropped.count() == 2
        assert not dropped.filter(next_at__isnull=False).exists()

    def test_a_line_that_answers_where_the_call_is_not_any_more_is_ended_there(self, call, clock, ana):
        clock.tick()
        give_back(call, ana)
        clock.tick()
        SandboxCall.objects.filter(call_ref=call.pk).update(step="waiting")
        for _twice in range(2):
            assert report(call, "agent_answered", provider="sandbox") is False
        assert VoipOrder.objects.filter(call=call, kind="hang_up", next_at__isnull=False).count() == 1
        clock.tick()
        assert line(call).step == "over"


class TestLinesThatAreToEnd:
    @pytest.fixture
    def provider(self, settings):
        return use(settings, "HardOfHearingProvider")

    def test_come_down_before_the_next_agents_ring(self, call, clock, provider, ana, ben):
        clock.tick()
        provider.deaf_to = 1
        give_back(call, ana)
        clock.tick()
        clock.jump(1)
        set_status(ben, "available")
        clock.tick()
        accept_offer(offer_to(ben))
        clock.pass_by(3)
        call.refresh_from_db()
        assert call.status == "assigned"
        clock.pass_by(2)
        assert [request[0] for request in provider.requests if request[0] == "hang_up"] == ["hang_up"] * 2
        assert stays(call, agent=ben)[0].dialled_at is not None
        assert line(call).step != "over"

    def test_are_no_reason_to_wait_for_the_others(self, api, call, clock, provider, ana, ben):
        clock.tick()
        provider.deaf_to = 1
        give_back(call, ana)
        clock.tick()
        for _more in range(dispatch.REQUESTS):
            VoipOrder.objects.create(call=call, provider="sandbox", kind="hang_up", next_at=now() + timedelta(hours=1))
        make_agent("cem@example.com")
        body = {"call_type": "OutboundCall", "agent_email": "cem@example.com", "end_user_number": PATIENT}
        other = Call.objects.get(pk=api.post("/calls", body).json()["id"])
        clock.tick()
        other.refresh_from_db()
        assert other.status == "connecting"

    def test_of_callers_who_are_to_be_called_back_hear_so_before_they_are(self, clock, provider):
        eva = make_agent("eva@example.com", auto_answer=True, status="unavailable")
        menu = make_ivr("Sales", agents=[eva])
        deflect(menu, "over_capacity", "callback", after_seconds=5)
        call_id = ring(menu)
        clock.pass_by(4)
        provider.deaf_to = 1
        clock.pass_by(1)
        set_status(eva, "available")
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert (call.status, heard(call_id)) == ("assigned", ["This is Sales."])
        clock.pass_by(5)
        assert "call you back" in heard(call_id)[-1]
        call.refresh_from_db()
        assert call.status in ("connecting", "connected")

    def test_at_a_provider_that_the_call_has_left_are_ended(self, call, clock, provider):
        clock.tick()
        VoipOrder.objects.create(call=call, provider="sandbox", kind="instruct", next_at=now())
        Call.objects.filter(pk=call.pk).update(voip_provider="sandbox_b")
        clock.tick()
        assert ("hang_up", call.pk) in provider.requests


class TestAskingWhatBecameOfIt:
    """The provider takes its time to say, and the call goes to another agent meanwhile."""

    @pytest.mark.parametrize("state", list(VoipState))
    def test_the_next_attempt_is_not_settled_by_the_answer_about_the_first(
        self, call, clock, settings, ana, ben, state
    ):
        provider = use(settings, "SlowProvider")
        settings.CCAI_SANDBOX_RING_SECONDS = 300
        clock.tick()
        clock.jump(91)

        def meanwhile():
            pass_on(call, clock, ana, ben)
            asking.carry_out_orders(now())
            dispatch.place(now())

        provider.meanwhile, provider.answer = meanwhile, state
        settling.settle_stalled(now())
        call.refresh_from_db()
        assert (call.status, call.agent) == ("connecting", ben)
        assert call.deadline_at > now() + timedelta(seconds=60)

    def test_a_talk_is_not_over_because_the_first_one_is(self, call, clock, settings, ana):
        provider = use(settings, "SlowProvider")
        clock.pass_by(2)
        call.refresh_from_db()
        assert call.status == "connected"
        clock.jump(301)

        def meanwhile():
            Call.objects.filter(pk=call.pk).update(assigned_at=now())

        provider.meanwhile, provider.answer = meanwhile, VoipState.OVER
        settling.settle_stalled(now())
        call.refresh_from_db()
        assert call.status == "connected"


class TestARefusalOfTheEndUsersLine:
    def test_is_reported_though_the_agents_cannot_be_ended_at_once(self, call, clock, settings):
        use(settings, "RefusesAndStaysUp")
        settings.CCAI_VOIP_PROVIDERS = ["sandbox"]
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.fail_reason) == ("failed", "voip_conn_general")
        assert engaged() == set()
        use(settings, "HalfwayProvider")
        clock.pass_by(5)
        assert line(call).step == "over"
