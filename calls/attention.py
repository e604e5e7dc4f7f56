"""What needs somebody's attention, on the page that people see first: questions, nothing of pages.

Each question is asked of few rows, along an index, however long the history is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

import redis
from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from agents.models import Agent
from calls.crm import crm, pausing
from calls.models import Call, EndUser, FailReason, Status
from calls.models.call import WITH_AGENT
from calls.scope import Scope
from calls.voip import can_be_rung
from ccai import heartbeat
from ccai.models import WebhookEndpoint
from menus.models import DeflectionOption, Menu

# A deadline is settled within a tick or two; what is later than this is stuck.
STUCK_AFTER = timedelta(seconds=60)
# A provider is in trouble where at least so many calls, and half of all there, have failed on the line lately.
LATELY = timedelta(minutes=15)
FAILED_CALLS = 3
LINE_FAILURES = (
    FailReason.VOIP_CONN_GENERAL,
    FailReason.VOIP_CONN_TIMEOUT,
    FailReason.VOIP_CONN_SIGNAL,
    FailReason.VOIP_INVALID_TOKEN,
    FailReason.VOIP_TWILIO_ERROR,
    FailReason.VOIP_TOKBOX_ERROR,
    FailReason.VOIP_NEXMO_ERROR,
    FailReason.STUCK_DUE_TO_API_ERROR,
)
SHOWN = 5
# How long a message has waited that should have been heard, and since when nobody waits for that any more: the first
# page asks on every visit, and a history has many years.
LATE_AFTER, NO_MORE_AFTER = timedelta(days=1), timedelta(days=30)


class Concern(Enum):
    """What may be wrong, the worst first."""

    CLOCK_STANDS = auto()
    PROVIDER_UNHEARD = auto()
    PROVIDER_FAILS = auto()
    CALLS_STUCK = auto()
    QUEUES_UNSERVED = auto()
    CRM_REFUSES = auto()
    WEBHOOKS_STAND = auto()
    CALLS_OVERDUE = auto()
    AGENTS_WITHOUT_PHONE = auto()
    MENUS_CLOSED = auto()
    MENUS_UNSERVED = auto()
    MENUS_REDIRECTED = auto()
    CRM_SILENT = auto()
    WEBHOOKS_FAILING = auto()
    VOICEMAILS_UNHEARD = auto()


@dataclass(frozen=True)
class Notice:
    """One thing that needs attention: how many there are, and the first of them, each its id and its name."""

    concern: Concern
    count: int = 1
    examples: list[tuple[int, object]] = field(default_factory=list)
    name: str = ""


def notices(scope: Scope, at: datetime) -> list[Notice]:
    """What needs attention at the moment `at`, of what `scope` sees; empty where all is well."""
    worker, beat, sender = _alive()
    found = [*_of_the_clock(worker and beat), *_of_calls(scope, at), *_of_menus(scope)]
    if not scope.is_limited:
        # What goes beyond the calls and menus of some branches.
        found += [*_of_providers(at), *_of_agents(), *_of_the_crm(at)]
        # Without beat nothing is sent either, which the clock's own notice says.
        found += _of_webhooks(at, sent=sender or not beat)
    order = list(Concern)
    return sorted(found, key=lambda notice: order.index(notice.concern))


def _alive() -> list[bool]:
    """Whether the clock's workers, beat and who sends webhooks are there; nobody is where Redis does not answer."""
    names = (heartbeat.WORKER, heartbeat.BEAT, heartbeat.SENDER)
    try:
        return heartbeat.seen_lately(names)
    except redis.RedisError:
        return [False for _name in names]


def _of_the_clock(ticks: bool) -> Iterator[Notice]:
    """Nothing is dialled, expired or settled while no tick comes."""
    if not ticks:
        yield Notice(Concern.CLOCK_STANDS)


def _of_providers(at: datetime) -> Iterator[Notice]:
    """Providers that are not heard; and those at which many of the latest calls failed on the line, or the very latest
    did, one after the other."""
    for name in settings.CCAI_VOIP_PROVIDERS:
        if complaint := pausing.complaint(f"voip:{name}"):
            yield Notice(Concern.PROVIDER_UNHEARD, name=gettext(complaint))
    lately = (
        Call.objects.filter(created_at__gt=at - LATELY)
        .exclude(voip_provider="")
        .values("voip_provider")
        .annotate(all=Count("pk"), failed=Count("pk", filter=Q(fail_reason__in=LINE_FAILURES)))
        .order_by("voip_provider")
    )
    for row in lately:
        if row["failed"] < FAILED_CALLS:
            continue
        name = row["voip_provider"]
        over = Call.objects.filter(created_at__gt=at - LATELY, voip_provider=name, ends_at__isnull=False)
        latest = list(over.order_by("-created_at", "-pk").values_list("fail_reason", flat=True)[:FAILED_CALLS])
        if row["failed"] * 2 >= row["all"] or set(latest) <= set(LINE_FAILURES):
            failed = over.filter(fail_reason__in=LINE_FAILURES).order_by("-created_at", "-pk")
            examples: list[tuple[int, object]] = [(pk, pk) for pk in failed.values_list("pk", flat=True)[:SHOWN]]
            yield Notice(Concern.PROVIDER_FAILS, row["failed"], examples, name)


def _of_agents() -> Iterator[Notice]:
    """Agents whom the provider that is tried first cannot ring."""
    active = Agent.objects.filter(user__is_active=True)
    unreachable = active.exclude(pk__in=can_be_rung(active).values("pk")).order_by("pk")
    yield from _of(Concern.AGENTS_WITHOUT_PHONE, unreachable, "user__email")


def _of_calls(scope: Scope, at: datetime) -> Iterator[Notice]:
    """Calls past their deadline, or of which the provider has not been able to say anything; scheduled ones whose time
    has come and gone; messages nobody heard."""
    calls = scope.calls()
    late = Q(deadline_at__lt=at - STUCK_AFTER)
    silent = Q(status__in=WITH_AGENT, unheard_since__lt=at - STUCK_AFTER)
    yield from _of(Concern.CALLS_STUCK, calls.filter(late | silent, ends_at=None).order_by("pk"), "pk")
    overdue = calls.filter(status=Status.SCHEDULED, scheduled_at__lt=at - STUCK_AFTER)
    yield from _of(Concern.CALLS_OVERDUE, overdue.order_by("scheduled_at", "pk"), "pk")
    unheard = calls.filter(
        status=Status.VOICEMAIL_RECEIVED, created_at__lt=at - LATE_AFTER, created_at__gt=at - NO_MORE_AFTER
    )
    yield from _of(Concern.VOICEMAILS_UNHEARD, unheard.order_by("-created_at", "-pk"), "pk")


def _of_menus(scope: Scope) -> Iterator[Notice]:
    """Menus that take calls and have nobody to answer them, or that somebody has closed or redirected by hand."""
    live = scope.queues().filter(deleted=False)
    leaves = live.filter(~Exists(Menu.objects.filter(parent=OuterRef("pk"), deleted=False)))
    serving = Agent.objects.filter(groups__menu=OuterRef("pk"), user__is_active=True)
    unserved = leaves.filter(~Exists(serving))
    waiting = Call.objects.filter(status=Status.QUEUED, queue=OuterRef("pk"))
    yield from _of(Concern.QUEUES_UNSERVED, unserved.filter(Exists(waiting)).order_by("pk"), "name")
    yield from _of(
        Concern.MENUS_UNSERVED, unserved.filter(~Exists(waiting), hidden=False, closing=None).order_by("pk"), "name"
    )
    # Of a branch that was closed, the menu that somebody closed.
    yield from _of(Concern.MENUS_CLOSED, live.filter(closing__menu=F("pk")).order_by("pk"), "name")
    redirected = DeflectionOption.objects.filter(
        menu=OuterRef("pk"), occasion=DeflectionOption.Occasion.REDIRECTION, active=True
    )
    yield from _of(Concern.MENUS_REDIRECTED, live.filter(Exists(redirected)).order_by("pk"), "name")


def _of_the_crm(at: datetime) -> Iterator[Notice]:
    """What keeps the CRM from answering until somebody mends it; and people whose name it has been asked for for a
    while, and has not told. Not who calls just now."""
    if complaint := crm().complaint():
        yield Notice(Concern.CRM_REFUSES, name=gettext(complaint))
    unknown = EndUser.objects.filter(ask_crm_at__isnull=False, created_at__lt=at - STUCK_AFTER)
    waiting = unknown.exclude(ask_crm_at__range=(at - STUCK_AFTER, at)).count()
    if waiting:
        yield Notice(Concern.CRM_SILENT, waiting)


def _of_webhooks(at: datetime, *, sent: bool) -> Iterator[Notice]:
    """There are endpoints, and nobody sends; endpoints where nothing has arrived for a while, or to which nothing is
    sent any more because of that."""
    if not sent and WebhookEndpoint.objects.filter(active=True).exists():
        yield Notice(Concern.WEBHOOKS_STAND)
    failing = Q(active=True, failing_since__lt=at - STUCK_AFTER)
    stopped = Q(active=False, disabled__in=(WebhookEndpoint.Disabled.GONE, WebhookEndpoint.Disabled.FAILING))
    endpoints = WebhookEndpoint.objects.filter(failing | stopped).order_by("pk")
    yield from _of(Concern.WEBHOOKS_FAILING, endpoints, "url")


def _of(concern: Concern, rows: QuerySet, name: str) -> Iterator[Notice]:
    """A notice of `rows`, where there are any."""
    count = rows.order_by().count()
    if count:
        yield Notice(concern, count, list(rows.values_list("pk", name)[:SHOWN]))
