"""How often each thing happens, and when: the weights that a plausible past is drawn from."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import Enum, auto
from math import log
from random import Random
from typing import TypeVar

from calls.models import CallType, DisconnectedBy, FailReason, Status
from menus.models import Menu

Thing = TypeVar("Thing", bound=Hashable)
Card = tuple[Status, CallType]  # how a call came about and how it ended

QUARTER = timedelta(minutes=15)

# Calls in each hour of a working day, on the clock of the center's menus; a day of the weekend has a fifth of them.
HOURS = (1, 1, 1, 1, 1, 2, 4, 10, 40, 75, 90, 85, 60, 70, 80, 75, 60, 40, 15, 8, 6, 4, 2, 1)
WEEKEND = 0.2

STATUSES: dict[Status, float] = {
    Status.FINISHED: 76,
    Status.FAILED: 12,
    Status.DEFLECTED: 4,
    Status.CANCELLED: 2.5,
    Status.VOICEMAIL_READ: 2.5,
    Status.VOICEMAIL_RECEIVED: 1.5,
    Status.RECOVERED: 1,
    Status.ACTION_ONLY_FINISHED: 0.5,
}
ANY_TYPE: dict[CallType, float] = {
    CallType.INBOUND_IVR: 35,
    CallType.OUTBOUND_API: 16,
    CallType.INBOUND_API: 14,
    CallType.INBOUND_MOBILE: 12,
    CallType.SCHEDULED_API: 8,
    CallType.CALLBACK_WEB: 5,
    CallType.OUTBOUND: 4,
    CallType.SCHEDULED_WEB: 3,
    CallType.SCHEDULED_MOBILE: 3,
}
TYPES: dict[Status, dict[CallType, float]] = {
    Status.FINISHED: ANY_TYPE,
    Status.FAILED: ANY_TYPE,
    Status.DEFLECTED: {CallType.INBOUND_IVR: 6, CallType.SCHEDULED_API: 2, CallType.INBOUND_MOBILE: 2},
    Status.CANCELLED: {CallType.SCHEDULED_API: 6, CallType.SCHEDULED_MOBILE: 2, CallType.INBOUND_API: 2},
    Status.VOICEMAIL_READ: {CallType.INBOUND_IVR: 4, CallType.INBOUND_MOBILE: 1},
    Status.VOICEMAIL_RECEIVED: {CallType.INBOUND_IVR: 4, CallType.INBOUND_MOBILE: 1},
    Status.RECOVERED: {CallType.INBOUND_IVR: 3, CallType.INBOUND_MOBILE: 1, CallType.OUTBOUND_API: 1},
    Status.ACTION_ONLY_FINISHED: {CallType.INBOUND_MOBILE: 1},
}

OUTBOUND = frozenset({CallType.OUTBOUND_API, CallType.OUTBOUND})
SCHEDULED = frozenset({CallType.SCHEDULED_API, CallType.SCHEDULED_WEB, CallType.SCHEDULED_MOBILE})
# Callers who browse the menus before they wait.
BROWSING = frozenset({CallType.INBOUND_IVR, CallType.INBOUND_MOBILE})
MENU_TYPES: dict[CallType, tuple[str, ...]] = {
    CallType.INBOUND_IVR: (Menu.MenuType.IVR,),
    CallType.INBOUND_MOBILE: (Menu.MenuType.MOBILE,),
    CallType.INBOUND_API: (Menu.MenuType.IVR, Menu.MenuType.MOBILE),
    CallType.SCHEDULED_API: (Menu.MenuType.MOBILE, Menu.MenuType.WEB),
    CallType.SCHEDULED_MOBILE: (Menu.MenuType.MOBILE,),
    CallType.SCHEDULED_WEB: (Menu.MenuType.WEB,),
    CallType.CALLBACK_WEB: (Menu.MenuType.WEB,),
}
# Who asked for the call: the cause of its first event.
ORIGINS: dict[CallType, str] = {
    CallType.OUTBOUND_API: "api",
    CallType.INBOUND_API: "api",
    CallType.SCHEDULED_API: "api",
    CallType.INBOUND_IVR: "line_came_in",
    CallType.INBOUND_MOBILE: "mobile",
    CallType.SCHEDULED_MOBILE: "mobile",
    CallType.CALLBACK_WEB: "web",
    CallType.SCHEDULED_WEB: "web",
    CallType.OUTBOUND: "dialled_by_hand",
}


class Stage(Enum):
    """How far a call came before it failed."""

    MENU = auto()
    QUEUE = auto()
    ASSIGNED = auto()
    CONNECTING = auto()
    SWITCHING = auto()


@dataclass(frozen=True)
class Failure:
    """A way to fail: at this stage, with this cause, and after about so many seconds there."""

    reason: FailReason
    stage: Stage
    cause: str
    by: DisconnectedBy
    seconds: float = 0
    calling: bool | None = None  # only where the end user has called (True), or is called (False)

    def suits(self, call_type: CallType) -> bool:
        """Whether a call of this type can fail so."""
        if self.stage in (Stage.MENU, Stage.QUEUE) and call_type in OUTBOUND:
            return False
        return self.calling is None or self.calling == (call_type in BROWSING)


FAILURES: dict[Failure, float] = {
    Failure(FailReason.EU_NO_ANSWER, Stage.CONNECTING, "not_connected", DisconnectedBy.UNKNOWN, 35, False): 50,
    Failure(FailReason.EU_BUSY, Stage.CONNECTING, "not_connected", DisconnectedBy.UNKNOWN, 4, False): 25,
    Failure(FailReason.EU_REJECTED, Stage.CONNECTING, "not_connected", DisconnectedBy.END_USER, 7, False): 9,
    Failure(FailReason.EU_WRONG_NUMBER, Stage.CONNECTING, "not_connected", DisconnectedBy.UNKNOWN, 5, False): 7,
    Failure(FailReason.EU_ABANDONED, Stage.QUEUE, "ended_by_end_user", DisconnectedBy.END_USER, 95, True): 60,
    Failure(FailReason.EU_IN_MENU_ABANDONED, Stage.MENU, "ended_by_end_user", DisconnectedBy.END_USER, 20, True): 18,
    Failure(FailReason.EXPIRED, Stage.QUEUE, "expired", DisconnectedBy.SYSTEM): 10,
    Failure(FailReason.EU_CANCELED, Stage.CONNECTING, "ended_by_end_user", DisconnectedBy.END_USER, 9): 7,
    Failure(FailReason.AG_CANCELED, Stage.CONNECTING, "ended_by_agent", DisconnectedBy.AGENT, 8): 5,
    Failure(FailReason.VOIP_CONN_GENERAL, Stage.SWITCHING, "every_provider_failed", DisconnectedBy.SYSTEM): 5,
    Failure(
        FailReason.VOIP_CONN_TIMEOUT, Stage.CONNECTING, "not_connected_in_time", DisconnectedBy.SYSTEM, 90, False
    ): 3,
    Failure(
        FailReason.STUCK_DUE_TO_API_ERROR, Stage.ASSIGNED, "not_dialled_in_time", DisconnectedBy.SYSTEM, 60, False
    ): 1,
}
# Of failures that somebody calls back about; they are over within minutes.
WORTH_A_CALL_BACK = frozenset({FailReason.EU_NO_ANSWER, FailReason.EU_ABANDONED, FailReason.EU_BUSY})


def deal(shares: Mapping[Thing, float], count: int) -> list[Thing]:
    """`count` things in these shares, not shuffled. Each comes at least once where `count` has room for all.

    What rounding leaves over goes to the first, so that should be the most frequent.
    """
    whole = sum(shares.values())
    dealt = [thing for thing, share in shares.items() for _time in range(max(1, int(count * share / whole)))]
    first = next(iter(shares))
    excess = len(dealt) - count
    if excess > 0:
        spare = max(0, min(excess, dealt.count(first) - 1))
        return dealt[spare:][:count]
    return [first] * -excess + dealt


def deal_cards(count: int) -> Counter[Card]:
    """How many of `count` calls are of each kind, but for those that call back about a `recovered` one."""
    statuses = Counter(deal(STATUSES, count))
    statuses[Status.FINISHED] -= statuses[Status.RECOVERED]
    return Counter(
        (status, call_type) for status, number in statuses.items() for call_type in deal(TYPES[status], number)
    )


def arrivals(draw: Random, count: int, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
    """`count` moments from `first` to `last`, in their order, most of them at working hours in `zone`."""
    quarters = [first + QUARTER * number for number in range(max(1, (last - first) // QUARTER))]
    weights = []
    for quarter in quarters:
        wall = quarter.astimezone(zone)
        weights.append(HOURS[wall.hour] * (WEEKEND if wall.weekday() >= 5 else 1))
    numbers = Counter(draw.choices(range(len(quarters)), weights, k=count))
    width = min(QUARTER, last - first).total_seconds()
    for place in sorted(numbers):
        for seconds in sorted(draw.uniform(0, width) for _call in range(numbers[place])):
            yield quarters[place] + timedelta(milliseconds=int(seconds * 1_000))


def spread(draw: Random, typical: float, *, least: float = 1, most: float) -> float:
    """Seconds about `typical`, in half of all cases less, now and then much more, from `least` to `most`."""
    return min(max(draw.lognormvariate(log(typical), 0.9), least), most)
