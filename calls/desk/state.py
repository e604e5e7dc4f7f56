"""What agents' pages show, read for any number of agents in a fixed number of queries.

A page always shows one thing: what holds the agent's time now, else the conversation that was just over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import F, Q

from agents.models import Agent, Engagement
from calls.desk.callers import masked_call, with_sight
from calls.desk.words import why_gone, why_not_handed_on
from calls.models import (
    Call,
    DialPrompt,
    Disposition,
    Hold,
    Note,
    Offer,
    Participant,
    Photo,
    Status,
    Transfer,
    Video,
)
from calls.models.call import OVER
from calls.services.notes import version_of
from calls.voip import rings_agents

# How long the last conversation stays on the page of an agent who is not on another.
STAYS_IN_VIEW = timedelta(minutes=30)
# Longer than any conversation; so the look for the last one has an end.
LONGEST_TALK = timedelta(hours=12)
# Longer than any call is offered to one agent; so the look for the last offer has an end.
LONGEST_OFFER = timedelta(hours=1)
# Calls that came to nothing; nobody needs to have talked in them.
FAILURES = (Status.FAILED, Status.RECOVERED)
# For so long it is said why an offer is gone.
NEWS = timedelta(minutes=1)
EARLIER_CALLS = 5


@dataclass
class CallFacts:
    """A call with all that an agent sees of it. It is the same for all who see who calls, and for all others."""

    call: Call
    hold: Hold | None = None
    transfer: Transfer | None = None  # to an agent, under way
    handed_on: Transfer | None = None  # the last one, to the agent or the queue that has the call now
    failed_transfer: Transfer | None = None  # the last one, where it came to nothing
    notes: list[Note] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    on_line: list[Participant] = field(default_factory=list)
    earlier: list[Call] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self.call.status in OVER

    @property
    def transfer_news(self) -> str:
        """Why the call, which was to be handed on, is still with its agent; "" where nothing came to nothing."""
        return why_not_handed_on(self.failed_transfer) if self.failed_transfer else ""

    @property
    def has_flags(self) -> bool:
        """Whether anything is known of the end user that an agent is to be told at once."""
        return self.call.verified_customer or self.call.bad_actor or self.call.repeat_customer


@dataclass
class Desk:
    """What one agent's page shows."""

    agent: Agent
    read_at: datetime
    sees_callers: bool = True
    offer: Offer | None = None
    prompt: DialPrompt | None = None
    stay: Participant | None = None  # in the call that the agent is on
    last: Participant | None = None  # in the call that was just over
    gone: Offer | None = None  # was held out to the agent until a moment ago
    facts: CallFacts | None = None
    dispositions: list[Disposition] = field(default_factory=list)

    @property
    def offer_news(self) -> str:
        """Why the offer that the agent saw is gone."""
        return why_gone(self.gone) if self.gone else ""

    @property
    def phase(self) -> str:
        """Which of its faces the page shows."""
        if self.offer:
            return "offer"
        if self.prompt:
            return "prompt"
        if self.stay:
            return "call"
        return "idle"

    @property
    def is_engaged(self) -> bool:
        """Whether something has the agent's time."""
        return self.phase != "idle"

    @property
    def can_be_rung(self) -> bool:
        """Whether the agent has the phone that the provider is to ring; without it they are offered nothing."""
        return bool(self.agent.sip_address) or not rings_agents()

    @property
    def is_mine(self) -> bool:
        """Whether the call is this agent's to hold, hand on and end, and not one they were asked to join."""
        return self.facts is not None and self.facts.call.agent_id == self.agent.pk

    @property
    def is_talking(self) -> bool:
        """Whether both sides of the agent's call are on the line."""
        return self.stay is not None and self.stay.call.status == Status.CONNECTED

    @property
    def rings_agent(self) -> bool:
        """Whether the agent's own line rings, or is about to."""
        return self._is_connecting and self.stay is not None and self.stay.status == Participant.Status.WAITING

    @property
    def rings_end_user(self) -> bool:
        """Whether the agent is on the line, and the end user is rung."""
        return self._is_connecting and self.stay is not None and self.stay.status == Participant.Status.CONNECTED

    @property
    def _is_connecting(self) -> bool:
        """Whether the agent's call is being connected."""
        return self.stay is not None and self.stay.call.status == Status.CONNECTING

    @property
    def is_elsewhere(self) -> bool:
        """Whether the agent's call is carried by others, and this center only keeps account of it."""
        return self.stay is not None and self.stay.call.status == Status.ACTION_ONLY

    @property
    def partner(self) -> Participant | None:
        """The other agent on the line: one the call is being handed on to, or the one who hands it on."""
        on_line = self.facts.on_line if self.facts else []
        return next((one for one in on_line if one.agent_id not in (None, self.agent.pk)), None)

    @property
    def note(self) -> Note | None:
        """What this agent has written about the call."""
        notes = self.facts.notes if self.facts else []
        return next((note for note in notes if note.agent_id == self.agent.pk), None)

    @property
    def note_version(self) -> str:
        """Which text of that it is."""
        return version_of(self.note)

    @property
    def other_notes(self) -> list[Note]:
        """What others have written about it."""
        notes = self.facts.notes if self.facts and self.sees_callers else []
        return [note for note in notes if note.agent_id != self.agent.pk and note.text]


def read_desks(agent_ids: Collection[int], at: datetime) -> dict[int, Desk]:
    """The page of each of these agents, at the moment `at`; none for those who may not log in any more."""
    agents = with_sight(Agent.objects.filter(pk__in=agent_ids, user__is_active=True).select_related("user"))
    desks = {agent.pk: Desk(agent, at, agent.sees_callers) for agent in agents}
    held = Engagement.objects.filter(agent__in=desks, ended_at=None)
    by_kind: dict[str, list[int]] = defaultdict(list)
    idle = set(desks)
    for pk, agent_id, kind in held.values_list("pk", "agent_id", "kind"):
        by_kind[kind].append(pk)
        idle.discard(agent_id)
    for offer in Offer.objects.filter(
        engagement__in=by_kind[Engagement.Kind.OFFER], status=Offer.Status.OPEN
    ).select_related("call__end_user", "call__disposition", "transfer"):
        desks[offer.agent_id].offer = offer
    for prompt in DialPrompt.objects.filter(
        engagement__in=by_kind[Engagement.Kind.DIAL_PROMPT], status=DialPrompt.Status.OPEN
    ):
        desks[prompt.agent_id].prompt = prompt
    stays = Participant.objects.select_related("call__end_user", "call__disposition")
    for stay in stays.filter(engagement__in=by_kind[Engagement.Kind.CALL]).exclude(status=Participant.Status.FINISHED):
        if stay.agent_id is not None:
            desks[stay.agent_id].stay = stay
    over = stays.filter(
        engagement__agent__in=idle,
        engagement__kind=Engagement.Kind.CALL,
        engagement__started_at__gt=at - LONGEST_TALK,
        ended_at__gt=at - STAYS_IN_VIEW,
    ).filter(
        Q(connected_at__isnull=False) | Q(call__status__in=(Status.FAILED, Status.RECOVERED), call__agent=F("agent"))
    )
    for stay in over.order_by("ended_at", "pk"):
        if stay.agent_id is not None:
            desks[stay.agent_id].last = stay
    gone = Offer.objects.filter(
        agent__in=idle, offered_at__gt=at - LONGEST_OFFER, settled_at__gt=at - NEWS
    ).select_related("call", "transfer")
    for offer in gone.order_by("settled_at", "pk"):
        desks[offer.agent_id].gone = offer
    _add_facts(desks.values())
    return desks


def _add_facts(desks: Iterable[Desk]) -> None:
    """Each of `desks` that shows a call has the facts of it; those that show the same call share them."""
    showing: dict[int, list[Desk]] = defaultdict(list)
    facts: dict[int, CallFacts] = {}
    for desk in desks:
        part = desk.offer or desk.stay or desk.last
        if part is not None:
            showing[part.call_id].append(desk)
            facts.setdefault(part.call_id, CallFacts(part.call))
    if not facts:
        return
    for hold in Hold.objects.filter(call__in=facts, ended_at=None):
        facts[hold.call_id].hold = hold
    for transfer in Transfer.objects.filter(call__in=facts).order_by("pk").prefetch_related("offers"):
        one, failed = facts[transfer.call_id], transfer.status == Transfer.Status.FAILED
        one.failed_transfer = transfer if failed else None
        if transfer.status == Transfer.Status.TRANSFERRING and transfer.to_agent:
            one.transfer = transfer
        elif not failed:
            one.handed_on = transfer
    for note in Note.objects.filter(call__in=facts).select_related("agent__user"):
        facts[note.call_id].notes.append(note)
    for photo in Photo.objects.filter(call__in=facts):
        facts[photo.call_id].photos.append(photo)
    for video in Video.objects.filter(call__in=facts):
        facts[video.call_id].videos.append(video)
    on_line = Participant.objects.filter(call__in=facts, type=Participant.Type.AGENT).select_related("agent__user")
    for participant in on_line.exclude(status=Participant.Status.FINISHED):
        facts[participant.call_id].on_line.append(participant)
    for one in facts.values():
        one.earlier = earlier_calls(one.call)
    dispositions = list(Disposition.objects.filter(active=True))
    for call_id, its_desks in showing.items():
        for desk in its_desks:
            desk.facts, desk.dispositions = facts[call_id], dispositions
            if not desk.sees_callers:
                desk.facts = masked_facts(facts[call_id])


def masked_facts(facts: CallFacts) -> CallFacts:
    """What is left of `facts` for agents who do not see who calls."""
    return replace(facts, call=masked_call(facts.call), photos=[], videos=[])


def earlier_calls(call: Call) -> list[Call]:
    """The last five calls of this end user before `call`, newest first; by number where nobody knows who it is."""
    calls = Call.objects.filter(created_at__lte=call.created_at).exclude(pk=call.pk).select_related("disposition")
    if call.end_user_id:
        calls = calls.filter(end_user=call.end_user_id)
    elif call.end_user_number:
        calls = calls.filter(end_user_number=call.end_user_number)
    else:
        return []
    return list(calls.order_by("-created_at", "-pk")[:EARLIER_CALLS])
