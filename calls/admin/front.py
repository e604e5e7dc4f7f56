"""The first page of the back office: today at a glance, what needs attention, and the ways to the rest."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from agents.models import Agent
from calls.attention import Concern, Notice, notices
from calls.figures import today
from calls.figures.today import RINGING, Branch
from calls.scope import scope_of
from ccai.admin import NOTHING, duration
from ccai.times import now

# What stops calls comes before what is merely to be known.
GRAVE = (
    Concern.CLOCK_STANDS,
    Concern.PROVIDER_UNHEARD,
    Concern.PROVIDER_FAILS,
    Concern.CALLS_STUCK,
    Concern.QUEUES_UNSERVED,
    Concern.CRM_REFUSES,
    Concern.WEBHOOKS_STAND,
)
PAGES = {
    Concern.PROVIDER_FAILS: "admin:calls_call_change",
    Concern.CALLS_STUCK: "admin:calls_call_change",
    Concern.CALLS_OVERDUE: "admin:calls_call_change",
    Concern.VOICEMAILS_UNHEARD: "admin:calls_call_change",
    Concern.QUEUES_UNSERVED: "admin:menus_menu_change",
    Concern.MENUS_UNSERVED: "admin:menus_menu_change",
    Concern.AGENTS_WITHOUT_PHONE: "admin:agents_agent_change",
    Concern.MENUS_CLOSED: "admin:menus_menu_change",
    Concern.MENUS_REDIRECTED: "admin:menus_menu_change",
    Concern.WEBHOOKS_FAILING: "admin:ccai_webhookendpoint_change",
}
# What is no business of those who may not open its page.
PERMISSIONS = {
    Concern.AGENTS_WITHOUT_PHONE: "agents.view_agent",
    Concern.WEBHOOKS_STAND: "ccai.view_webhookendpoint",
    Concern.WEBHOOKS_FAILING: "ccai.view_webhookendpoint",
}
# What is wrong, and what to do about it.
SENTENCES = {
    Concern.CLOCK_STANDS: _("Nothing is dialled: the clock stands. Start again what /health/ says is down."),
    Concern.PROVIDER_FAILS: ngettext_lazy(
        "%(count)d call in the last 15 minutes failed on the line of %(name)s. Its page says what was answered.",
        "%(count)d calls in the last 15 minutes failed on the line of %(name)s. Their pages say what was answered.",
        "count",
    ),
    Concern.CALLS_STUCK: ngettext_lazy(
        "%(count)d call is stuck. Open it, and end it by hand if it does not go on.",
        "%(count)d calls are stuck. Open them, and end them by hand if they do not go on.",
        "count",
    ),
    Concern.CALLS_OVERDUE: ngettext_lazy(
        "%(count)d scheduled call is due and has not begun. Its page says what it waits for.",
        "%(count)d scheduled calls are due and have not begun. Their pages say what they wait for.",
        "count",
    ),
    Concern.QUEUES_UNSERVED: ngettext_lazy(
        "Callers wait at %(count)d menu that nobody serves. Put active agents into its groups.",
        "Callers wait at %(count)d menus that nobody serves. Put active agents into their groups.",
        "count",
    ),
    Concern.MENUS_UNSERVED: ngettext_lazy(
        "%(count)d menu is served by nobody: it has no group with an active agent.",
        "%(count)d menus are served by nobody: they have no group with an active agent.",
        "count",
    ),
    Concern.AGENTS_WITHOUT_PHONE: ngettext_lazy(
        "%(count)d agent cannot be rung. Give them a phone or SIP address.",
        "%(count)d agents cannot be rung. Give them phones or SIP addresses.",
        "count",
    ),
    Concern.MENUS_CLOSED: ngettext_lazy(
        "%(count)d menu or branch is closed in an emergency. Open it again when that is over.",
        "%(count)d menus or branches are closed in an emergency. Open them again when that is over.",
        "count",
    ),
    Concern.MENUS_REDIRECTED: ngettext_lazy(
        "%(count)d menu is redirected by hand.", "%(count)d menus are redirected by hand.", "count"
    ),
    Concern.PROVIDER_UNHEARD: _("Calls are lost: what a provider reports was not heard in the last hour. %(name)s"),
    Concern.CRM_REFUSES: _("The CRM does not answer. %(name)s"),
    Concern.CRM_SILENT: ngettext_lazy(
        "The CRM has not yet said who %(count)d caller is. It is asked again each minute.",
        "The CRM has not yet said who %(count)d callers are. It is asked again each minute.",
        "count",
    ),
    Concern.WEBHOOKS_STAND: _("No webhooks are sent: nobody works on them. Start a worker of the queue “webhooks”."),
    Concern.WEBHOOKS_FAILING: ngettext_lazy(
        "%(count)d webhook endpoint gets no messages. Look at what it answers.",
        "%(count)d webhook endpoints get no messages. Look at what they answer.",
        "count",
    ),
    Concern.VOICEMAILS_UNHEARD: ngettext_lazy(
        "%(count)d message of the last 30 days has waited for more than a day for somebody to listen to it.",
        "%(count)d messages of the last 30 days have waited for more than a day for somebody to listen to them.",
        "count",
    ),
}
# Permission, address, icon and words of what people come for most.
SHORTCUTS = (
    ("calls.view_call", "admin:calls_call_changelist", "call", _("Call history")),
    ("calls.view_call", "scheduled_calls", "event", _("Scheduled calls")),
    ("calls.view_report", "reports:page", "query_stats", _("Reports")),
    ("calls.view_wallboard", "wallboard:page", "tv", _("Wallboard")),
    ("menus.view_menu", "admin:menus_menu_changelist", "account_tree", _("Menus")),
    ("agents.view_agent", "admin:agents_agent_changelist", "headset_mic", _("Agents")),
)


@dataclass(frozen=True)
class Tile:
    """A figure of today, its name, and what is said beside it."""

    name: Promise
    figure: str | int
    beside: str = ""


@dataclass(frozen=True)
class Line:
    """A notice as it is shown: a sentence, whether it is grave, and links to the first things it is about."""

    sentence: str
    grave: bool
    links: list[tuple[str, object]]
    more: int


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the front page; who may not see calls gets the ways to the rest alone."""
    context["day"] = timezone.localdate()
    if request.user.has_perm("calls.view_call"):
        scope, at = scope_of(request.user), now()
        context["tiles"] = tiles_of(today(scope, at=at).whole)
        context["lines"] = [
            line_of(notice)
            for notice in notices(scope, at)
            if notice.concern not in PERMISSIONS or request.user.has_perm(PERMISSIONS[notice.concern])
        ]
    context["shortcuts"] = [
        (reverse(name), icon, title) for permission, name, icon, title in SHORTCUTS if request.user.has_perm(permission)
    ]
    return context


def tiles_of(center: Branch) -> list[Tile]:
    """Today at a glance."""
    day, level, agents = center.day, center.service_level, center.agents
    under_way = sum(center.live.values()) - center.waiting
    busy = agents[RINGING] + agents[Agent.ON_CALL] + agents[Agent.Status.WRAP_UP]
    longest = duration(center.longest_wait)
    return [
        Tile(_("Waiting"), center.waiting, _("longest %(wait)s") % {"wait": longest} if longest else ""),
        Tile(_("Under way"), under_way),
        Tile(_("Calls"), day.calls, _("%(count)s came to a queue") % {"count": day.offered}),
        Tile(_("Answered"), day.answered, _("%(count)s gave up") % {"count": day.abandoned}),
        Tile(
            _("Service level"),
            NOTHING if level is None else f"{level:.0%}",
            _("within %(seconds)s s") % {"seconds": settings.CCAI_SERVICE_LEVEL_SECONDS},
        ),
        Tile(_("Agents available"), agents[Agent.Status.AVAILABLE], _("%(count)s busy") % {"count": busy}),
    ]


def line_of(notice: Notice) -> Line:
    """`notice` in words."""
    page = PAGES.get(notice.concern)
    links = [(reverse(page, args=[pk]), name) for pk, name in notice.examples if page]
    sentence = str(SENTENCES[notice.concern] % {"count": notice.count, "name": notice.name})
    return Line(sentence, notice.concern in GRAVE, links, notice.count - len(links) if links else 0)
