"""A call drawn to scale: a lane for each thing that goes on, and in it a bar for each stretch of time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from calls.models import FailReason, Offer, Participant, Status, Transfer
from calls.showing.scale import Scale
from calls.showing.story import Story
from ccai.admin import duration

# Agents who were offered the call and never had it, that have a lane; the table names all.
MOST_LANES_OF_OFFERS = 8

# From here on, in per cent, the text of a mark stands to its left.
LAST_PLACE = 90

# The lanes of where the call stands: the statuses in each, and its name.
STANDING: tuple[tuple[str, Promise, tuple[str, ...]], ...] = (
    ("scheduled", gettext_lazy("Scheduled"), (Status.SCHEDULED,)),
    ("menu", gettext_lazy("In the menus"), (Status.SELECTING,)),
    ("queue", gettext_lazy("In the queue"), (Status.QUEUED,)),
    ("ring", gettext_lazy("Connecting"), (Status.ASSIGNED, Status.CONNECTING, Status.SWITCHING)),
    ("talk", gettext_lazy("Elsewhere"), (Status.ACTION_ONLY,)),
    ("message", gettext_lazy("Voicemail"), (Status.VOICEMAIL,)),
)
OFFERED: dict[str, Promise] = {
    Offer.Status.OPEN: gettext_lazy("Offered"),
    Offer.Status.ACCEPTED: gettext_lazy("Accepted"),
    Offer.Status.DECLINED: gettext_lazy("Declined"),
    Offer.Status.EXPIRED: gettext_lazy("Not answered"),
    Offer.Status.WITHDRAWN: gettext_lazy("Withdrawn"),
}


# From when to when; without an end it goes on.
When = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Bar:
    """A stretch of time: `left` and `width` in per cent. `kind` says how it is drawn, `title` tells all of it."""

    kind: str
    start: datetime
    end: datetime
    text: str
    title: str
    goes_on: bool = False
    left: str = ""
    width: str = ""
    has_room: bool = False


@dataclass
class Lane:
    """A row of the drawing."""

    name: str
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class Mark:
    """A place on the axis, and how long after the beginning it is."""

    left: str
    text: str
    is_last: bool  # too far to the right for its text


@dataclass(frozen=True)
class Timeline:
    """All of it, with the stretches that are drawn shorter than they were."""

    lanes: list[Lane]
    marks: list[Mark]
    shortened: list[tuple[str, str, str]]  # left, width, how long it was
    more_agents: int


def draw(story: Story) -> Timeline:
    """The timeline of `story`."""
    people, more_agents = _people(story)
    lanes = [*_standing(story), *people, *_holds(story), *_transfers(story)]
    lanes = [lane for lane in lanes if lane.bars]
    begin = story.call.created_at
    ends = [begin, story.ends_at]
    scale = Scale([moment for lane in lanes for bar in lane.bars for moment in (bar.start, bar.end)] + ends)
    for lane in lanes:
        lane.bars = [_placed(bar, scale) for bar in lane.bars]
    marks: dict[str, Mark] = {}
    for place, at in scale.marks():
        text = duration(int((at - begin).total_seconds())) or ""
        # Of moments within one second, the first has the mark.
        marks.setdefault(text, Mark(f"{place:.3f}", text, place > LAST_PLACE))
    return Timeline(
        lanes,
        list(marks.values()),
        [(f"{one.left:.3f}", f"{one.width:.3f}", duration(one.seconds) or "") for one in scale.shortened],
        more_agents,
    )


def lasted(start: datetime, end: datetime) -> str:
    """How long it was from `start` to `end`; below ten seconds with tenths."""
    seconds = max(0.0, (end - start).total_seconds())
    if 0 < seconds < 10:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.1f}".removesuffix(".0")}
    return duration(int(seconds)) or ""


def name_of(participant: Participant) -> str:
    """Who it is."""
    if participant.type == Participant.Type.AGENT and participant.agent is not None:
        return str(participant.agent)
    return participant.get_type_display()


def _bar(story: Story, kind: str, when: When, lane: str, text: str, *, note: str = "") -> Bar:
    """A bar of the lane called `lane`; without an end it goes on."""
    start, end = when
    until = max(start, end or story.ends_at)
    title = _("%(name)s: %(text)s, %(lasted)s, from %(start)s after the beginning") % {
        "name": lane,
        "text": text,
        "lasted": lasted(start, until),
        "start": duration(int(max(0.0, (start - story.call.created_at).total_seconds()))),
    }
    if note:
        title = f"{title}. {note}"
    return Bar(kind, start, until, text, title, goes_on=end is None and story.is_live)


def _placed(bar: Bar, scale: Scale) -> Bar:
    left = scale.place(bar.start)
    width = scale.place(bar.end) - left
    return replace(
        bar,
        # The last per cent is kept free, so that what began and ended at the very end is seen.
        left=f"{min(left, 99.2):.3f}",
        width=f"{max(width, 0.0):.3f}",
        has_room=width >= 7,
    )


def _standing(story: Story) -> Iterator[Lane]:
    """Where the call stood: a lane for each kind of place."""
    stretches: list[tuple[str, datetime, datetime | None]] = [
        (one.new, one.at, two.at) for one, two in pairwise(story.events)
    ]
    if story.events and story.is_live:
        stretches.append((story.events[-1].new, story.events[-1].at, None))
    queue = str(story.call.queue) if story.call.queue else ""
    for kind, name, statuses in STANDING:
        lane = Lane(str(name))
        for status, start, end in stretches:
            if status in statuses:
                text = queue if kind == "queue" and queue else str(Status(status).label)
                lane.bars.append(_bar(story, kind, (start, end), str(name), text))
        yield lane


def _people(story: Story) -> tuple[list[Lane], int]:
    """A lane for each agent, with what they were offered and when they were on; one for the end user; and how many
    agents have none, since there are too many who only were offered the call."""
    agents: dict[int, Lane] = {}
    has_been_on = {stay.agent_id for stay in story.participants if stay.agent_id}
    only_offered: set[int] = set()
    skipped: set[int] = set()
    for offer in story.offers:
        if offer.agent_id not in has_been_on and offer.agent_id not in only_offered:
            if len(only_offered) >= MOST_LANES_OF_OFFERS:
                skipped.add(offer.agent_id)
                continue
            only_offered.add(offer.agent_id)
        lane = agents.setdefault(offer.agent_id, Lane(str(offer.agent)))
        text = str(OFFERED[offer.status])
        note = _("Group %(group)s, round %(round)s") % {"group": offer.group, "round": offer.round}
        if not offer.group:
            note = _("By a transfer")
        when = offer.offered_at, offer.settled_at
        lane.bars.append(_bar(story, f"offer-{offer.status}", when, lane.name, text, note=note))
    others: dict[str, Lane] = {}
    for stay in story.participants:
        if stay.agent_id:
            lane = agents.setdefault(stay.agent_id, Lane(name_of(stay)))
        else:
            lane = others.setdefault(stay.type, Lane(name_of(stay)))
        lane.bars += _stay(story, stay, lane.name)
    return [*agents.values(), *others.values()], len(skipped)


def _stay(story: Story, stay: Participant, name: str) -> Iterator[Bar]:
    """One stay: on the line and waiting, rung, and talking."""
    end = stay.ended_at
    note = "" if stay.fail_reason == FailReason.NOTHING else stay.get_fail_reason_display()
    waits_since = stay.on_line_at or stay.dialled_at
    if waits_since and waits_since != stay.connected_at:
        kind, text = ("wait", _("On the line")) if stay.on_line_at else ("ring", _("Rings"))
        until = stay.connected_at or end
        yield _bar(story, kind, (waits_since, until), name, text, note="" if stay.connected_at else note)
    if stay.connected_at:
        text = _("Talks") if stay.type == Participant.Type.END_USER or story.call.connected_at else _("On the line")
        yield _bar(story, "talk", (stay.connected_at, end), name, text, note=note)


def _holds(story: Story) -> Iterator[Lane]:
    name = _("On hold")
    yield Lane(
        name,
        [
            _bar(story, "hold", (hold.started_at, hold.ended_at), name, _("By %(agent)s") % {"agent": hold.agent})
            for hold in story.holds
        ],
    )


def _transfers(story: Story) -> Iterator[Lane]:
    name = _("Transfers")
    lane = Lane(name)
    for made in story.transfers:
        target = (made.to_agent or made.to_menu or {}).get("name", "")
        text = _("%(kind)s, to %(target)s") % {"kind": made.get_kind_display(), "target": target}
        note = made.get_status_display()
        if made.fail_reason != FailReason.NOTHING:
            note = f"{note}: {made.get_fail_reason_display()}"
        is_over = made.ended_at or (None if made.status == Transfer.Status.TRANSFERRING else made.created_at)
        lane.bars.append(_bar(story, f"transfer-{made.status}", (made.created_at, is_over), name, text, note=note))
    yield lane
