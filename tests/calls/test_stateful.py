"""Random people and random providers: what must always be true is true after each step.

In CI the steps are always the same ones; elsewhere they are new ones each time. A failure prints the steps that lead
to it. STATEFUL_EXAMPLES asks for more stories than the eight told by default.
"""

import logging
import os
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as budget_of
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agents import availability
from agents.models import Agent, Engagement, OutboundNumber
from calls import dispatch, services
from calls.lifecycle import BIRTHS, TRANSITIONS, seconds_between
from calls.models import (
    Call,
    CallEvent,
    DialPrompt,
    FailReason,
    Hold,
    Offer,
    Participant,
    SandboxCall,
    Status,
    Transfer,
    VoipOrder,
)
from calls.models.call import OVER
from calls.services.voicemail import mark_voicemail_read
from calls.voip.base import VoipEvent, VoipEventKind
from ccai.errors import Refused
from ccai.times import now
from menus.models import AgentGroup
from tests.calls.callers import close, deflect, make_ivr, ring
from tests.factories import make_agent, make_center, make_menu

pytestmark = pytest.mark.django_db

SANDBOX = "calls.voip.sandbox.SandboxProvider"
FAULTS = (
    "SilentProvider",
    "DeafProvider",
    "RefusingProvider",
    "MuteProvider",
    "HalfwayProvider",
    "UnstoppableProvider",
)
# Some disappoint, one stays on the line, some of the rest are the same person.
PATIENT = "+12025555007"
NUMBERS = ("+12025555001", "+12025555004", "+12025555005", PATIENT, PATIENT, "+12025550123")
NUMBER_SHOWN, OTHER_NUMBER = "+13392195276", "+17608675309"
AGENTS_REASONS = ("ag_ignored", "ag_canceled", "ag_mic_denied")

LIVE = [status for status in Status.values if status not in OVER]
# Where one agent has the call, or two while it is handed on.
WITH_AGENT = ("assigned", "connecting", "switching", "connected")

numbers = st.sampled_from(NUMBERS)
places = st.integers(0, 7)


class Complaints(logging.Handler):
    """Keeps what a step of the clock, or the sandbox, has caught and logged as an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class LiveCalls(RuleBasedStateMachine):
    """A small center. `mover` and `django` are the fixtures of the test that runs the machine."""

    mover = None
    django = None
    start = None

    @initialize()
    def open_the_center(self):
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.complaints = Complaints()
        for name in ("calls.dispatch", "calls.voip.sandbox"):
            logging.getLogger(name).addHandler(self.complaints)
        self.mover.move_to(self.start, tick=False)
        self.carry(SANDBOX)
        make_center()
        # With two numbers and no default, a request that names neither becomes a dial prompt.
        OutboundNumber.objects.update(is_default=False)
        OutboundNumber.objects.create(number=OTHER_NUMBER)
        self.agents = [make_agent(auto_answer=number == 3) for number in range(4)]
        sales = make_ivr("Sales", agents=self.agents[:1])
        AgentGroup.objects.create(menu=sales, name="Group 2", position=1).agents.set(self.agents[1:])
        root = make_ivr("Root")
        sales.parent = root
        sales.save()
        shut = make_ivr("Shut", parent=root, position=1)
        close(shut)
        deflect(shut, "after_hours", "voicemail", message="Leave a message.")
        full = make_ivr("Full", parent=root, position=2, agents=self.agents[:2], offer_type="deltacast")
        deflect(full, "over_capacity", "callback", after_seconds=20)
        self.root = root
        self.ivr = [sales, full]
        self.mobile = [
            make_menu("Billing", agents=self.agents[1:], offer_type="multicast"),
            make_menu("Orders", agents=self.agents[:3]),
        ]
        self.somebody_talks(0, through_a_queue=False)
        self.somebody_talks(1, through_a_queue=True)

    def carry(self, adapter):
        """The first provider is of this kind."""
        self.django.CCAI_VOIP_ADAPTERS = {"sandbox": adapter, "sandbox_backup": SANDBOX}

    def some_call(self, place, *statuses):
        """One of the calls, if there is any; one that has one of `statuses`."""
        calls = list(Call.objects.filter(status__in=statuses or Status.values).order_by("-pk")[:8])
        return calls[place % len(calls)] if calls else None

    def attempt(self, verb, *args, **kwargs):
        """Somebody tries something, and may be told that it cannot be."""
        with suppress(Refused):
            verb(*args, **kwargs)

    def ask_for(self, body):
        """A program asks for a call, and may be told that there is none to be had."""
        self.attempt(lambda: services.prepare_call(body).write())

    # Calls come.

    @rule(number=numbers, menu=st.integers(0, 3))
    def a_program_asks_for_a_call_to_a_menu(self, number, menu):
        menu = (self.mobile + self.ivr)[menu]
        self.ask_for({"call_type": "IncomingCall", "menu_id": menu.pk, "end_user_number": number})

    @rule(number=numbers, menu=st.integers(0, 1), seconds=st.sampled_from((1, 30)))
    def a_program_schedules_a_call(self, number, menu, seconds):
        due = (now() + timedelta(seconds=seconds)).isoformat()
        menu_id = self.mobile[menu].pk
        self.ask_for({"call_type": "ScheduledCall", "menu_id": menu_id, "end_user_number": number, "scheduled_at": due})

    @rule(number=numbers, place=places, shown=st.sampled_from((None, NUMBER_SHOWN)))
    def a_program_asks_an_agent_to_call(self, number, place, shown):
        email = self.agents[place % 4].user.email
        self.ask_for(
            {"call_type": "OutboundCall", "agent_email": email, "end_user_number": number, "outbound_number": shown}
        )

    @rule(number=numbers, keys=st.sampled_from(("", "1", "2", "3", "9", "1*")), patience=st.sampled_from((None, 3, 40)))
    def a_caller_rings(self, number, keys, patience):
        ring(self.root, keys, number=number, patience=patience)

    @rule(place=places, number=numbers)
    def an_agent_dials(self, place, number):
        self.attempt(services.dial, self.agents[place % 4], end_user_number=number, outbound_number=NUMBER_SHOWN)

    @rule(place=places, through_a_queue=st.booleans())
    def somebody_talks(self, place, through_a_queue):
        """The shortest way to what most rules are about."""
        agent = self.agents[place % 3]
        availability.set_status(agent, "available")
        if through_a_queue:
            self.ask_for({"call_type": "IncomingCall", "menu_id": self.mobile[1].pk, "end_user_number": PATIENT})
            dispatch.tick(rounds=20)
            offer = Offer.objects.filter(status="open", agent=agent, transfer=None).first()
            if offer:
                self.attempt(services.accept_offer, offer)
        else:
            self.attempt(services.dial, agent, end_user_number=PATIENT, outbound_number=NUMBER_SHOWN)
        self.time_passes(2)

    @precondition(lambda self: DialPrompt.objects.filter(status="open").exists())
    @rule(is_used=st.booleans())
    def an_agent_answers_a_prompt(self, is_used):
        prompt = DialPrompt.objects.filter(status="open").first()
        if is_used:
            self.attempt(services.use_dial_prompt, prompt, outbound_number=OTHER_NUMBER)
        else:
            self.attempt(services.drop_dial_prompt, prompt)

    @rule(place=places, other=places)
    def an_agent_calls_back(self, place, other):
        call = self.some_call(place, "failed", "voicemail_received", "voicemail_read", "deflected")
        if call:
            self.attempt(services.call_back, call, self.agents[other % 4], outbound_number=NUMBER_SHOWN)

    # Agents do what agents do.

    @rule(place=places, status=st.sampled_from(("available", "available", "available", "break", "unresponsive")))
    def an_agent_changes_status(self, place, status):
        availability.set_status(self.agents[place % 4], status)

    @precondition(lambda self: Offer.objects.filter(status="open").exists())
    @rule(place=places, verb=st.sampled_from(("accept_offer", "accept_offer", "decline_offer")))
    def an_agent_answers_an_offer(self, place, verb):
        # Those of a transfer first: they are rare.
        offers = list(Offer.objects.filter(status="open").order_by("-alone", "pk"))
        self.attempt(getattr(services, verb), offers[place % len(offers)])
        if place % 2:
            self.time_passes(1)

    @precondition(lambda self: Participant.objects.filter(type="agent", ended_at=None).exists())
    @rule(
        verb=st.sampled_from(
            ("hold", "resume", "hang_up", "complete_transfer", "cancel_transfer", "hold", "complete_transfer")
        ),
        place=places,
        other=places,
    )
    def an_agent_acts_on_a_call(self, verb, place, other):
        stays = list(Participant.objects.filter(type="agent", ended_at=None).order_by("pk"))
        stay = stays[place % len(stays)]
        agent = self.agents[other % 4] if other > 5 else stay.agent
        self.attempt(getattr(services, verb), stay.call, agent)

    @rule(place=places)
    def an_agent_gives_a_call_back(self, place):
        call = self.some_call(place, "assigned", "connecting", "connected")
        if call:
            self.attempt(services.give_back, call, cause="given_back")

    def a_conversation(self, place):
        """A call on which somebody talks: one that there is, or a new one if an agent is free for it."""
        call = self.some_call(place, "connected")
        if call is None:
            self.somebody_talks(place, through_a_queue=place % 2 == 1)
        return call or self.some_call(place, "connected")

    def hand_on(self, call, other, kind, *, is_taken):
        """The call's agent hands it on to another, who may have become available for that, and may take it at once."""
        to_agent = Agent.objects.get(pk=self.agents[other % 4].pk)
        if is_taken:
            availability.set_status(to_agent, "available")
        self.attempt(services.transfer, call, call.agent, to_agent=to_agent, kind=kind)
        offer = Offer.objects.filter(status="open", transfer__call=call).first()
        if offer and is_taken:
            self.attempt(services.accept_offer, offer)
            self.time_passes(1)

    @rule(place=places, other=places, is_taken=st.booleans())
    def a_call_is_handed_on_cold(self, place, other, is_taken):
        call = self.a_conversation(place)
        if call:
            self.hand_on(call, other, "cold", is_taken=is_taken)

    @rule(
        place=places,
        other=places,
        is_taken=st.booleans(),
        then=st.sampled_from((None, "complete_transfer", "hang_up", "cancel_transfer", "resume")),
    )
    def a_call_is_handed_on_warm(self, place, other, is_taken, then):
        call = self.a_conversation(place)
        if call:
            self.hand_on(call, other, "warm", is_taken=is_taken)
        if call and then:
            self.attempt(getattr(services, then), call, call.agent)

    @rule(place=places, other=places)
    def a_call_is_handed_on_to_a_menu(self, place, other):
        call = self.a_conversation(place)
        menus = self.mobile + self.ivr
        if call:
            self.attempt(services.transfer, call, call.agent, to_menu=menus[other % len(menus)])

    @rule(place=places)
    def a_voicemail_is_opened(self, place):
        call = self.some_call(place, "voicemail_received")
        if call:
            mark_voicemail_read(call, self.agents[0])

    # End users and providers do what they do.

    @rule(place=places)
    def the_end_user_hangs_up(self, place):
        call = self.some_call(place, *LIVE)
        if call and SandboxCall.objects.filter(call_ref=call.pk).exclude(step="over").exists():
            SandboxCall.objects.filter(call_ref=call.pk).update(step="over", next_at=None, leg=0)
            self.report(call, VoipEventKind.ENDED, ended_by="end_user")

    @rule(place=places, key=st.sampled_from("1239*"))
    def the_caller_presses_a_key(self, place, key):
        call = self.some_call(place, "selecting", "queued")
        if call:
            self.report(call, VoipEventKind.KEY_PRESSED, key=key)

    @rule(place=places, other=places, reason=st.sampled_from(AGENTS_REASONS))
    def an_agents_line_is_gone(self, place, other, reason):
        stays = list(Participant.objects.filter(type="agent", ended_at=None).order_by("pk"))
        if stays:
            stay = stays[place % len(stays)]
            kind = VoipEventKind.AGENT_LEFT if other % 2 else VoipEventKind.FAILED
            self.report(stay.call, kind, leg=stay.pk if other % 3 else 0, fail_reason=reason)

    @rule(
        place=places,
        kind=st.sampled_from([kind for kind in VoipEventKind if kind != VoipEventKind.RECORDED]),
        ago=st.sampled_from((0, 0, 5, 60)),
        leg=places,
        reason=st.sampled_from(("", "eu_busy", "voip_conn_general", *AGENTS_REASONS)),
        permanent=st.booleans(),
    )
    def a_provider_talks_nonsense(self, place, kind, ago, leg, reason, permanent):
        call = self.some_call(place)
        if call:
            legs = [0, *Participant.objects.filter(call=call).values_list("pk", flat=True)]
            at = now() - timedelta(seconds=ago)
            self.report(call, kind, leg=legs[leg % len(legs)], fail_reason=reason, permanent=permanent, key="1", at=at)

    def report(self, call, kind, at=None, **details):
        event = VoipEvent(kind, call.pk, call.voip_provider or "sandbox", at or now(), **details)
        services.apply_voip_event(event)

    @rule(fault=st.sampled_from(FAULTS), seconds=st.sampled_from((1, 91, 301)))
    def a_provider_has_a_bad_time(self, fault, seconds):
        self.carry(f"tests.fakes.{fault}")
        self.time_passes(seconds)
        self.carry(SANDBOX)

    # Time passes.

    @rule(seconds=st.sampled_from((0, 1, 1, 1, 2, 2, 5, 20, 31, 91)))
    def time_passes(self, seconds):
        self.mover.shift(timedelta(seconds=seconds))
        dispatch.tick(rounds=20)

    # What must be true after each of them.

    @invariant()
    def nothing_has_broken(self):
        assert not self.complaints.lines, "\n".join(self.complaints.lines)

    @invariant()
    def an_agents_time_is_taken_by_what_holds_it(self):
        open_ones = set(Engagement.objects.filter(ended_at=None).values_list("pk", flat=True))
        staying = Participant.objects.filter(type="agent", ended_at=None)
        holders = [
            *staying.values_list("engagement", flat=True),
            *Offer.objects.filter(status="open").values_list("engagement", flat=True),
            *DialPrompt.objects.filter(status="open").values_list("engagement", flat=True),
        ]
        assert sorted(open_ones) == sorted(holders)
        agent_ids = list(staying.values_list("agent", flat=True))
        assert len(agent_ids) == len(set(agent_ids))

    @invariant()
    def events_tell_the_status(self):
        told = defaultdict(list)
        for call_id, old, new in CallEvent.objects.order_by("pk").values_list("call", "old", "new"):
            told[call_id].append((old, new))
        for call_id, status in Call.objects.values_list("pk", "status"):
            events = told[call_id]
            assert events[0][0] == ""
            assert events[0][1] in BIRTHS
            for (_old, came_to), (left, to) in pairwise(events):
                assert came_to == left, events
                assert to in TRANSITIONS[left], events
            assert events[-1][1] == status, events

    @invariant()
    def no_live_call_is_without_a_deadline(self):
        live = Call.objects.filter(status__in=LIVE)
        assert not live.filter(deadline_at=None).exclude(status="scheduled").exists()
        assert not live.filter(status="scheduled", scheduled_at=None).exists()
        assert not live.filter(status="queued", cast_until=None).exists()

    @invariant()
    def participants_add_up(self):
        warm = set(Transfer.objects.filter(status="transferring", kind="warm").values_list("call", flat=True))
        for call in Call.objects.prefetch_related("participants"):
            staying = [one for one in call.participants.all() if one.status != "finished"]
            agents = [one for one in staying if one.type == "agent"]
            end_users = [one for one in staying if one.type == "end_user"]
            story = (call.pk, call.status, [(one.type, one.status) for one in call.participants.all()])
            if call.status in OVER:
                assert not staying, story
                continue
            assert len(end_users) == 1 or (call.status == "voicemail" and not end_users), story
            if call.status not in WITH_AGENT:
                assert not agents, story
                continue
            assert call.agent_id in {one.agent_id for one in agents}, story
            assert len(agents) <= (2 if call.status == "connected" and call.pk in warm else 1), story
            if call.status == "connected":
                assert {one.status for one in agents if one.agent_id == call.agent_id} == {"connected"}, story
                assert end_users[0].status == "connected", story

    @invariant()
    def durations_add_up(self):
        for call in Call.objects.filter(status__in=OVER).prefetch_related("participants", "holds"):
            assert call.call_duration == seconds_between(call.connected_at, call.ends_at)
            held = sum((hold.ended_at - hold.started_at for hold in call.holds.all()), timedelta())
            assert call.hold_duration == int(held.total_seconds())
            for stay in call.participants.all():
                if stay.connected_at:
                    assert stay.call_duration == seconds_between(stay.connected_at, stay.ended_at)
                    assert stay.hold_duration <= stay.call_duration
                else:
                    assert (stay.call_duration, stay.hold_duration) == (None, None)

    @invariant()
    def holds_transfers_and_offers_go_with_their_calls(self):
        assert not Hold.objects.filter(ended_at=None).exclude(call__status="connected").exists()
        under_way = Transfer.objects.filter(status="transferring")
        assert not under_way.filter(call__status__in=("finished", "cancelled")).exists()
        assert not under_way.filter(to_menu=None).exclude(call__status="connected").exists()
        assert not Transfer.objects.exclude(status="transferring").filter(ended_at=None).exists()
        assert not Transfer.objects.filter(status="failed", fail_reason="nothing").exists()
        open_offers = Offer.objects.filter(status="open")
        assert not open_offers.filter(transfer=None).exclude(call__status="queued").exists()
        assert not open_offers.exclude(transfer=None).exclude(transfer__status="transferring").exists()

    @invariant()
    def a_failed_call_says_why(self):
        failed = Call.objects.filter(status="failed")
        assert set(failed.values_list("fail_reason", flat=True)) <= set(FailReason.values) - {"nothing", ""}

    def teardown(self):
        """Everybody goes home: whatever happened before, nothing sticks."""
        if not hasattr(self, "transaction"):
            return
        try:
            self.everything_comes_to_an_end()
        finally:
            for name in ("calls.dispatch", "calls.voip.sandbox"):
                logging.getLogger(name).removeHandler(self.complaints)
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def everything_comes_to_an_end(self):
        """With providers that work, people who hang up and nobody who answers, every call has ended in three hours."""
        self.carry(SANDBOX)
        for agent in self.agents:
            availability.set_status(agent, "break")
        for _half_hour in range(6):
            SandboxCall.objects.filter(step="end_user_hangs_up", next_at=None).update(next_at=now())
            self.mover.shift(timedelta(seconds=1_801))
            dispatch.tick(rounds=20)
        self.nothing_has_broken()
        assert not Call.objects.filter(status__in=LIVE).exists(), list(
            Call.objects.filter(status__in=LIVE).values_list("pk", "status", "deadline_at", "cast_until")
        )
        assert not Engagement.objects.filter(ended_at=None).exists()
        assert not Transfer.objects.filter(status="transferring").exists()
        assert not VoipOrder.objects.filter(next_at__isnull=False).exists()
        for check in (self.events_tell_the_status, self.participants_add_up, self.durations_add_up):
            check()


def test_whatever_people_and_providers_do_every_call_is_in_order(time_machine, settings):
    in_ci = "CI" in os.environ
    LiveCalls.mover, LiveCalls.django, LiveCalls.start = time_machine, settings, now()
    run_state_machine_as_test(
        LiveCalls,
        settings=budget_of(
            max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "8")),
            stateful_step_count=30,
            deadline=None,
            derandomize=in_ci,
            # The shortest story that fails takes minutes to find; CI shows the first one.
            phases=[Phase.generate] if in_ci else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
