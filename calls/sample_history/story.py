"""One past call with all its rows, unsaved, on its way from its birth to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agents.models import Agent, Engagement
from calls.casting import Group, is_in_turn, longest_timeout
from calls.lifecycle import consequences, seconds_between
from calls.models import (
    Call,
    CallEvent,
    DeflectionDetail,
    Hold,
    Offer,
    OfferEvent,
    Participant,
    Status,
    Transfer,
)
from calls.sample_history.center import Customer, waiting_times
from menus.models import Menu


@dataclass
class Story:
    """A call, told until `at`. Whoever tells it moves it as `calls/lifecycle.py` would have, and ends it."""

    call: Call
    at: datetime
    customer: Customer
    groups: Sequence[Group] = ()  # of the menu whose queue it is in
    parent: "Story | None" = None
    events: list[CallEvent] = field(default_factory=list)
    engagements: list[Engagement] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    offer_events: list[OfferEvent] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    deflection_details: list[DeflectionDetail] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.at += timedelta(milliseconds=int(seconds * 1_000))

    def move(self, to: Status, cause: str, **columns: Any) -> None:
        """The call is `to` from now on, with what follows from it and with `columns`."""
        call = self.call
        old = call.status if self.events else ""
        self.events.append(CallEvent(call=call, old=old, new=to, cause=cause, at=self.at))
        columns = {**consequences(call, to, self.at), "status": to, "updated_at": self.at, **columns}
        for column, value in columns.items():
            setattr(call, column, value)

    def join_end_user(self) -> None:
        """The end user takes part."""
        self.participants.append(
            Participant(call=self.call, type=Participant.Type.END_USER, end_user=self.customer.end_user)
        )

    def join_agent(self, agent: Agent, engagement: Engagement) -> None:
        """The agent takes part, whose time `engagement` has taken."""
        self.participants.append(
            Participant(call=self.call, type=Participant.Type.AGENT, agent=agent, engagement=engagement)
        )

    def engage(self, agent: Agent, kind: Engagement.Kind, since: datetime) -> Engagement:
        """The agent's time is taken since then."""
        engagement = Engagement(agent=agent, kind=kind, started_at=since)
        self.engagements.append(engagement)
        return engagement

    def hold_out(self, agent: Agent, group: int, since: datetime, *, until: datetime, to: Offer.Status) -> Engagement:
        """The call was offered to an agent of the group number `group`, and that came to `to` at `until`."""
        level, cast_round, begun = self.cast_at(since)
        self.call.cast_round = cast_round
        alone = is_in_turn(self.call)
        if alone:
            expires_at = since + self.groups[group].timeout
        elif self.call.offer_type == Menu.OfferType.CASCADE:
            expires_at = begun + self.groups[level - 1].timeout
        else:
            expires_at = begun + longest_timeout(self.groups)
        offer = Offer(
            call=self.call,
            agent=agent,
            group=self.groups[group].name,
            round=cast_round,
            level=level,
            alone=alone,
            offered_at=since,
            expires_at=expires_at,
        )
        return self.settle(offer, until, to)

    def settle(self, offer: Offer, at: datetime, to: Offer.Status) -> Engagement:
        """`offer`, which has taken its agent's time, came to `to` at the moment `at`."""
        offer.engagement = engagement = self.engage(offer.agent, Engagement.Kind.OFFER, offer.offered_at)
        offer.status, offer.settled_at = to, at
        self.offers.append(offer)
        if to == Offer.Status.ACCEPTED:
            engagement.kind = Engagement.Kind.CALL
        else:
            engagement.ended_at = at
        return engagement

    def cast_at(self, at: datetime) -> tuple[int, int, datetime]:
        """To how many groups the queued call is cast at a moment, in which round, and since when to so many."""
        queued_at = self.call.queued_at or at
        if self.call.offer_type == Menu.OfferType.DELTACAST:
            # One agent after the other, until somebody takes it.
            return len(self.groups), 1, queued_at
        if self.call.offer_type == Menu.OfferType.MULTICAST:
            lap = longest_timeout(self.groups)
            return len(self.groups), (at - queued_at) // lap + 1, queued_at + (at - queued_at) // lap * lap
        whole = sum((group.timeout for group in self.groups), timedelta(0))
        rounds, rest = divmod(at - queued_at, whole)
        starts = waiting_times(self.groups)
        level = max(level for level, start in enumerate(starts, start=1) if start <= rest)
        return level, rounds + 1, queued_at + rounds * whole + starts[level - 1]

    def leave_queue(self) -> None:
        """The call has waited until now: it was cast to one group after the other, or to all of them at once."""
        queued_at = self.call.queued_at or self.at
        self.call.cast_level, self.call.cast_round, _begun = self.cast_at(self.at)
        in_turn = self.call.offer_type == Menu.OfferType.CASCADE
        times = waiting_times(self.groups) if in_turn else [timedelta(0)] * len(self.groups)
        for group, after in zip(self.groups, times, strict=True):
            if queued_at + after <= self.at:
                self.offer_events.append(OfferEvent(call=self.call, casting_time=queued_at + after, group=group.name))

    def hold_for(self, seconds: float) -> None:
        """The end user hears music for so long."""
        agent = self.leg(Participant.Type.AGENT).agent
        begun = self.at
        self.wait(seconds)
        self.holds.append(Hold(call=self.call, agent=agent, started_at=begun, ended_at=self.at))
        self.call.hold_duration = self.held_since(None)

    def held_since(self, start: datetime | None) -> int:
        """Whole seconds that the end user was on hold, since `start` or the beginning."""
        held = timedelta()
        for hold in self.holds:
            begun = max(hold.started_at, start) if start else hold.started_at
            held += max(timedelta(), (hold.ended_at or self.at) - begun)
        return int(held.total_seconds())

    def leg(self, kind: Participant.Type) -> Participant:
        """The newest participant of this kind."""
        return next(one for one in reversed(self.participants) if one.type == kind)

    def end_stay(self, participant: Participant) -> None:
        """The participant leaves; an agent has their time back."""
        participant.status, participant.ended_at = Participant.Status.FINISHED, self.at
        if participant.connected_at is not None:
            participant.call_duration = seconds_between(participant.connected_at, self.at)
            participant.hold_duration = self.held_since(participant.connected_at)
        else:
            participant.fail_reason = self.call.fail_reason
        if participant.engagement is not None:
            participant.engagement.ended_at = self.at

    def end_stays(self) -> None:
        """Everybody leaves who is still there."""
        for participant in self.participants:
            if participant.ended_at is None:
                self.end_stay(participant)
