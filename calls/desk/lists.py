"""What an agent looks back at: the voicemail boxes, calls that were missed, and the agent's own calls."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from agents.models import Agent, Engagement
from calls import services
from calls.desk.access import for_agents
from calls.desk.callers import masked_call, sees_callers
from calls.desk.own import own_call, own_voicemail
from calls.files.serving import file_url
from calls.models import Call, Offer, Participant, Photo, Status, Video
from calls.services import checks
from ccai.times import now, parse_time, wire_time
from menus.models import Menu

# So long ago a missed call is called back no more.
MISSED_FOR = timedelta(days=7)
SHOWN = 50
LOOKED_AT = 1_000
PAGE = 20

CHILDREN = Prefetch("children", Call.objects.order_by("-pk"))


@dataclass(frozen=True)
class Missed:
    """A call that failed, which the agent was offered or had, or which came to a queue of theirs."""

    call: Call
    at: datetime


@require_safe
@for_agents
def voicemails(request: HttpRequest, agent: Agent) -> HttpResponse:
    """GET /desk/voicemails: the messages in the agent's boxes, those not heard first, then the newest."""
    unread_first = Case(When(status=Status.VOICEMAIL_RECEIVED, then=0), default=1)
    boxes = services.voicemails_for(agent).order_by(unread_first, "-ends_at", "-pk")
    messages = list(boxes.select_related("end_user", "queue").prefetch_related(CHILDREN)[:SHOWN])
    clear = sees_callers(agent)
    context = {
        "messages": messages if clear else [masked_call(call) for call in messages],
        "clear": clear,
        "numbers": checks.agents_numbers(agent),
    }
    return render(request, "desk/voicemails.html", context)


@require_POST
@for_agents
def read_voicemail(request: HttpRequest, agent: Agent, call_id: int) -> HttpResponse:
    """POST /desk/voicemails/{id}/read: the agent plays the message."""
    services.mark_voicemail_read(own_voicemail(agent, call_id), agent)
    return HttpResponse(status=204)


@require_safe
@for_agents
def missed(request: HttpRequest, agent: Agent) -> HttpResponse:
    """GET /desk/missed: calls of the last days that the agent or the agent's queues missed."""
    found = find_missed(agent)
    if not sees_callers(agent):
        found = [Missed(masked_call(one.call), one.at) for one in found]
    return render(request, "desk/missed.html", {"missed": found, "numbers": checks.agents_numbers(agent)})


def find_missed(agent: Agent) -> list[Missed]:
    """Failed calls of the last days, the newest first: those that `agent` was offered or had, with those called back;
    and those of the agent's queues that nobody was offered, and nobody has called back."""
    since = now() - MISSED_FOR
    menus = list(Menu.objects.filter(groups__agents=agent).values_list("pk", flat=True).distinct())
    failed = Q(status__in=(Status.FAILED, Status.RECOVERED))
    offered = Offer.objects.filter(
        agent=agent, offered_at__gt=since, call__status__in=(Status.FAILED, Status.RECOVERED)
    ).exclude(status=Offer.Status.OPEN)
    calls: QuerySet[Call] = Call.objects.select_related("end_user").prefetch_related(CHILDREN)
    own = calls.filter(failed, agent=agent, created_at__gt=since).order_by("-created_at", "-pk")[:SHOWN]
    others = calls.filter(pk__in=list(offered.order_by("-offered_at").values_list("call_id", flat=True)[:SHOWN]))
    recent = Call.objects.filter(status=Status.FAILED, created_at__gt=since).order_by("-created_at", "-pk")
    redirected = recent.exclude(queue=F("menu")).values_list("pk", "queue")[:LOOKED_AT]
    nobodys = calls.filter(
        ~Exists(Offer.objects.filter(call=OuterRef("pk"))), ~Exists(Call.objects.filter(parent=OuterRef("pk")))
    )
    # By the index of each menu; a call that was redirected is found among the last ones that failed.
    unoffered = nobodys.filter(pk__in=[pk for pk, queue in redirected if queue in menus])
    waited = nobodys.filter(status=Status.FAILED, created_at__gt=since, menu__in=menus).order_by("-created_at", "-pk")
    found = {
        call.pk: Missed(call, call.ends_at or call.created_at)
        for call in (*own, *others, *unoffered[:SHOWN], *waited[:SHOWN])
    }
    return sorted(found.values(), key=lambda one: (one.at, one.call.pk), reverse=True)[:SHOWN]


@require_safe
@for_agents
def history(request: HttpRequest, agent: Agent) -> HttpResponse:
    """GET /desk/history?before=: the agent's own calls, newest first, page by page, each costing the same."""
    stays = Participant.objects.filter(engagement__agent=agent, engagement__kind=Engagement.Kind.CALL)
    before = read_cursor(request.GET.get("before", ""))
    if before is not None:
        moment, key = before
        stays = stays.filter(engagement__started_at__lte=moment).exclude(
            engagement__started_at=moment, engagement__gte=key
        )
    rows = list(
        stays.select_related("engagement", "call__end_user", "call__disposition").order_by(
            "-engagement__started_at", "-engagement"
        )[: PAGE + 1]
    )
    shown = rows[:PAGE]
    cursor = write_cursor(shown) if len(rows) > PAGE else ""
    clear = sees_callers(agent)
    if not clear:
        for stay in shown:
            stay.call = masked_call(stay.call)
    context = {"stays": shown, "clear": clear, "cursor": cursor, "numbers": checks.agents_numbers(agent)}
    return render(request, "desk/history_rows.html" if before else "desk/history.html", context)


def write_cursor(stays: Iterable[Participant]) -> str:
    """Where a page that ends with the last of `stays` ended."""
    *_others, last = stays
    started_at = last.engagement.started_at if last.engagement else None
    return f"{wire_time(started_at)},{last.engagement_id}"


def read_cursor(text: str) -> tuple[datetime, int] | None:
    """What `write_cursor` wrote; None for the beginning, and for anything else."""
    moment_text, _comma, key = text.partition(",")
    moment = parse_time(moment_text)
    return (moment, int(key)) if moment and key.isdecimal() and len(key) < 19 else None


@require_safe
@for_agents
def recording(request: HttpRequest, agent: Agent, call_id: int) -> HttpResponseRedirect:
    """GET /desk/voicemails/{id}/recording: to the message itself, which a link opens for a while."""
    return _to_file(request, agent, own_voicemail(agent, call_id).voicemail.name)


@require_safe
@for_agents
def photo(request: HttpRequest, agent: Agent, call_id: int, photo_id: int) -> HttpResponseRedirect:
    """GET /desk/calls/{id}/photos/{id}: to a picture that the end user sent."""
    sent = Photo.objects.filter(call=own_call(agent, call_id), pk=photo_id).first()
    return _to_file(request, agent, sent.file.name if sent else None)


@require_safe
@for_agents
def video(request: HttpRequest, agent: Agent, call_id: int, video_id: int) -> HttpResponseRedirect:
    """GET /desk/calls/{id}/videos/{id}: to a video that the end user sent."""
    sent = Video.objects.filter(call=own_call(agent, call_id), pk=video_id).first()
    return _to_file(request, agent, sent.file.name if sent else None)


def _to_file(request: HttpRequest, agent: Agent, name: str | None) -> HttpResponseRedirect:
    """To what a caller has sent or said; 404 where there is nothing, or nothing for this agent."""
    if name is None or not sees_callers(agent):
        raise Http404
    return redirect(file_url(request)(name))
