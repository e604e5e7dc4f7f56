"""What was held out to agents."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from calls.admin.call_parts import OfferColumns
from calls.admin.masking import Masked
from calls.models import DialPrompt, Offer
from calls.scope import scope_of
from ccai.admin import DayRangeFilter, HistoryAdmin, SeenThingFilter, clock_time, label, shown_phone
from ccai.personal import masked_phone

PROMPT_COLOURS = {
    DialPrompt.Status.OPEN: "primary",
    DialPrompt.Status.USED: "success",
    DialPrompt.Status.LAPSED: "warning",
}


@admin.register(Offer)
class OfferAdmin(OfferColumns, HistoryAdmin):
    """Queued calls held out to agents, the latest first."""

    list_display = ("id", "offered", "call", "agent", "group", "round", "shown_status", "settled")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("agent", SeenThingFilter),
        ("offered_at", DayRangeFilter),
    )
    list_select_related = ("call", "agent__user")
    fields = (
        ("call", "agent"),
        ("shown_status", "group"),
        ("round", "level", "alone"),
        ("offered", "expires", "settled"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        """Those to agents who are seen."""
        return scope_of(request.user).of_agents(super().get_queryset(request))


@admin.register(DialPrompt)
class DialPromptAdmin(Masked, HistoryAdmin):
    """Outbound calls that agents were asked to complete, the latest first."""

    masks: Mapping[str, Any] = {"end_user_number": masked_phone}
    list_display = ("id", "created", "agent", "shown_status", "phone", "ticket_id", "expires")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("agent", SeenThingFilter),
        ("created_at", DayRangeFilter),
    )
    list_select_related = ("agent__user",)
    fields = (("agent", "shown_status"), ("phone", "outbound"), ("lang", "ticket_id"), ("created", "expires"), "call")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DialPrompt]:
        """Those to agents who are seen."""
        return scope_of(request.user).of_agents(super().get_queryset(request))

    @display(description=_("status"))
    def shown_status(self, prompt: DialPrompt) -> str:
        """What became of it."""
        return label(prompt.get_status_display(), PROMPT_COLOURS[DialPrompt.Status(prompt.status)])

    @display(description=_("end user number"))
    def phone(self, prompt: DialPrompt) -> str | None:
        """In the international format; nothing where the agent chooses."""
        return shown_phone(prompt.end_user_number)

    @display(description=_("outbound number"))
    def outbound(self, prompt: DialPrompt) -> str | None:
        """In the international format; nothing where the agent chooses."""
        return shown_phone(prompt.outbound_number)

    @display(description=_("created at"))
    def created(self, prompt: DialPrompt) -> str | None:
        """When."""
        return clock_time(prompt.created_at)

    @display(description=_("expires at"))
    def expires(self, prompt: DialPrompt) -> str | None:
        """Until when the agent may use it."""
        return clock_time(prompt.expires_at)
