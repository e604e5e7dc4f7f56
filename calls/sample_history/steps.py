"""The steps a past call can take. Nothing is written here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from django.conf import settings

from agents.models import Engagement
from calls.models import (
    AnswerType,
    Call,
    CallType,
    Deflection,
    DeflectionDetail,
    DisconnectedBy,
    FailReason,
    Offer,
    Participant,
    RecordingPermission,
    Status,
    Transfer,
)
from calls.routing import Choice
from calls.sample_history.center import Center, Customer, Desk, Diary, waiting_times
from calls.sample_history.shares import BROWSING, ORIGINS, OUTBOUND, SCHEDULED, spread
from calls.sample_history.story import Story
from calls.services import checks
from calls.voip import first_provider, next_provider
from menus.models import Menu

Leg = Participant.Type

# Seconds. An agent is not called again so soon after a call, nor while a call is being connected.
AROUND_A_TALK = 60
LONGEST_WAIT = 600
# Where every agent is busy a call looks for one again so often, so many seconds apart. Then one has two calls at once.
LOOKS, LOOK_AGAIN = 8, 30


class Steps:
    """Takes the calls of one center further. Scheduled calls are due by `due_by`, nothing happens after `until`."""

    def __init__(self, center: Center, draw: Random, *, due_by: datetime, until: datetime) -> None:
        self.center = center
        self.draw = draw
        self.due_by = due_by
        self.until = until
        self._diary = Diary()

    # --- Birth --------------------------------------------------------------------------------------------------------

    def begin(self, call_type: CallType, at: datetime, customer: Customer) -> Story:
        """A call that has no status yet."""
        draw = self.draw
        call = Call(
            call_type=call_type,
            lang=checks.DEFAULT_LANGUAGE,
            created_at=at,
            updated_at=at,
            end_user=customer.end_user,
            end_user_number=customer.number,
            verified_customer=draw.random() < 0.15,
            repeat_customer=draw.random() < 0.25,
            bad_actor=draw.random() < 0.005,
        )
        if customer.tickets and draw.random() < 0.4:
            ticket = draw.choice(customer.tickets)
            call.out_ticket_id, call.out_ticket_url = ticket.ticket_id, ticket.url
        if call_type in SCHEDULED:
            left = max(1, (self.due_by - at).total_seconds())
            notice = min(spread(draw, 7_200, least=300, most=172_800), left)
            call.scheduled_at = at + timedelta(milliseconds=int(notice * draw.uniform(0.8, 1) * 1_000))
        story = Story(call, at, customer)
        story.join_end_user()
        if call_type == CallType.INBOUND_IVR:
            # The caller's line came in at a provider.
            line = story.leg(Leg.END_USER)
            line.on_line_at = line.dialled_at = at
            call.voip_provider = first_provider()
        return story

    def judged_at(self, story: Story) -> datetime:
        """When it is decided whether the call's menu is open."""
        return story.call.scheduled_at or story.at

    def find_desk(self, story: Story, state: str = Menu.State.OPEN) -> Desk | None:
        """A desk in this state for the call."""
        desks = self.center.desks_for(CallType(story.call.call_type), self.judged_at(story), state)
        return self.draw.choice(desks) if desks else None

    def find_any_desk(self, story: Story) -> Desk:
        """An open desk for the call, where there is one; rather one that is closed than one that is redirected."""
        desk = self.find_desk(story) or self.find_desk(story, Menu.State.AFTER_HOURS)
        return desk or self.draw.choice(self.center.any_desks_for(CallType(story.call.call_type)))

    def choose_menu(self, story: Story, desk: Desk) -> None:
        """The call is for this menu, and remembers it."""
        call, draw = story.call, self.draw
        story.groups = desk.groups
        call.menu, call.selected_menu, call.menu_path = desk.menu, desk.snapshot, desk.path
        languages = list(desk.takers)
        speaks_default = checks.DEFAULT_LANGUAGE in desk.takers and draw.random() < 0.75
        call.lang = checks.DEFAULT_LANGUAGE if speaks_default else draw.choice(languages)
        call.outbound_number = desk.number
        if call.call_type in BROWSING:
            call.support_number = desk.number
        if desk.menu.recording == Menu.RecordingOption.ASK_PERMISSION:
            call.recording_permission = draw.choices(tuple(RecordingPermission), (10, 70, 20))[0]
        call.recorded = checks.is_recorded(desk.menu, call.recording_permission)

    def arrive(self, story: Story, desk: Desk) -> None:
        """The call has come to this menu, and it is now to be decided what becomes of it."""
        self.choose_menu(story, desk)
        origin = ORIGINS[CallType(story.call.call_type)]
        if story.call.call_type in SCHEDULED:
            story.move(Status.SCHEDULED, origin)
            story.at = self.judged_at(story)
            story.wait(self.draw.uniform(0.05, 1))
        elif story.call.call_type in BROWSING:
            story.move(Status.SELECTING, origin)
            story.wait(self.draw.uniform(4, 40))

    def enter_queue(self, story: Story, desk: Desk) -> None:
        """The call waits in this menu's queue."""
        self.arrive(story, desk)
        call_type = CallType(story.call.call_type)
        cause = "due" if call_type in SCHEDULED else "menu_chosen" if call_type in BROWSING else ORIGINS[call_type]
        story.move(Status.QUEUED, cause, queue=desk.menu, priority=desk.menu.priority, offer_type=desk.menu.offer_type)

    # --- The agent ----------------------------------------------------------------------------------------------------

    def reach_agent(self, story: Story, busy: float) -> None:
        """An agent has the call, and no other for so many seconds."""
        if story.call.call_type in OUTBOUND:
            self._place(story, busy)
        else:
            desk = self.find_any_desk(story)
            self.enter_queue(story, desk)
            self._take(story, desk, busy)

    def _place(self, story: Story, busy: float) -> None:
        """An agent places the call."""
        agent_id = self._pick(self.center.callers, story.at, busy)
        agent, call = self.center.agents[agent_id], story.call
        call.outbound_number, call.voip_provider = self.center.numbers[agent_id], first_provider()
        languages = [language.pk for language in agent.languages.all()]
        if languages and checks.DEFAULT_LANGUAGE not in languages:
            call.lang = languages[0]
        story.move(Status.ASSIGNED, "called_back" if story.parent else ORIGINS[CallType(call.call_type)])
        self._give(story, agent_id)
        engagement = story.engage(agent, Engagement.Kind.CALL, story.at)
        story.join_agent(agent, engagement)
        story.participants.reverse()  # the agent comes first, as the API makes them

    def _take(self, story: Story, desk: Desk, busy: float) -> None:
        """An agent of the desk takes the call out of the queue."""
        queued_at, takers = story.at, desk.takers[story.call.lang]
        story.wait(spread(self.draw, 18, most=LONGEST_WAIT))
        able, agent_id = self._able_to_take(story, takers), None
        for _look in range(LOOKS):
            agent_id = self._pick_free(list(able), story.at, busy)
            if agent_id is not None:
                break
            story.wait(LOOK_AGAIN)
            able = self._able_to_take(story, takers)
        agent_id = agent_id or self.draw.choice(list(able))
        _level, _round, begun = story.cast_at(story.at)
        agent = self.center.agents[agent_id]
        offered_at = story.at
        if not agent.auto_answer:
            offered_at = max(begun, story.at - timedelta(milliseconds=int(self.draw.uniform(2, 9) * 1_000)))
        self.miss(story, takers, queued_at, offered_at, but=agent_id)
        engagement = story.hold_out(agent, able[agent_id], offered_at, until=story.at, to=Offer.Status.ACCEPTED)
        story.leave_queue()
        answer = AnswerType.AUTO if agent.auto_answer else AnswerType.MANUAL
        cause = "auto_answered" if agent.auto_answer else "accepted"
        story.move(Status.ASSIGNED, cause, answer_type=answer)
        self._give(story, agent_id)
        story.join_agent(agent, engagement)

    def _able_to_take(self, story: Story, takers: Sequence[Choice]) -> dict[int, int]:
        """Those of `takers` who are in a group that the call is cast to now, by agent id, with the group's number.

        Where nobody is, it waits until a group joins that has somebody.
        """
        level, _round, begun = story.cast_at(story.at)
        next_group = takers[0].group
        if level <= next_group:
            starts = waiting_times(story.groups)
            story.at = begun - starts[level - 1] + starts[next_group] + story.groups[next_group].timeout / 2
            level = next_group + 1
        return {choice.agent_id: choice.group for choice in takers if choice.group < level}

    def miss(self, story: Story, takers: Sequence[Choice], since: datetime, until: datetime, *, but: int = 0) -> None:
        """Now and then somebody of those asked first was offered the call before, and declined it or let it lapse."""
        if until - since < timedelta(seconds=3) or self.draw.random() < 0.6:
            return
        at_once = len(story.groups) if story.call.offer_type != Menu.OfferType.CASCADE else 1
        first = [
            choice
            for choice in takers
            if choice.group < at_once and choice.agent_id != but and not self.center.agents[choice.agent_id].auto_answer
        ]
        if not first:
            return
        group = first[0].group
        lapses = since + story.groups[group].timeout
        expired = lapses <= until
        settled = lapses if expired else since + (until - since) * self.draw.uniform(0.3, 0.9)
        settled = settled.replace(microsecond=settled.microsecond // 1_000 * 1_000)
        same = [choice.agent_id for choice in first if choice.group == group]
        agent_id = next((one for one in same if self._diary.take(one, since, settled)), None)
        if agent_id is not None:
            status = Offer.Status.EXPIRED if expired else Offer.Status.DECLINED
            story.hold_out(self.center.agents[agent_id], group, since, until=settled, to=status)

    def _pick(self, agent_ids: Sequence[int], since: datetime, busy: float) -> int:
        """One of the agents: one who has the time, which is then taken, as long as there is one."""
        return self._pick_free(agent_ids, since, busy) or self.draw.choice(agent_ids)

    def _pick_free(self, agent_ids: Sequence[int], since: datetime, busy: float) -> int | None:
        """One of the agents who has so many seconds, which are then taken; None where nobody has."""
        until = since + timedelta(seconds=busy)
        start = self.draw.randrange(len(agent_ids))
        for turn in range(len(agent_ids)):
            agent_id = agent_ids[(start + turn) % len(agent_ids)]
            if self._diary.take(agent_id, since - timedelta(seconds=10), until):
                return agent_id
        return None

    def _give(self, story: Story, agent_id: int) -> None:
        story.call.agent, story.call.agent_info = self.center.agents[agent_id], self.center.infos[agent_id]

    # --- The talk -----------------------------------------------------------------------------------------------------

    def dial(self, story: Story, provider: str) -> None:
        """A provider has the call: the agent answers, and the end user's phone rings."""
        story.wait(self.draw.uniform(0.1, 1.1))
        story.move(Status.CONNECTING, "dialling", voip_provider=provider)
        agent, end_user = story.leg(Leg.AGENT), story.leg(Leg.END_USER)
        agent.dialled_at = story.at
        story.wait(self.draw.uniform(0.3, 3))
        agent.status, agent.connected_at = Participant.Status.CONNECTED, agent.connected_at or story.at
        if end_user.connected_at is None:
            end_user.dialled_at = story.at

    def switch(self, story: Story, provider: str) -> None:
        """A provider has the call, and fails before any phone has rung."""
        story.wait(self.draw.uniform(0.1, 1.1))
        story.move(Status.CONNECTING, "dialling", voip_provider=provider)
        story.wait(self.draw.uniform(0.2, 2))
        story.move(Status.SWITCHING, f"{provider}_failed")

    def connect(self, story: Story) -> None:
        """Both are on the line."""
        provider = first_provider()
        second = next_provider(provider)
        if second and self.draw.random() < 0.02:
            self.switch(story, provider)
            provider = second
        self.dial(story, provider)
        end_user = story.leg(Leg.END_USER)
        story.wait(spread(self.draw, 8, most=40))
        story.move(Status.CONNECTED, "both_connected")
        end_user.status, end_user.connected_at = Participant.Status.CONNECTED, end_user.connected_at or story.at

    def transfer(self, story: Story, busy: float) -> None:
        """Now and then the agent hands the call on to another agent, who takes it, or does not answer."""
        call = story.call
        others = [agent_id for agent_id in self.center.callers if agent_id != call.agent_id]
        if not others or self.draw.random() > 0.05:
            return
        agent_id = self._pick_free(others, story.at, busy)
        if agent_id is None:
            return
        agent = self.center.agents[agent_id]
        rings = timedelta(seconds=settings.CCAI_TRANSFER_TIMEOUT)
        transfer = Transfer(
            call=call,
            created_at=story.at,
            from_menu=call.menu_path,
            from_agent=call.agent_info,
            to_agent=self.center.infos[agent_id],
        )
        story.transfers.append(transfer)
        offer = Offer(
            call=call,
            agent=agent,
            transfer=transfer,
            alone=True,
            round=call.cast_round,
            level=call.cast_level,
            offered_at=story.at,
            expires_at=story.at + rings,
        )
        if self.draw.random() < 0.3:
            story.wait(rings.total_seconds())
            transfer.status, transfer.fail_reason = Transfer.Status.FAILED, FailReason.TRANSFER_EXPIRED
            transfer.ended_at = story.at
            story.settle(offer, story.at, Offer.Status.EXPIRED)
            return
        story.wait(min(self.draw.uniform(2, 9), rings.total_seconds() / 2))
        transfer.status, transfer.ended_at = Transfer.Status.TRANSFERRED, story.at
        engagement = story.settle(offer, story.at, Offer.Status.ACCEPTED)
        story.end_stay(story.leg(Leg.AGENT))
        place = {"waits_since": story.at - timedelta(seconds=call.wait_duration)} if call.queue else {}
        answer = AnswerType.AUTO if agent.auto_answer else AnswerType.MANUAL
        story.move(Status.ASSIGNED, "transferred", answer_type=answer, **place)
        self._give(story, agent_id)
        story.join_agent(agent, engagement)
        self.dial(story, call.voip_provider)
        story.move(Status.CONNECTED, "both_connected")

    # --- No agent -----------------------------------------------------------------------------------------------------

    def overflow(self, story: Story, desk: Desk, deflection: Deflection) -> None:
        """Too many wait for this desk, and the call as well."""
        self.enter_queue(story, desk)
        story.wait(spread(self.draw, 240, least=60, most=LONGEST_WAIT))
        self.turn_away(story, "over_capacity", deflection)

    def turn_away(self, story: Story, cause: str, deflection: Deflection) -> None:
        """The call gets this instead of an agent."""
        call = story.call
        if story.call.queued_at:
            story.leave_queue()
        story.move(Status.DEFLECTED, cause, deflection=deflection, disconnected_by=DisconnectedBy.SYSTEM)
        story.deflection_details.append(
            DeflectionDetail(call=call, deflection=deflection, from_menu_path=call.menu_path)
        )
