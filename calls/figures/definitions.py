"""What every figure means. The words here are shown to people, and the numbers come from here too."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Unit(StrEnum):
    """What a figure is counted in."""

    COUNT = "count"
    SHARE = "share"  # 0 to 1
    SECONDS = "seconds"
    STARS = "stars"  # 1 to 5


class Better(StrEnum):
    """Which way a figure should go."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True)
class Counts:
    """What can be added up over calls, pieces of time and agents. Times are seconds."""

    calls: int = 0
    # How calls came out; each is one of these.
    talked: int = 0
    gave_up: int = 0
    voicemail: int = 0
    deflected: int = 0
    failed: int = 0
    cancelled: int = 0
    under_way: int = 0
    # Calls that waited for an agent; each is one of answered, abandoned, unanswered, turned away and waiting.
    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    abandoned_late: int = 0
    unanswered: int = 0
    answer_seconds: float = 0.0
    abandon_seconds: float = 0.0
    # Agents' parts in calls.
    conversations: int = 0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    wrap_up_seconds: float = 0.0
    # Agents' time.
    handling_seconds: float = 0.0
    available_seconds: float = 0.0
    # What else became of calls.
    deflections: int = 0
    promises: int = 0
    promises_kept: int = 0
    transfers: int = 0
    transfers_done: int = 0
    ratings: int = 0
    stars: int = 0
    voicemails: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return add_up((self, other))

    @property
    def handle_seconds(self) -> float:
        """Talk, hold and wrap-up."""
        return self.talk_seconds + self.hold_seconds + self.wrap_up_seconds


def add_up(counts: Iterable[Counts]) -> Counts:
    """All of `counts` together. Most of each are 0, and pass by quickly."""
    sums: dict[str, float] = defaultdict(int)
    for one in counts:
        for name, value in vars(one).items():
            if value:
                sums[name] += value
    return Counts(**sums)  # type: ignore[arg-type]


def share(part: float, whole: float) -> float | None:
    """`part` of `whole`; None where there is no whole."""
    return part / whole if whole else None


@dataclass(frozen=True)
class Figure:
    """A figure of the reports: its name, what it means, and how it comes out of counts (None where it cannot)."""

    key: str
    name: Promise
    unit: Unit
    definition: Promise
    better: Better
    of: Callable[[Counts], float | None]

    def explain(self) -> str:
        """The definition, with the center's own limits in it."""
        return str(self.definition) % {
            "service_level": settings.CCAI_SERVICE_LEVEL_SECONDS,
            "kept_within": settings.CCAI_SCHEDULED_CALL_EXPIRATION // 60,
        }


_ALL = (
    Figure(
        "calls",
        _("Calls"),
        Unit.COUNT,
        _("All calls that were made or asked for in the span, by the moment of that: inbound, outbound and scheduled."),
        Better.NEITHER,
        lambda counts: counts.calls,
    ),
    Figure(
        "offered",
        _("Offered"),
        Unit.COUNT,
        _(
            "Inbound calls, and callbacks asked for on the web, that came to a queue to be answered at once. Calls "
            "that agents placed, and calls scheduled for later, are not among them. An offered call is answered, "
            "abandoned, left unanswered (it expired, or failed on the center's side), turned away (to voicemail, to "
            "a callback, to another number), cancelled, not reached (an agent dialled, the end user did not answer), "
            "or still waiting."
        ),
        Better.NEITHER,
        lambda counts: counts.offered,
    ),
    Figure(
        "answered",
        _("Answered"),
        Unit.COUNT,
        _("Offered calls in which an agent and the end user were connected."),
        Better.UP,
        lambda counts: counts.answered,
    ),
    Figure(
        "service_level",
        _("Service level"),
        Unit.SHARE,
        _(
            "Offered calls answered within %(service_level)d seconds of coming to the queue, of all that were "
            "answered, abandoned after more than %(service_level)d seconds, or left unanswered. Those who gave up "
            "sooner are not counted, nor are those who were turned away."
        ),
        Better.UP,
        lambda counts: share(counts.answered_in_time, counts.answered + counts.abandoned_late + counts.unanswered),
    ),
    Figure(
        "speed_of_answer",
        _("Average speed of answer"),
        Unit.SECONDS,
        _(
            "From the moment an offered call came to its first queue until an agent was on, on average over answered "
            "calls."
        ),
        Better.DOWN,
        lambda counts: share(counts.answer_seconds, counts.answered),
    ),
    Figure(
        "abandoned",
        _("Abandoned"),
        Unit.COUNT,
        _(
            "Offered calls that the end user gave up before an agent was on. Those who left while they chose in a "
            "menu had not been offered yet."
        ),
        Better.DOWN,
        lambda counts: counts.abandoned,
    ),
    Figure(
        "abandon_rate",
        _("Abandon rate"),
        Unit.SHARE,
        _("Abandoned calls of offered calls."),
        Better.DOWN,
        lambda counts: share(counts.abandoned, counts.offered),
    ),
    Figure(
        "time_to_abandon",
        _("Average time to abandon"),
        Unit.SECONDS,
        _(
            "From the moment a call came to its first queue until the end user gave it up, on average over abandoned "
            "calls."
        ),
        Better.NEITHER,
        lambda counts: share(counts.abandon_seconds, counts.abandoned),
    ),
    Figure(
        "handle_time",
        _("Average handle time"),
        Unit.SECONDS,
        _(
            "Talk, hold and wrap-up of agents, on average over conversations that are over. A conversation is the part "
            "of one agent in one call: a call that is handed from an agent to another has two. Calls that agents "
            "placed count too. A wrap-up belongs to the agent's last call before it. Of a team or an agent, it is what "
            "these agents did themselves, also in calls that others had last; of a branch, what any agent did in the "
            "calls of the branch."
        ),
        Better.NEITHER,
        lambda counts: share(counts.handle_seconds, counts.conversations),
    ),
    Figure(
        "talk_time",
        _("Average talk time"),
        Unit.SECONDS,
        _("The time that agent and end user were both on, without hold, on average over conversations."),
        Better.NEITHER,
        lambda counts: share(counts.talk_seconds, counts.conversations),
    ),
    Figure(
        "hold_time",
        _("Average hold time"),
        Unit.SECONDS,
        _("The time that the end user heard music in a conversation, on average over all conversations."),
        Better.DOWN,
        lambda counts: share(counts.hold_seconds, counts.conversations),
    ),
    Figure(
        "wrap_up_time",
        _("Average wrap-up time"),
        Unit.SECONDS,
        _("The time in status wrap-up after a conversation, on average over all conversations."),
        Better.NEITHER,
        lambda counts: share(counts.wrap_up_seconds, counts.conversations),
    ),
    Figure(
        "occupancy",
        _("Occupancy"),
        Unit.SHARE,
        _(
            "The time that agents talked, held or wrapped up, of that and the time they were available and not on a "
            "call. Breaks count for neither. All of the agents' time in the span counts, whatever the branch or the "
            "channel of their calls; where a branch is chosen, it is that of the agents in its groups."
        ),
        Better.NEITHER,
        lambda counts: share(counts.handling_seconds, counts.handling_seconds + counts.available_seconds),
    ),
    Figure(
        "deflections",
        _("Deflections"),
        Unit.COUNT,
        _(
            "How often a call got something else than an agent, because it was after hours, over capacity or "
            "redirected."
        ),
        Better.DOWN,
        lambda counts: counts.deflections,
    ),
    Figure(
        "callbacks_kept",
        _("Callbacks kept"),
        Unit.SHARE,
        _(
            "Of the calls that were promised for a time in the span (scheduled, or asked for to be called back, which "
            "is due at once): those that had agent and end user connected no later than %(kept_within)d minutes after "
            "that time. The time of a call that was moved is the one it was last moved to. Cancelled ones are "
            "not counted, the others as soon as they are kept or can be kept no more."
        ),
        Better.UP,
        lambda counts: share(counts.promises_kept, counts.promises),
    ),
    Figure(
        "transfers",
        _("Transfers"),
        Unit.COUNT,
        _("How often a call was handed on to another agent or menu, whether that succeeded or not."),
        Better.NEITHER,
        lambda counts: counts.transfers,
    ),
    Figure(
        "rating",
        _("Average rating"),
        Unit.STARS,
        _("What end users gave, from 1 to 5, on average over rated calls."),
        Better.UP,
        lambda counts: share(counts.stars, counts.ratings),
    ),
    Figure(
        "voicemails",
        _("Voicemails"),
        Unit.COUNT,
        _("Calls in which a message was left, heard or not."),
        Better.NEITHER,
        lambda counts: counts.voicemails,
    ),
)
FIGURES: dict[str, Figure] = {figure.key: figure for figure in _ALL}

# How calls come out, in the order that they are shown in, as columns of Counts.
OUTCOMES: dict[str, Promise] = {
    "talked": _("Talked"),
    "gave_up": _("Given up"),
    "voicemail": _("Voicemail"),
    "deflected": _("Deflected"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "under_way": _("Under way"),
}
