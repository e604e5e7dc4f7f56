"""What an agent is doing, in words and colours that every page shares."""

from django.utils.translation import gettext_lazy as _

from agents.models import Agent, Engagement

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
