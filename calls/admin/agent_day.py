"""A day of one agent: what they said they did and what had their time, to scale, and their figures beside their team's.

A day is one of the center, from midnight to midnight: 23 or 25 hours where the clocks change.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from agents.models import Agent, Engagement, StatusChange
from calls.figures import AgentFigures, agents_today
from calls.models import DialPrompt, Hold, Offer, Participant
from calls.scope import Scope
from ccai.admin import duration
from ccai.times import midnight

# Hours between two marks of the scale.
MARKED = 3
# Of a day on which nothing happened, what comes before this hour is out of sight where there is not room for all.
MORNING = 6
# What takes an agent's time and is over by then did not begin longer ago.
LONGEST = timedelta(days=1)


# From a moment to a moment; None: it goes on.
Stretch = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Bar:
    """A stretch of the day: where it stands, in percent of the day, and what it was."""

    kind: str  # of the lane
    first: datetime
    last: datetime
    left: str
    width: str
    colour: str
    text: str
    times: str  # 09:00:12 to 09:04:30, 4:18
    url: str = ""


@dataclass
class Lane:
    """One kind of thing that takes time."""

    title: str
    bars: list[Bar] = field(default_factory=list)


class Day:
    """The scale: a day of the center, of which no more than what is over by `at` is drawn."""

    def __init__(self, day: date, at: datetime) -> None:
        self.start, self.end = day_span(day)
        self.over = max(self.start, min(self.end, at))
        self.seconds = (self.end - self.start).total_seconds()

    def percent(self, moment: datetime) -> str:
        """Where `moment` stands, from 0 to 100, with a point whatever the language."""
        return f"{(moment - self.start).total_seconds() / self.seconds * 100:.4f}"

    def marks(self) -> list[tuple[str, str]]:
        """Where each third hour of the day stands, and what the clock says then."""
        found = []
        moment = self.start
        while moment < self.end:
            local = timezone.localtime(moment)
            if local.hour % MARKED == 0 and local.minute == 0 and not local.fold:
                found.append((self.percent(moment), f"{local:%H:%M}"))
            moment += timedelta(hours=1)
        return found

    def bar(self, lane: Lane, stretch: Stretch, text: str | Promise, colour: str, *, url: str = "") -> None:
        """`lane` has a bar from the beginning to the end of `stretch`, as far as that lies within the day."""
        first, last = stretch
        begun, ended = max(first, self.start), min(last or self.over, self.over)
        if begun >= ended:
            return
        seconds = int((ended - begun).total_seconds())
        clock = [f"{timezone.localtime(moment):%H:%M:%S}" for moment in (begun, ended)]
        if last is None and self.over < self.end:
            clock[1] = _("now")
        elif ended == self.end:
            clock[1] = "24:00"
        times = _("%(first)s to %(last)s, %(long)s") % {"first": clock[0], "last": clock[1], "long": duration(seconds)}
        width = f"{(ended - begun).total_seconds() / self.seconds * 100:.4f}"
        lane.bars.append(Bar(lane.title, begun, ended, self.percent(begun), width, colour, str(text), times, url))


def day_span(day: date) -> tuple[datetime, datetime]:
    """The moments at which `day` begins and ends in the center, in UTC, in which hours are as long as they last."""
    return midnight(day).astimezone(UTC), midnight(day + timedelta(days=1)).astimezone(UTC)


def day_of(agent: Agent, day: date, scope: Scope, *, at: datetime) -> dict[str, Any]:
    """All that the page of `agent`'s day shows, as far as `scope` lets it be seen."""
    scale = Day(day, at)
    lanes = [
        _statuses(agent, scale),
        *_calls(agent, scale, scope),
        _offers(agent, scale),
        _prompts(agent, scale),
    ]
    stretches = sorted((bar for lane in lanes for bar in lane.bars), key=lambda bar: (bar.first, bar.last))
    begun = [bar.first for bar in stretches if bar.colour != Agent.Status.OFFLINE and bar.first > scale.start]
    return {
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "hours": round(scale.seconds / 3_600),
        "marks": scale.marks(),
        "now_at": scale.percent(at) if scale.start <= at < scale.end else None,
        "begins_at": scale.percent(begun[0] if begun else scale.start + timedelta(hours=MORNING)),
        "lanes": lanes,
        "stretches": stretches,
        **_compared(agent, scale, scope),
    }


def _statuses(agent: Agent, scale: Day) -> Lane:
    """What the agent said. Of whom nothing is written down was offline."""
    lane = Lane(_("Status"))
    changes = StatusChange.objects.filter(agent=agent)
    before = changes.filter(at__lte=scale.start).order_by("-at", "-pk").first()
    status, since = before.status if before else Agent.Status.OFFLINE, scale.start
    for change in changes.filter(at__gt=scale.start, at__lt=scale.end).order_by("at", "pk"):
        scale.bar(lane, (since, change.at), Agent.Status(status).label, status)
        status, since = change.status, change.at
    scale.bar(lane, (since, None), Agent.Status(status).label, status)
    return lane


def _calls(agent: Agent, scale: Day, scope: Scope) -> Iterator[Lane]:
    """When a call had the agent, when the two talked, and when the end user was on hold."""
    stays = list(
        Participant.objects.filter(_in(scale, "engagement__started_at", "engagement__ended_at"))
        .filter(agent=agent, engagement__kind=Engagement.Kind.CALL)
        .select_related("engagement")
        .order_by("engagement__started_at")
    )
    holds = list(Hold.objects.filter(_in(scale, "started_at", "ended_at"), agent=agent).order_by("started_at"))
    seen = _seen({stay.call_id for stay in stays} | {hold.call_id for hold in holds}, scope)
    on_calls, talks, held = Lane(_("On a call")), Lane(_("Talking")), Lane(_("On hold"))
    for stay in stays:
        name, url = _("Call %(id)d") % {"id": stay.call_id}, seen.get(stay.call_id, "")
        if stay.engagement:
            scale.bar(on_calls, (stay.engagement.started_at, stay.engagement.ended_at), name, "call", url=url)
        if stay.connected_at:
            scale.bar(talks, (stay.connected_at, stay.ended_at), name, "talk", url=url)
    for hold in holds:
        name, url = _("Call %(id)d") % {"id": hold.call_id}, seen.get(hold.call_id, "")
        scale.bar(held, (hold.started_at, hold.ended_at), name, "hold", url=url)
    yield from (on_calls, talks, held)


def _offers(agent: Agent, scale: Day) -> Lane:
    """What the agent was offered, and what became of it."""
    lane = Lane(_("Offered"))
    for offer in Offer.objects.filter(_in(scale, "offered_at", "settled_at"), agent=agent).order_by("offered_at"):
        text = _("Call %(id)d: %(outcome)s") % {"id": offer.call_id, "outcome": offer.get_status_display()}
        scale.bar(lane, (offer.offered_at, offer.settled_at), text, f"offer-{offer.status}")
    return lane


def _prompts(agent: Agent, scale: Day) -> Lane:
    """When the agent was asked to complete a call that a program had begun."""
    lane = Lane(_("Dial prompt"))
    asked = DialPrompt.objects.filter(agent=agent, created_at__gt=scale.start - LONGEST, created_at__lt=scale.end)
    for prompt in asked.select_related("engagement", "call").order_by("created_at"):
        ended = prompt.call.created_at if prompt.call else prompt.engagement.ended_at
        scale.bar(lane, (prompt.created_at, ended), prompt.get_status_display(), "prompt")
    return lane


def _in(scale: Day, begun: str, ended: str) -> Q:
    """Rows that take a part of the day, by the columns of their beginning and their end."""
    recent = Q(**{f"{begun}__gt": scale.start - LONGEST, f"{begun}__lt": scale.end})
    return recent & (Q(**{f"{ended}__gt": scale.start}) | Q(**{f"{ended}__isnull": True}))


def _seen(call_ids: Collection[int], scope: Scope) -> dict[int, str]:
    """The pages of those calls that may be seen, by id."""
    seen = scope.calls().filter(pk__in=call_ids).values_list("pk", flat=True)
    return {pk: reverse("admin:calls_call_change", args=[pk]) for pk in seen}


def _compared(agent: Agent, scale: Day, scope: Scope) -> dict[str, Any]:
    """The agent's figures of the day, and those of an average agent of the team who was there."""
    team = []
    if agent.team_id:
        team = list(scope.agents().filter(team=agent.team_id).values_list("pk", flat=True))
    figures = agents_today(sorted({agent.pk, *team}), scale.start, scale.end)
    there = [figures[pk] for pk in team if figures[pk].available_seconds or figures[pk].handle_seconds]
    own = _shown([figures[agent.pk]])
    others = _shown(there) if there else [None] * len(own)
    return {
        "figures": [(*mine, theirs and theirs[1]) for mine, theirs in zip(own, others, strict=True)],
        "team_size": len(there),
    }


def _shown(agents: Sequence[AgentFigures]) -> list[tuple[str, str]]:
    """Each figure of an average one of `agents`, in words."""
    count = len(agents)
    calls = sum(one.calls for one in agents)
    handled = sum(one.handle_seconds for one in agents)
    working = handled + sum(one.available_seconds for one in agents)

    def mean(total: float) -> str:
        return duration(round(total / count)) or ""

    def number(total: int) -> str:
        return f"{total}" if count == 1 else f"{total / count:.1f}"

    return [
        (_("Calls"), number(calls)),
        (_("Talk"), mean(sum(one.talk_seconds for one in agents))),
        (_("Hold"), mean(sum(one.hold_seconds for one in agents))),
        (_("Wrap-up"), mean(sum(one.wrap_up_seconds for one in agents))),
        (_("Handle time of a call"), (duration(round(handled / calls)) or "") if calls else "–"),
        (_("Missed offers"), number(sum(one.missed for one in agents))),
        (_("Available"), mean(sum(one.available_seconds for one in agents))),
        (_("Occupancy"), f"{handled / working:.0%}" if working else "–"),
    ]
