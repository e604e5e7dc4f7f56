"""What an agent is doing, in words and colours that every page shares."""

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from agents.models import Agent, Engagement
from ccai.admin import label

# What an agent is doing, as the list shows it: an open engagement outshines the status.
ENGAGED = {
    Engagement.Kind.CALL: _("On call"),
    Engagement.Kind.OFFER: _("Offered a call"),
    Engagement.Kind.DIAL_PROMPT: _("Dialling"),
}
COLOURS: dict[str, str] = {
    Engagement.Kind.CALL: "info",
    Engagement.Kind.OFFER: "warning",
    Engagement.Kind.DIAL_PROMPT: "warning",
    Agent.Status.AVAILABLE: "success",
    Agent.Status.UNAVAILABLE: "",
    Agent.Status.BREAK: "",
    Agent.Status.MEAL: "",
    Agent.Status.WRAP_UP: "info",
    Agent.Status.MISSED_CALL: "danger",
    Agent.Status.UNRESPONSIVE: "danger",
    Agent.Status.OFFLINE: "",
}


def doing_of(agent: Agent) -> SafeString:
    """What `agent`, as the agents' list reads it, is doing: the open engagement, or else the status."""
    engaged_by = getattr(agent, "engaged_by", None)
    if engaged_by in ENGAGED:
        return label(ENGAGED[engaged_by], COLOURS[engaged_by])
    return label(agent.get_status_display(), COLOURS[agent.status])


def since_of(agent: Agent, at: datetime) -> SafeString:
    """For how long, at the moment `at`, `agent`, as the agents' list reads it, has been doing that."""
    since = getattr(agent, "engaged_since", None) or agent.status_since
    return format_html(
        '<time datetime="{}" title="{}" class="whitespace-nowrap">{}</time>',
        since.isoformat(),
        f"{timezone.localtime(since):%Y-%m-%d %H:%M:%S}",
        lasting((at - since).total_seconds()),
    )


def lasting(seconds: float) -> str:
    """`seconds` as people say how long something lasts: `< 1 min`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    minutes = int(max(seconds, 0)) // 60
    hours, days = minutes // 60, minutes // 1_440
    if days:
        return say("%(days)d d %(hours)d h") % {"days": days, "hours": hours % 24}
    if hours:
        return say("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes % 60}
    return say("%(minutes)d min") % {"minutes": minutes} if minutes else say("< 1 min")
