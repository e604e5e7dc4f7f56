"""The list of calls, and all that is known of one."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from calls.models import (
    Call,
    CallEvent,
    DeflectionDetail,
    FailReason,
    Offer,
    OfferEvent,
    Participant,
    Photo,
    Status,
    Transfer,
    Video,
)
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

COLOURS = {
    **dict.fromkeys(Status, ""),
    Status.SCHEDULED: "info",
    Status.QUEUED: "warning",
    Status.ASSIGNED: "primary",
    Status.CONNECTING: "primary",
    Status.SWITCHING: "primary",
    Status.CONNECTED: "success",
    Status.FAILED: "danger",
    Status.VOICEMAIL: "warning",
    Status.VOICEMAIL_RECEIVED: "warning",
}
OFFER_COLOURS = {
    Offer.Status.OPEN: "primary",
    Offer.Status.ACCEPTED: "success",
    Offer.Status.DECLINED: "danger",
    Offer.Status.EXPIRED: "warning",
    Offer.Status.WITHDRAWN: "",
}


def fail_reason(thing: Call | Participant | Transfer) -> str | None:
    """Why it failed; None where it did not."""
    return None if thing.fail_reason == FailReason.NOTHING else thing.get_fail_reason_display()


class ParticipantInline(HistoryInline):
    """Who took part, stay by stay."""

    model = Participant
    fields = ("who", "status", "dialled", "connected", "ended", "talked", "held", "why_failed")
    readonly_fields = ("who", "dialled", "connected", "ended", "talked", "held", "why_failed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        """With the people."""
        return super().get_queryset(request).select_related("agent__user", "end_user")

    @display(description=_("who"))
    def who(self, participant: Participant) -> str:
        """The kind of party, and the name where there is one."""
        person = participant.agent or participant.end_user
        kind = participant.get_type_display()
        return f"{kind}: {person}" if person else kind

    @display(description=_("dialled at"))
    def dialled(self, participant: Participant) -> str | None:
        """When the provider was asked."""
        return clock_time(participant.dialled_at)

    @display(description=_("connected at"))
    def connected(self, participant: Participant) -> str | None:
        """When the party came on the line."""
        return clock_time(participant.connected_at)

    @display(description=_("ended at"))
    def ended(self, participant: Participant) -> str | None:
        """When the party left."""
        return clock_time(participant.ended_at)

    @display(description=_("talked"))
    def talked(self, participant: Participant) -> str | None:
        """How long."""
        return duration(participant.call_duration)

    @display(description=_("on hold"))
    def held(self, participant: Participant) -> str | None:
        """How long."""
        return duration(participant.hold_duration)

    @display(description=_("fail reason"))
    def why_failed(self, participant: Participant) -> str | None:
        """Why the party was not reached."""
        return fail_reason(participant)


class CallEventInline(HistoryInline):
    """Every transition, from birth to the end."""

    model = CallEvent
    fields = ("time", "left", "reached", "cause")
    readonly_fields = ("time", "left", "reached")
    verbose_name_plural = _("events")

    @display(description=_("from"))
    def left(self, event: CallEvent) -> str | None:
        """The old status; nothing at birth."""
        return label(event.get_old_display(), COLOURS[Status(event.old)]) if event.old else None

    @display(description=_("to"))
    def reached(self, event: CallEvent) -> str:
        """The new status."""
        return label(event.get_new_display(), COLOURS[Status(event.new)])

    @display(description=_("at"))
    def time(self, event: CallEvent) -> str | None:
        """When, to the second."""
        return clock_time(event.at)


class OfferColumns:
    """Mixed into an admin or an inline of offers: what became of each, and when."""

    @display(description=_("status"))
    def shown_status(self, offer: Offer) -> str:
        """What became of it."""
        return label(offer.get_status_display(), OFFER_COLOURS[Offer.Status(offer.status)])

    @display(description=_("offered at"))
    def offered(self, offer: Offer) -> str | None:
        """When."""
        return clock_time(offer.offered_at)

    @display(description=_("settled at"))
    def settled(self, offer: Offer) -> str | None:
        """When; nothing while it is open."""
        return clock_time(offer.settled_at)


class OfferInline(OfferColumns, HistoryInline):
    """To whom it was held out."""

    model = Offer
    fields = ("agent", "group", "round", "level", "shown_status", "offered", "settled")
    readonly_fields = ("shown_status", "offered", "settled")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        """With the agents."""
        return super().get_queryset(request).select_related("agent__user")


class OfferEventInline(HistoryInline):
    """The groups it was cast to."""

    model = OfferEvent
    fields = ("time", "group")
    readonly_fields = ("time",)

    @display(description=_("casting time"))
    def time(self, event: OfferEvent) -> str | None:
        """When."""
        return clock_time(event.casting_time)


class TransferInline(HistoryInline):
    """Whom it was handed on to."""

    model = Transfer
    fields = ("time", "status", "source", "target", "why_failed")
    readonly_fields = ("time", "source", "target", "why_failed")

    @display(description=_("created at"))
    def time(self, transfer: Transfer) -> str | None:
        """When."""
        return clock_time(transfer.created_at)

    @display(description=_("from"))
    def source(self, transfer: Transfer) -> str | None:
        """The agent or the menu that had it."""
        return snapshot_name(transfer.from_agent) or snapshot_name(transfer.from_menu)

    @display(description=_("to"))
    def target(self, transfer: Transfer) -> str | None:
        """The agent or the menu that gets it."""
        return snapshot_name(transfer.to_agent) or snapshot_name(transfer.to_menu)

    @display(description=_("fail reason"))
    def why_failed(self, transfer: Transfer) -> str | None:
        """Why nobody took it."""
        return fail_reason(transfer)


class DeflectionDetailInline(HistoryInline):
    """What it got instead of an agent, and where."""

    model = DeflectionDetail
    fields = ("deflection", "place")
    readonly_fields = ("place",)

    @display(description=_("from menu"))
    def place(self, detail: DeflectionDetail) -> str | None:
        """The path of the menu."""
        return snapshot_name(detail.from_menu_path)


class PhotoInline(HistoryInline):
    """Pictures the end user sent."""

    model = Photo
    fields = ("photo_type", "name")
    readonly_fields = ("name",)

    @display(description=_("file"))
    def name(self, photo: Photo) -> str:
        """The file's name."""
        return str(photo.file)


class VideoInline(HistoryInline):
    """Videos the end user sent."""

    model = Video
    fields = ("name",)
    readonly_fields = ("name",)

    @display(description=_("file"))
    def name(self, video: Video) -> str:
        """The file's name."""
        return str(video.file)


def snapshot_name(snapshot: dict[str, Any] | None) -> str | None:
    """The name in a snapshot of an agent, a menu or a menu path; None where there is none."""
    return snapshot.get("name") if snapshot else None


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
                    ("queued", "assigned"),
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
                    ("rating", "flags"),
                )
            },
        ),
        (
            _("Line and recording"),
            {
                "fields": (
                    ("voip_provider", "voip_ref"),
                    ("support", "outbound"),
                    ("recording_permission", "to_record", "recording_name"),
                )
            },
        ),
    )
    inlines = (
        CallEventInline,
        ParticipantInline,
        OfferInline,
        OfferEventInline,
        TransferInline,
        DeflectionDetailInline,
        PhotoInline,
        VideoInline,
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
        """The file's name."""
        return str(call.recording) or None

    @display(description=_("follow-up calls"))
    def follow_ups(self, call: Call) -> str | None:
        """The ids of calls that came of this one."""
        return ", ".join(str(pk) for pk in call.children.order_by("pk").values_list("pk", flat=True)) or None
