"""The center as a past call meets it: its desks (leaf menus that agents serve), its agents, its customers."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from agents.models import Agent, Language, OutboundNumber
from agents.serializers import AgentInfo, agent_snapshot
from calls import offers, routing
from calls.models import CallType, Contact, EndUser, Ticket
from calls.sample_history.shares import MENU_TYPES, QUARTER
from calls.serializers import CallRequest
from calls.services import checks
from ccai.errors import Refused
from menus.models import Menu, MenuPath, MenuSnapshot

BATCH = 1_000
# Numbers NXX-555-01XX are kept free for fiction. 202 is left to people who try the center out.
AREA_CODES = (
    *(206, 212, 213, 214, 215, 216, 303, 305, 312, 313, 314, 404, 410, 412, 415, 503, 504, 505, 512, 515),
    *(602, 612, 615, 617, 619, 646, 702, 713, 718, 720, 801, 808, 816, 818, 901, 904, 907, 913, 917, 919),
)
CALLS_PER_CUSTOMER = 5
MAX_CONTACTS = 2_000


class NobodyToCall(Exception):
    """The center has no menu that takes calls, or no agent who could have taken one. The message says which."""


@dataclass(frozen=True)
class Desk:
    """A leaf menu and those who may take its calls, by language."""

    menu: Menu
    snapshot: MenuSnapshot
    path: MenuPath
    number: str  # E.164; "" where the center has none
    groups: Sequence[offers.Group]
    takers: Mapping[str, Sequence[routing.Choice]]


@dataclass(frozen=True)
class Customer:
    """An end user under one of their numbers, with the tickets they have."""

    end_user: EndUser
    number: str
    tickets: Sequence[Ticket]


class Diary:
    """Which agent has which stretch of time taken."""

    def __init__(self) -> None:
        self._taken: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)

    def take(self, agent_id: int, start: datetime, end: datetime) -> bool:
        """The stretch is the agent's; False, and nothing changed, where a part of it was taken."""
        taken = self._taken[agent_id]
        place = bisect_left(taken, (end, end))
        if place and taken[place - 1][1] > start:
            return False
        insort(taken, (start, end))
        return True


class Center:
    """What of the center does not change while its past is told. NobodyToCall where it cannot have any."""

    def __init__(self) -> None:
        self.agents = {
            agent.pk: agent
            for agent in Agent.objects.select_related("user")
            .prefetch_related("languages", "outbound_numbers")
            .order_by("pk")
        }
        self.infos: dict[int, AgentInfo] = {pk: agent_snapshot(agent) for pk, agent in self.agents.items()}
        self.desks = self._read_desks()
        self.callers = [pk for pk, agent in self.agents.items() if agent.can_place_calls] or list(self.agents)
        active = list(OutboundNumber.objects.filter(active=True).order_by("pk"))
        self.numbers = {pk: _agents_number(self.agents[pk], active) for pk in self.callers}
        self._states: dict[int, dict[str, list[Desk]]] = {}

    @property
    def zone(self) -> tzinfo:
        """The time zone of most menus' hours; the center's own where none has any."""
        zones = Counter(desk.menu.hours.get("time_zone", "UTC") for desk in self.desks if desk.menu.hours)
        return ZoneInfo(zones.most_common(1)[0][0] if zones else settings.CCAI_TIME_ZONE)

    def desks_for(self, call_type: CallType, at: datetime, state: str) -> list[Desk]:
        """The desks for calls of this type that are in this state (Menu.State) at the moment `at`."""
        quarter = int(at.timestamp() // QUARTER.total_seconds())
        if quarter not in self._states:
            by_state = self._states[quarter] = defaultdict(list)
            for desk in self.desks:
                by_state[desk.menu.state_at(at)].append(desk)
        return _of_type(call_type, self._states[quarter].get(state, []))

    def any_desks_for(self, call_type: CallType) -> list[Desk]:
        """The desks for calls of this type; all there are, where none is for this type."""
        return _of_type(call_type, self.desks) or self.desks

    def _read_desks(self) -> list[Desk]:
        below = Menu.objects.filter(parent=OuterRef("pk"), deleted=False)
        menus = list(
            Menu.objects.filter(~Exists(below), deleted=False)
            .prefetch_related("deflection_options", "languages")
            .order_by("pk")
        )
        if not menus:
            raise NobodyToCall(
                _("No menu takes calls, so there are none to make. Load a center first, with load_center.")
            )
        live = list(Language.objects.filter(state=Language.State.LIVE).values_list("code", flat=True))
        groups = offers.groups_with_agents([menu.pk for menu in menus])
        free = [_as_free(agent) for agent in self.agents.values()]
        desks = [_read_desk(menu, groups[menu.pk], live or [checks.DEFAULT_LANGUAGE], free) for menu in menus]
        desks = [desk for desk in desks if desk.takers]
        if not desks:
            raise NobodyToCall(
                _(
                    "No menu has an agent who could have taken its calls, so there are none to make. "
                    "Put active agents into the groups of a menu first."
                )
            )
        return desks


def find_customers(draw: Random, count: int, since: datetime) -> list[Customer]:
    """About as many customers as make `count` calls, the CRM's contacts first; those nobody knows yet are made.

    They are known since `since`.
    """
    contacts = Contact.objects.prefetch_related("phones", "tickets").order_by("pk")[:MAX_CONTACTS]
    by_contact = {contact.out_contact_id: contact for contact in contacts if contact.phones.all()}
    listed = {phone.number for contact in by_contact.values() for phone in contact.phones.all()}
    pool = [f"+1{area}55501{line:02}" for line in range(100) for area in AREA_CODES]
    numbers = draw.sample(pool, min(len(pool), max(10, count // CALLS_PER_CUSTOMER)))
    numbers = [number for number in numbers if number not in listed]

    known_contacts = {one.out_contact_id: one for one in EndUser.objects.filter(out_contact_id__in=by_contact)}
    known_numbers = {one.number: one for one in EndUser.objects.filter(number__in=numbers).order_by("-pk")}
    new = [
        EndUser(number=contact.phones.all()[0].number, name=contact.name, out_contact_id=pk, created_at=since)
        for pk, contact in by_contact.items()
        if pk not in known_contacts
    ]
    new += [EndUser(number=number, created_at=since) for number in numbers if number not in known_numbers]
    for end_user in EndUser.objects.bulk_create(new, batch_size=BATCH):
        if end_user.out_contact_id:
            known_contacts[end_user.out_contact_id] = end_user
        else:
            known_numbers[end_user.number] = end_user
    return [
        *(
            Customer(known_contacts[pk], phone.number, list(contact.tickets.all()))
            for pk, contact in by_contact.items()
            for phone in contact.phones.all()
        ),
        *(Customer(known_numbers[number], number, ()) for number in numbers),
    ]


def waiting_times(groups: Sequence[offers.Group]) -> list[timedelta]:
    """For each group how long after a call was queued it is cast to that one, in the first round."""
    return [sum((group.timeout for group in groups[:level]), timedelta(0)) for level in range(len(groups))]


def _of_type(call_type: CallType, desks: list[Desk]) -> list[Desk]:
    return [desk for desk in desks if desk.menu.menu_type in MENU_TYPES[call_type]]


def _read_desk(menu: Menu, groups: Sequence[offers.Group], live: list[str], free: Sequence[routing.FreeAgent]) -> Desk:
    number = _menus_number(menu)
    members = tuple(group.agent_ids for group in groups)
    codes = {language.pk for language in menu.languages.all()}
    takers = {}
    for lang in live:
        if not codes or lang in codes:
            ranked = routing.rank(routing.WaitingCall(0, lang, number, members), free)
            if ranked:
                takers[lang] = sorted(ranked, key=lambda choice: (choice.group, choice.agent_id))
    return Desk(menu, menu.snapshot(), menu.path(), number, groups, takers)


def _as_free(agent: Agent) -> routing.FreeAgent:
    """The agent's facts, as if nothing else took their time."""
    return routing.FreeAgent(
        agent_id=agent.pk,
        idle_since=agent.idle_since,
        auto_answer=agent.auto_answer,
        languages=frozenset(language.pk for language in agent.languages.all()),
        numbers=frozenset(number.number for number in agent.outbound_numbers.all()),
    )


def _menus_number(menu: Menu) -> str:
    """The number that calls of this menu show, E.164; "" where the center has none."""
    try:
        return checks.find_menus_number(CallRequest(call_type=CallType.INBOUND_API), menu)
    except Refused:
        return ""


def _agents_number(agent: Agent, active: Sequence[OutboundNumber]) -> str:
    """The number that calls by this agent show, E.164; "" where there is none. `active` are the center's."""
    numbers = [number for number in agent.outbound_numbers.all() if number.active] or active
    default = next((number.number for number in numbers if number.is_default), "")
    return default or (numbers[0].number if numbers else "")
