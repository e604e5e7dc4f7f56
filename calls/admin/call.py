"""The list of calls; the page of one is `call_page.py`'s."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from calls.admin.call_page import CallPage
from calls.admin.call_parts import COLOURS, snapshot_name
from calls.models import Call, Status
from ccai.admin import (
    DayRangeFilter,
    HistoryAdmin,
    clock_time,
    duration,
    is_id,
    label,
    shown_phone,
    unbroken,
)
from ccai.phones import parse_phone
from menus.admin import MenuFilter


@admin.register(Call)
class CallAdmin(CallPage, HistoryAdmin):
    """Calls, the latest first. Search is by what an index finds: id, ticket or whole phone number."""

    list_display = ("id", "created", "shown_type", "shown_status", "menu_name", "agent_name", "phone", "talked")
    list_display_links = ("id", "created")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("call_type", ChoicesDropdownFilter),
        ("menu", MenuFilter),
        ("agent", AutocompleteSelectFilter),
        ("created_at", DayRangeFilter),
    )
    list_select_related = ("agent__user",)
    ordering = ("-created_at", "-id")
    search_fields = ("id", "out_ticket_id", "end_user_number")
    search_help_text = _("Call id, ticket or phone number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        """With the agents' names."""
        return super().get_queryset(request).select_related("agent__user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        """The call of that id, the calls about that ticket, the calls with that phone number."""
        term = search_term.strip()
        if not term:
            return queryset, False
        match = Q(out_ticket_id=term)
        if is_id(term):
            match |= Q(pk=int(term))
        number = parse_phone(term if term.startswith("+") else f"+{term}")
        if number:
            match |= Q(end_user_number=number)
        return queryset.filter(match), False

    @display(description=_("status"))
    def shown_status(self, call: Call) -> str:
        """Where it stands."""
        return label(call.get_status_display(), COLOURS[Status(call.status)])

    @display(description=_("call type"))
    def shown_type(self, call: Call) -> str | None:
        """How it came about."""
        return unbroken(call.get_call_type_display())

    @display(description=_("menu"))
    def menu_name(self, call: Call) -> str | None:
        """The path of the menu, as it was called then."""
        return snapshot_name(call.menu_path)

    @display(description=_("agent"))
    def agent_name(self, call: Call) -> str | None:
        """Who has it, or had it last."""
        return unbroken(str(call.agent)) if call.agent else None

    @display(description=_("end user number"))
    def phone(self, call: Call) -> str | None:
        """In the international format."""
        return shown_phone(call.end_user_number)

    @display(description=_("created at"))
    def created(self, call: Call) -> str | None:
        """When it was asked for."""
        return clock_time(call.created_at)

    @display(description=_("duration"))
    def talked(self, call: Call) -> str | None:
        """How long they talked; nothing where they did not, or still do."""
        return duration(call.call_duration) if call.connected_at and call.ends_at else None
