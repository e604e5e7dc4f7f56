"""The list of calls, and all that is known of one."""

import json

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from calls.admin.call_parts import (
    COLOURS,
    CallEventInline,
    DeflectionDetailInline,
    HoldInline,
    NoteInline,
    OfferEventInline,
    OfferInline,
    ParticipantInline,
    PhotoInline,
    TransferInline,
    VideoInline,
    VoipOrderInline,
    fail_reason,
    file_link,
    snapshot_name,
)
from calls.models import Call, Status
from ccai.admin import (
    DayRangeFilter,
    HistoryAdmin,
    HistoryInline,
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
class CallAdmin(HistoryAdmin):
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
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("shown_status", "call_type"),
                    ("end_user", "phone"),
                    ("menu_name", "lang"),
                    ("queue", "priority"),
                    ("agent", "answer_type"),
                    ("out_ticket_id", "out_ticket_url"),
                    ("parent", "follow_ups"),
                )
            },
        ),
        (
            _("Times"),
            {
                "fields": (
                    ("created", "scheduled"),
                    ("queued", "place"),
                    ("assigned",),
                    ("connected", "ended"),
                    ("waited", "talked", "held"),
                )
            },
        ),
        (
            _("Outcome"),
            {
                "fields": (
                    ("why_failed", "fail_details"),
                    ("disconnected_by", "deflection", "voicemail_reason"),
                    ("disposition", "flags"),
                    ("rating", "feedback"),
                    "parameters",
                )
            },
        ),
        (
            _("Line and recording"),
            {
                "fields": (
                    ("voip_provider", "voip_ref"),
                    ("support", "outbound"),
                    ("recording_permission", "to_record", "recording_name", "voicemail_name"),
                )
            },
        ),
    )
    inlines = (
        NoteInline,
        CallEventInline,
        ParticipantInline,
        HoldInline,
        OfferInline,
        OfferEventInline,
        TransferInline,
        DeflectionDetailInline,
        PhotoInline,
        VideoInline,
        VoipOrderInline,
    )

    def get_inlines(self, request: HttpRequest, obj: Call | None = None) -> list[type[HistoryInline]]:
        """Those that have rows."""
        return [inline for inline in self.inlines if inline.model.objects.filter(call=obj).exists()]

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

    @display(description=_("support number"))
    def support(self, call: Call) -> str | None:
        """In the international format."""
        return shown_phone(call.support_number)

    @display(description=_("outbound number"))
    def outbound(self, call: Call) -> str | None:
        """In the international format."""
        return shown_phone(call.outbound_number)

    @display(description=_("created at"))
    def created(self, call: Call) -> str | None:
        """When it was asked for."""
        return clock_time(call.created_at)

    @display(description=_("scheduled at"))
    def scheduled(self, call: Call) -> str | None:
        """For when it was asked for."""
        return clock_time(call.scheduled_at)

    @display(description=_("queued at"))
    def queued(self, call: Call) -> str | None:
        """When it joined the queue."""
        return clock_time(call.queued_at)

    @display(description=_("waits since"))
    def place(self, call: Call) -> str | None:
        """Its place in the queue."""
        return clock_time(call.waits_since)

    @display(description=_("assigned at"))
    def assigned(self, call: Call) -> str | None:
        """When an agent took it."""
        return clock_time(call.assigned_at)

    @display(description=_("connected at"))
    def connected(self, call: Call) -> str | None:
        """When both were on the line."""
        return clock_time(call.connected_at)

    @display(description=_("ended at"))
    def ended(self, call: Call) -> str | None:
        """When it was over."""
        return clock_time(call.ends_at)

    @display(description=_("waited"))
    def waited(self, call: Call) -> str | None:
        """How long in the queue."""
        return duration(call.wait_duration)

    @display(description=_("duration"))
    def talked(self, call: Call) -> str | None:
        """How long they talked; nothing where they did not, or still do."""
        return duration(call.call_duration) if call.connected_at and call.ends_at else None

    @display(description=_("on hold"))
    def held(self, call: Call) -> str | None:
        """How long on hold."""
        return duration(call.hold_duration)

    @display(description=_("fail reason"))
    def why_failed(self, call: Call) -> str | None:
        """Why it failed."""
        return fail_reason(call)

    @display(description=_("flags"))
    def flags(self, call: Call) -> str | None:
        """What is said of the call and of the customer."""
        flags = (
            (call.has_feedback, _("has feedback")),
            (call.verified_customer, _("verified customer")),
            (call.repeat_customer, _("repeat customer")),
            (call.bad_actor, _("bad actor")),
        )
        return ", ".join(str(name) for flag, name in flags if flag) or None

    @display(description=_("to be recorded"))
    def to_record(self, call: Call) -> str:
        """Whether the menu said so when the call was made."""
        return str(_("Yes") if call.recorded else _("No"))

    @display(description=_("recording"))
    def recording_name(self, call: Call) -> str | None:
        """The file, to be opened."""
        return file_link(call.recording.name)

    @display(description=_("voicemail"))
    def voicemail_name(self, call: Call) -> str | None:
        """The file of the message, to be opened."""
        return file_link(call.voicemail.name)

    @display(description=_("data parameters"))
    def parameters(self, call: Call) -> SafeString | None:
        """One a line, as JSON."""
        if not call.data_parameters:
            return None
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in call.data_parameters.items()]
        return format_html('<span class="whitespace-pre-wrap break-words">{}</span>', "\n".join(lines))

    @display(description=_("follow-up calls"))
    def follow_ups(self, call: Call) -> str | None:
        """The ids of calls that came of this one."""
        return ", ".join(str(pk) for pk in call.children.order_by("pk").values_list("pk", flat=True)) or None
