"""Pages of what agents have been doing: nobody edits them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from agents.admin.words import COLOURS
from agents.models import Engagement, StatusChange
from ccai.admin import DayRangeFilter, HistoryAdmin, SeenThingFilter, clock_time, label


@admin.register(StatusChange)
class StatusChangeAdmin(HistoryAdmin):
    """Every status that every agent has had."""

    list_display = ("time", "agent", "shown_status")
    list_display_links = None
    list_filter = (("agent", SeenThingFilter), ("status", ChoicesDropdownFilter), ("at", DayRangeFilter))
    list_select_related = ("agent__user",)
    fields = ("agent", "shown_status", "time")

    @display(description=_("at"))
    def time(self, change: StatusChange) -> str | None:
        """When, to the second."""
        return clock_time(change.at)

    @display(description=_("status"))
    def shown_status(self, change: StatusChange) -> str:
        """The status from then on."""
        return label(change.get_status_display(), COLOURS[change.status])


@admin.register(Engagement)
class EngagementAdmin(HistoryAdmin):
    """What has taken agents' time."""

    list_display = ("agent", "shown_kind", "started", "ended")
    list_display_links = None
    list_filter = (("agent", SeenThingFilter), ("kind", ChoicesDropdownFilter), ("started_at", DayRangeFilter))
    list_select_related = ("agent__user",)
    fields = ("agent", "shown_kind", ("started", "ended"))

    @display(description=_("kind"))
    def shown_kind(self, engagement: Engagement) -> str:
        """What took the time."""
        return label(engagement.get_kind_display(), COLOURS[engagement.kind])

    @display(description=_("started at"))
    def started(self, engagement: Engagement) -> str | None:
        """When, to the second."""
        return clock_time(engagement.started_at)

    @display(description=_("ended at"))
    def ended(self, engagement: Engagement) -> str | None:
        """When, to the second; nothing while it lasts."""
        return clock_time(engagement.ended_at)
