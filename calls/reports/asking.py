"""What a report is asked for, as its address says."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Agent, Team
from agents.scope import with_teams_below
from calls.figures import Selection
from calls.figures.definitions import FIGURES
from calls.figures.spans import Span, Step
from calls.models import Channel
from calls.scope import Scope
from ccai.admin import is_id
from ccai.times import now
from menus.scope import branch_ids
from menus.tree import in_order

# Of a report: a year. Its figures are added up anew whenever it is asked for, while somebody waits.
MOST_DAYS = 1_100
NAMES = ("span", "from", "to", "branch", "team", "agent", "channel", "step", "heat")
# Figures that the heat map can show.
HEATS = ("calls", "offered", "abandoned", "service_level", "abandon_rate", "speed_of_answer", "handle_time")


class Days(StrEnum):
    """Spans that have a name."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "7"
    MONTH = "30"
    CUSTOM = "custom"


DAYS: dict[Days, Promise] = {
    Days.TODAY: gettext_lazy("Today"),
    Days.YESTERDAY: gettext_lazy("Yesterday"),
    Days.WEEK: gettext_lazy("Last 7 days"),
    Days.MONTH: gettext_lazy("Last 30 days"),
    Days.CUSTOM: gettext_lazy("From a day to a day"),
}
STEPS: dict[Step, Promise] = {
    Step.QUARTER: gettext_lazy("15 minutes"),
    Step.HOUR: gettext_lazy("Hour"),
    Step.DAY: gettext_lazy("Day"),
}
# What is said where the address names what there is not.
MISSING: dict[str, Promise] = {
    "branch": gettext_lazy("The branch is not there any more, or is not yours to see. All branches are shown."),
    "team": gettext_lazy("The team is not there any more, or is not yours to see. All teams are shown."),
    "agent": gettext_lazy("The agent is not there any more, or is not yours to see. All agents are shown."),
}


@dataclass(frozen=True)
class Choices:
    """What there is to choose from, for somebody with a scope: ids and names."""

    branches: list[tuple[int, str]]
    teams: list[tuple[int, str]]
    agents: list[tuple[int, str]]


@dataclass
class Asked:
    """A report that somebody asked for; `fault` says what of it could not be read, and is "" where all could.

    `is_found` is False where it names a branch, team or agent that there is not, or that is outside of `scope`; then
    all of `scope` is meant.
    """

    said: QueryDict
    scope: Scope
    fault: str = ""
    is_found: bool = True
    span: Span = field(init=False)
    days: Days = field(init=False)
    selection: Selection = field(init=False)

    def __post_init__(self) -> None:
        self.choices = _choices(self.scope)
        self.days, self.span = self._read_span()
        self.branch, self.team, self.agent = (
            self._chosen(name, options)
            for name, options in (
                ("branch", self.choices.branches),
                ("team", self.choices.teams),
                ("agent", self.choices.agents),
            )
        )
        channel = self.said.get("channel")
        self.channel = Channel(channel) if channel in Channel.values else None
        if channel and self.channel is None:
            self._say(_("There is no channel called %(channel)s. All channels are shown.") % {"channel": channel})
        steps = self.span.steps()
        step = self.said.get("step")
        self.step = Step(step) if step in steps else self.span.usual_step()
        heat = self.said.get("heat", "")
        self.heat = FIGURES[heat if heat in HEATS else "calls"]
        self.selection = Selection(
            self.scope,
            menus=None if self.branch is None else frozenset(branch_ids([self.branch])),
            agents=self._agents(),
            channel=self.channel,
        )

    @property
    def query(self) -> str:
        """What the address says, and nothing empty or foreign."""
        return urlencode({name: self.said[name] for name in NAMES if self.said.get(name)})

    def _say(self, fault: str) -> None:
        self.fault = f"{self.fault} {fault}".strip()

    def _chosen(self, name: str, options: list[tuple[int, str]]) -> int | None:
        """The id that the address says under `name`, one of those of `options`; None where it says nothing, or what
        is none of them."""
        text = self.said.get(name, "")
        if is_id(text) and int(text) in dict(options):
            return int(text)
        if text:
            self._say(str(MISSING[name]))
            self.is_found = False
            # The address of what is shown is without it.
            self.said = self.said.copy()
            del self.said[name]
        return None

    def _agents(self) -> frozenset[int] | None:
        """The ids of the agents whose calls are looked at; None for all."""
        if self.team is None:
            return None if self.agent is None else frozenset([self.agent])
        of_team = self.scope.agents().filter(team__in=with_teams_below({self.team}))
        ids = frozenset(of_team.values_list("pk", flat=True))
        return ids if self.agent is None else ids & {self.agent}

    def _read_span(self) -> tuple[Days, Span]:
        at = now()
        today = timezone.localdate(at)
        word = self.said.get("span", "")
        if word == Days.CUSTOM:
            first, last = _day(self.said.get("from", "")), _day(self.said.get("to", ""))
            self.fault = _fault(first, last)
            if first and last and not self.fault:
                return Days.CUSTOM, Span(first, last, at)
        yesterday = today - timedelta(days=1)
        named = {
            Days.TODAY: (today, today),
            Days.YESTERDAY: (yesterday, yesterday),
            Days.MONTH: (today - timedelta(days=29), today),
        }
        days = Days(word) if word in named else Days.WEEK
        return days, Span(*named.get(days, (today - timedelta(days=6), today)), at)


def _fault(first: date | None, last: date | None) -> str:
    """What is wrong with a span from the one to the other; "" where nothing is."""
    if first is None or last is None:
        return _("Choose the first and the last day. The last 7 days are shown.")
    if last < first:
        return _("The last day lies before the first. The last 7 days are shown.")
    if (last - first).days >= MOST_DAYS or first.year < 2000 or last.year > 9000:
        return _("Choose %(days)d days at most. The last 7 days are shown.") % {"days": MOST_DAYS}
    return ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _choices(scope: Scope) -> Choices:
    menus = scope.queues().filter(deleted=False).order_by("position", "pk")
    agents = scope.agents().select_related("user").order_by("user__first_name", "user__last_name", "user__email")
    teams = Team.objects.order_by("name")
    if scope.is_limited:
        own = teams.filter(agents__in=scope.agents()) | teams.filter(pk__in=scope.teams or ())
        teams = own.distinct()
    return Choices(
        branches=[(menu.pk, f"{'– ' * depth}{menu.name}") for menu, depth in in_order(menus)],
        teams=[(team.pk, team.name) for team in teams],
        agents=[(agent.pk, _name(agent)) for agent in dict.fromkeys(agents)],
    )


def _name(agent: Agent) -> str:
    """Name, and what tells two of the same name apart."""
    return f"{agent} ({agent.agent_number})" if agent.agent_number else str(agent)
