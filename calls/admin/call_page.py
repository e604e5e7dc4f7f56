"""The page of one call: all that is known of it."""

import json

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.admin.call_parts import (
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
)
from calls.models import Call
from ccai.admin import HistoryInline, clock_time, duration, shown_phone


class CallPage:
    """Mixed into the admin of calls: the page of one."""

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

    @display(description=_("support number"))
    def support(self, call: Call) -> str | None:
        """In the international format."""
        return shown_phone(call.support_number)

    @display(description=_("outbound number"))
    def outbound(self, call: Call) -> str | None:
        """In the international format."""
        return shown_phone(call.outbound_number)

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
