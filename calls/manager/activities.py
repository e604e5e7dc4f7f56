"""What agents did, line by line: the statuses they chose, and what had their time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import django_filters
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.http import QueryDict

from agents.models import Agent, Engagement, StatusChange
from agents.serializers import AgentInfo, agent_snapshot
from calls.manager.listings import Listing
from calls.manager.statuses import STATUSES, StatusObject
from calls.models import Offer
from ccai.api.filters import AnyOf, narrowed, read_pk, time_filters
from ccai.api.pagination import Cursor
from ccai.shapes import Seconds, Time
from ccai.times import wire_time
from menus.models import Menu

CASTS: dict[str, str] = {Menu.OfferType.MULTICAST: "multicast_", Menu.OfferType.DELTACAST: "deltacast_"}


class ActivityObject(TypedDict):
    """One thing that an agent did. It goes on where `ended_at` is null."""

    id: int
    agent_id: int
    whodunnit: AgentInfo
    status: StatusObject
    started_at: Time
    ended_at: Time | None
    duration: Seconds | None
    activity: str
    call_id: int | None
    chat_id: None


@dataclass(frozen=True)
class Activity:
    """A line of either history. Ids of status changes are even, those of engagements odd, so that none is two."""

    started_at: datetime
    pk: int

    @property
    def row(self) -> int:
        """The id of the row that tells of it."""
        return self.pk // 2

    @property
    def is_status(self) -> bool:
        """True where the agent has chosen a status; false where something has taken their time."""
        return self.pk % 2 == 0


class StatusFilter(django_filters.FilterSet):
    """Filters of GET /agent_activity_logs, as they are for changes of status."""

    agent_id = AnyOf(field_name="agent", reader=read_pk)

    class Meta:
        model = StatusChange
        fields: list[str] = []


class EngagementFilter(django_filters.FilterSet):
    """Filters of GET /agent_activity_logs, as they are for engagements."""

    agent_id = AnyOf(field_name="agent", reader=read_pk)

    class Meta:
        model = Engagement
        fields: list[str] = []


StatusFilter.base_filters.update(time_filters(started_at="at"))
EngagementFilter.base_filters.update(time_filters(started_at="started_at"))


class Activities(Listing[Activity]):
    """Both histories as one, by `started_at`; each page is read from either along an index."""

    timed = True

    def __init__(self, params: QueryDict) -> None:
        self.changes = narrowed(StatusChange.objects.all(), params, StatusFilter)
        self.engagements = narrowed(Engagement.objects.all(), params, EngagementFilter)

    def count(self) -> int:
        """How many lines there are."""
        return self.changes.count() + self.engagements.count()

    def read(self, place: Cursor | None, *, falling: bool, most: int) -> list[Activity]:
        """The first lines beyond `place`, or of all; `most` at most."""
        changes = ordered(self.changes, "at", 0, place, falling=falling)[:most]
        engagements = ordered(self.engagements, "started_at", 1, place, falling=falling)[:most]
        found = [Activity(at, 2 * pk) for at, pk in changes]
        found += [Activity(at, 2 * pk + 1) for at, pk in engagements]
        found.sort(key=lambda activity: (activity.started_at, activity.pk), reverse=falling)
        return found[:most]

    def place_after(self, rows: int, *, falling: bool) -> Cursor | None:
        """The place beyond the first so many lines; None where there are not so many."""
        changes = self.changes.order_by().annotate(line=F("pk") * 2).values_list("at", "line")
        engagements = self.engagements.order_by().annotate(line=F("pk") * 2 + 1).values_list("started_at", "line")
        order = ("-at", "-line") if falling else ("at", "line")
        found = list(changes.union(engagements, all=True).order_by(*order)[rows - 1 : rows])
        return Cursor(found[0][0], found[0][1], backward=False) if found else None

    def place_of(self, row: Activity) -> Cursor:
        """The place beyond `row`."""
        return Cursor(row.started_at, row.pk, backward=False)


def ordered(
    rows: QuerySet[Any], column: str, odd: int, place: Cursor | None, *, falling: bool
) -> QuerySet[Any, tuple[datetime, int]]:
    """Time and id of `rows`, in order, beyond `place`. A line's id is twice that of its row, plus `odd`."""
    if place is not None:
        edge, side = ("lte", "lt") if falling else ("gte", "gt")
        here = Q(pk__lt=(place.pk - odd + 1) // 2) if falling else Q(pk__gt=(place.pk - odd) // 2)
        rows = rows.filter(Q(**{f"{column}__{edge}": place.value})).filter(
            Q(**{f"{column}__{side}": place.value}) | Q(**{column: place.value}) & here
        )
    return rows.order_by(*((f"-{column}", "-pk") if falling else (column, "pk"))).values_list(column, "pk")


def activity_objects(activities: list[Activity]) -> list[ActivityObject]:
    """`activities` as the wire shows them, in a fixed number of queries."""
    changes = _changes([activity.row for activity in activities if activity.is_status])
    engagements = (
        Engagement.objects.filter(pk__in=[activity.row for activity in activities if not activity.is_status])
        .select_related("offer__call", "participant", "dial_prompt")
        .only(
            "agent_id",
            "kind",
            "ended_at",
            "offer__status",
            "offer__transfer_id",
            "offer__call_id",
            "offer__call__offer_type",
            "participant__call_id",
            "dial_prompt__call_id",
        )
        .in_bulk()
    )
    who = {change.agent_id for change in changes.values()} | {one.agent_id for one in engagements.values()}
    agents = {pk: agent_snapshot(agent) for pk, agent in Agent.objects.select_related("user").in_bulk(who).items()}
    found = []
    for activity in activities:
        if activity.is_status and (change := changes.get(activity.row)):
            found.append(_of_status(activity, change, agents[change.agent_id]))
        elif not activity.is_status and (engagement := engagements.get(activity.row)):
            found.append(_of_engagement(activity, engagement, agents[engagement.agent_id]))
    return found


def _changes(pks: list[int]) -> dict[int, Any]:
    """The changes of status with these ids, each with the status `before` it and the time of the `following` one."""
    others = StatusChange.objects.filter(agent=OuterRef("agent"))
    same: Combinable = OuterRef("at")
    earlier = others.filter(at__lte=same).filter(Q(at__lt=same) | Q(pk__lt=OuterRef("pk"))).order_by("-at", "-pk")
    later = others.filter(at__gte=same).filter(Q(at__gt=same) | Q(pk__gt=OuterRef("pk"))).order_by("at", "pk")
    return (
        StatusChange.objects.filter(pk__in=pks)
        .annotate(before=Subquery(earlier.values("status")[:1]), following=Subquery(later.values("at")[:1]))
        .in_bulk()
    )


def _of_status(activity: Activity, change: Any, agent: AgentInfo) -> ActivityObject:
    """A status that the agent has chosen, or that was chosen for them."""
    word = "user_status_changed"
    if change.status == Agent.Status.OFFLINE:
        word = "logout"
    elif change.before in (None, Agent.Status.OFFLINE):
        word = "login"
    return _line(activity, agent, change.status, word, ended_at=change.following, call_id=None)


def _of_engagement(activity: Activity, engagement: Engagement, agent: AgentInfo) -> ActivityObject:
    """Something that has taken the agent's time."""
    offer: Offer | None = getattr(engagement, "offer", None)
    participant = getattr(engagement, "participant", None)
    prompt = getattr(engagement, "dial_prompt", None)
    call_id = next((one.call_id for one in (participant, offer, prompt) if one is not None and one.call_id), None)
    status: str = Agent.Status.AVAILABLE
    if engagement.kind == Engagement.Kind.CALL:
        status = Agent.ON_CALL
    return _line(activity, agent, status, _word(engagement.kind, offer), ended_at=engagement.ended_at, call_id=call_id)


def _word(kind: str, offer: Offer | None) -> str:
    """What the platform calls it. A dial prompt that came to nothing has no word there."""
    if offer is None:
        return "call_outbound_dialing" if kind == Engagement.Kind.CALL else "dial_prompt"
    cast = "" if offer.transfer_id else CASTS.get(offer.call.offer_type, "")
    if kind == Engagement.Kind.CALL:
        return f"{cast}call_picked_up"
    if offer.status in (Offer.Status.EXPIRED, Offer.Status.DECLINED):
        return f"{cast}call_missed"
    return f"{cast}call_notification_offered"


def _line(
    activity: Activity, agent: AgentInfo, status: str, word: str, *, ended_at: datetime | None, call_id: int | None
) -> ActivityObject:
    seconds = int((ended_at - activity.started_at).total_seconds()) if ended_at else None
    return ActivityObject(
        id=activity.pk,
        agent_id=agent["id"],
        whodunnit=agent,
        status=STATUSES[status],
        started_at=wire_time(activity.started_at),
        ended_at=wire_time(ended_at),
        duration=seconds,
        activity=word,
        call_id=call_id,
        chat_id=None,
    )
