"""The rows that belong to a call, on its page."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.files.serving import file_path
from calls.models import (
    Call,
    CallEvent,
    DeflectionDetail,
    FailReason,
    Hold,
    Note,
    Offer,
    OfferEvent,
    Participant,
    Photo,
    Status,
    Transfer,
    Video,
    VoipOrder,
)
from ccai.admin import HistoryInline, clock_time, duration, label

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


TRANSFER_COLOURS = {
    Transfer.Status.TRANSFERRING: "primary",
    Transfer.Status.TRANSFERRED: "success",
    Transfer.Status.FAILED: "danger",
}


def fail_reason(thing: Call | Participant | Transfer) -> str | None:
    """Why it failed; None where it did not."""
    return None if thing.fail_reason == FailReason.NOTHING else thing.get_fail_reason_display()


def snapshot_name(snapshot: dict[str, Any] | None) -> str | None:
    """The name in a snapshot of an agent, a menu or a menu path; None where there is none."""
    return snapshot.get("name") if snapshot else None


def file_link(name: str | None) -> SafeString | None:
    """The name of a stored file, which opens it for a while; None where there is none."""
    if not name:
        return None
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}" target="_blank" rel="noopener">{}</a>',
        file_path(name),
        name,
    )


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

    @display(description=_("expires at"))
    def expires(self, offer: Offer) -> str | None:
        """Until when the agent may take it."""
        return clock_time(offer.expires_at)

    @display(description=_("settled at"))
    def settled(self, offer: Offer) -> str | None:
        """When; nothing while it is open."""
        return clock_time(offer.settled_at)


class OfferInline(OfferColumns, HistoryInline):
    """To whom it was held out."""

    model = Offer
    fields = ("agent", "group", "round", "level", "shown_status", "offered", "expires", "settled")
    readonly_fields = ("shown_status", "offered", "expires", "settled")

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
    fields = ("time", "kind", "shown_status", "source", "target", "ended", "why_failed")
    readonly_fields = ("time", "shown_status", "source", "target", "ended", "why_failed")

    @display(description=_("created at"))
    def time(self, transfer: Transfer) -> str | None:
        """When."""
        return clock_time(transfer.created_at)

    @display(description=_("ended at"))
    def ended(self, transfer: Transfer) -> str | None:
        """When it was done, or had failed; nothing while it is under way."""
        return clock_time(transfer.ended_at)

    @display(description=_("status"))
    def shown_status(self, transfer: Transfer) -> str:
        """How far it is."""
        return label(transfer.get_status_display(), TRANSFER_COLOURS[Transfer.Status(transfer.status)])

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
    def name(self, photo: Photo) -> str | None:
        """The file, to be opened."""
        return file_link(photo.file.name)


class VideoInline(HistoryInline):
    """Videos the end user sent."""

    model = Video
    fields = ("name",)
    readonly_fields = ("name",)

    @display(description=_("file"))
    def name(self, video: Video) -> str | None:
        """The file, to be opened."""
        return file_link(video.file.name)


class HoldInline(HistoryInline):
    """When the end user heard music."""

    model = Hold
    fields = ("agent", "begun", "ended")
    readonly_fields = ("begun", "ended")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        """With the agents."""
        return super().get_queryset(request).select_related("agent__user")

    @display(description=_("started at"))
    def begun(self, hold: Hold) -> str | None:
        """When it began."""
        return clock_time(hold.started_at)

    @display(description=_("ended at"))
    def ended(self, hold: Hold) -> str | None:
        """When it ended; nothing while it lasts."""
        return clock_time(hold.ended_at)


class NoteInline(HistoryInline):
    """What agents wrote about it."""

    model = Note
    fields = ("agent", "text", "written")
    readonly_fields = ("written",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Note]:
        """With the agents."""
        return super().get_queryset(request).select_related("agent__user")

    @display(description=_("updated at"))
    def written(self, note: Note) -> str | None:
        """When it was last changed."""
        return clock_time(note.updated_at)


class VoipOrderInline(HistoryInline):
    """What providers were asked to do with its lines."""

    model = VoipOrder
    fields = ("given", "provider", "kind", "attempts", "due", "error")
    readonly_fields = ("given", "due")

    @display(description=_("created at"))
    def given(self, order: VoipOrder) -> str | None:
        """When it was decided."""
        return clock_time(order.created_at)

    @display(description=_("next at"))
    def due(self, order: VoipOrder) -> str | None:
        """When it is asked for (again); nothing once that is over."""
        return clock_time(order.next_at)
