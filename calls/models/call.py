"""The call itself."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from calls.models.vocabulary import (
    AnswerType,
    CallType,
    Deflection,
    DisconnectedBy,
    FailReason,
    RecordingPermission,
    Status,
    VoicemailReason,
)
from ccai.audited import audited
from ccai.phones import E164_MAX_LENGTH
from ccai.times import now
from menus.models import Menu

# Statuses of calls that are over; `ends_at` is set on them.
OVER = (
    Status.FINISHED,
    Status.FAILED,
    Status.RECOVERED,
    Status.CANCELLED,
    Status.DEFLECTED,
    Status.ACTION_ONLY_FINISHED,
    Status.VOICEMAIL_RECEIVED,
    Status.VOICEMAIL_READ,
)
# Statuses in which an agent has the call.
WITH_AGENT = (Status.ASSIGNED, Status.CONNECTING, Status.SWITCHING, Status.CONNECTED)


def history_index(field: str, name: str) -> models.Index:
    """An index for GET /calls filtered by `field`: any page costs the same."""
    return models.Index(F(field), F("created_at").desc(), F("id").desc(), name=name)


class CallQuerySet(models.QuerySet["Call"]):
    """Questions about calls that several places ask."""

    def with_parts(self) -> "CallQuerySet":
        """The calls with all that the call object shows, in one query and one more for each kind of part."""
        return self.select_related("end_user").prefetch_related(
            "participants", "transfers", "photos", "videos", "deflection_details", "offer_events"
        )

    def overdue(self, at: datetime, *statuses: str) -> "CallQuerySet":
        """Those at one of `statuses` that are past their deadline at the moment `at`, the longest overdue first.

        They are locked until the transaction ends; what another worker holds is passed over.
        """
        late = self.filter(status__in=statuses, deadline_at__lte=at).order_by("deadline_at")
        return late.select_for_update(skip_locked=True, of=("self",))


@audited(
    leaves_out="created_at updated_at queued_at assigned_at connected_at ends_at waits_since cast_until deadline_at"
    " unheard_since wait_duration call_duration hold_duration voip_provider voip_ref selected_menu menu_path agent_info"
    " offer_type answer_type cast_level cast_round",
    personal="end_user_number end_user feedback data_parameters",
    everyday="/desk/",
)
class Call(models.Model):
    """One call, from its request to its end, and its history afterwards.

    `status` is written by `calls/lifecycle.py` alone. What was true when the call was made stands in snapshot columns
    (`selected_menu`, `menu_path`, `agent_info`), whatever is renamed or deleted later.

    Columns that came after the first release have a default of the database's too: while a release is rolled out, the
    processes of the one before write rows without them.
    """

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    lang = models.CharField(_("language"), max_length=12)
    call_type = models.CharField(_("call type"), max_length=32, choices=CallType)
    status = models.CharField(_("status"), max_length=24, choices=Status)

    created_at = models.DateTimeField(_("created at"), default=now)
    updated_at = models.DateTimeField(_("updated at"), default=now)
    queued_at = models.DateTimeField(_("queued at"), null=True, blank=True)
    assigned_at = models.DateTimeField(_("assigned at"), null=True, blank=True)
    connected_at = models.DateTimeField(_("connected at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    scheduled_at = models.DateTimeField(_("scheduled at"), null=True, blank=True)

    wait_duration = models.PositiveIntegerField(_("wait duration"), default=0)  # seconds
    call_duration = models.PositiveIntegerField(_("call duration"), default=0)  # seconds
    hold_duration = models.PositiveIntegerField(_("hold duration"), default=0)  # seconds

    rating = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    has_feedback = models.BooleanField(_("has feedback"), default=False)

    voip_provider = models.CharField(_("VoIP provider"), max_length=50, blank=True)  # the adapter's name
    voip_ref = models.CharField(_("provider's call id"), max_length=200, blank=True)
    out_ticket_id = models.CharField(_("ticket"), max_length=255, null=True, blank=True)
    out_ticket_url = models.CharField(_("ticket URL"), max_length=1000, null=True, blank=True)
    # Of a scheduled call with a ticket: from when on, once it is due, the CRM is asked whether that is open still;
    # empty once it is known.
    ask_crm_at = models.DateTimeField(_("ask the CRM at"), null=True, blank=True, editable=False)

    verified_customer = models.BooleanField(_("verified customer"), default=False)
    bad_actor = models.BooleanField(_("bad actor"), default=False)
    repeat_customer = models.BooleanField(_("repeat customer"), default=False)

    recording_permission = models.CharField(
        _("recording permission"),
        max_length=12,
        choices=RecordingPermission,
        default=RecordingPermission.NOT_ASKED,
    )
    recorded = models.BooleanField(
        _("recorded"),
        default=False,
        help_text=_("Whether the call is to be recorded, as its menu said when it was made."),
    )
    recording = models.FileField(_("recording"), max_length=200, blank=True)
    # The message left in a voicemail box; a conversation before it may have a recording of its own.
    voicemail = models.FileField(_("voicemail"), max_length=200, blank=True, default="", db_default="")
    voicemail_reason = models.CharField(
        _("voicemail reason"), max_length=20, choices=VoicemailReason, default=VoicemailReason.NOT_VOICEMAIL
    )
    deflection = models.CharField(_("deflection"), max_length=32, choices=Deflection, default=Deflection.NO_DEFLECTION)
    disconnected_by = models.CharField(
        _("disconnected by"), max_length=12, choices=DisconnectedBy, default=DisconnectedBy.UNKNOWN
    )
    fail_reason = models.CharField(_("fail reason"), max_length=40, choices=FailReason, default=FailReason.NOTHING)
    fail_details = models.TextField(_("fail details"), null=True, blank=True)

    # What a virtual agent or a program knows of the call (contract section 10).
    data_parameters = models.JSONField(_("data parameters"), default=dict, db_default={}, blank=True)
    disposition = models.ForeignKey(
        "Disposition",
        db_index=False,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("disposition"),
    )
    # The end user's own words, beside the rating.
    feedback = models.TextField(_("feedback"), default="", db_default="", blank=True)

    support_number = models.CharField(_("support number"), max_length=E164_MAX_LENGTH, blank=True)  # E.164
    end_user_number = models.CharField(_("end user number"), max_length=E164_MAX_LENGTH, blank=True)  # E.164
    outbound_number = models.CharField(_("outbound number"), max_length=E164_MAX_LENGTH, blank=True)  # E.164

    # The three below have no index of their own: those of the history begin with them.
    menu = models.ForeignKey(
        Menu,
        db_index=False,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("menu"),
    )
    selected_menu = models.JSONField(_("selected menu"), null=True, blank=True)
    menu_path = models.JSONField(_("menu path"), null=True, blank=True)
    agent = models.ForeignKey(
        "agents.Agent",
        db_index=False,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("agent"),
    )
    agent_info = models.JSONField(_("agent info"), null=True, blank=True)
    end_user = models.ForeignKey(
        "EndUser",
        db_index=False,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("end user"),
    )

    # The menu whose agents it is cast to: the chosen one, until a redirection or a transfer hands the call on.
    queue = models.ForeignKey(
        Menu,
        db_index=False,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="queued_calls",
        verbose_name=_("queue"),
    )
    priority = models.SmallIntegerField(
        _("priority"), default=0, db_default=0, help_text=_("Higher ones are served first.")
    )
    # Its place among calls of one priority. A callback keeps it; a transferred call takes its earlier wait along.
    waits_since = models.DateTimeField(_("waits since"), null=True, blank=True)

    offer_type = models.CharField(_("offer type"), max_length=12, choices=Menu.OfferType, blank=True)
    answer_type = models.CharField(_("answer type"), max_length=8, choices=AnswerType, default=AnswerType.MANUAL)

    # Casting: how many of the menu's groups the call is offered to now, in which round, and until when.
    cast_level = models.PositiveSmallIntegerField(_("groups cast to"), default=0)
    cast_round = models.PositiveIntegerField(_("round"), default=0)
    cast_until = models.DateTimeField(_("cast until"), null=True, blank=True)
    # When the clock settles the call if nothing else has moved it on.
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    # Since when the provider has not been able to say what became of the call.
    unheard_since = models.DateTimeField(_("provider silent since"), null=True, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ("-created_at", "-id")
        permissions = (
            ("export_call", _("Can export the call history")),
            ("force_end_call", _("Can end live and stuck calls")),
            ("reschedule_call", _("Can cancel, move and start scheduled calls")),
            ("view_report", _("Can see reports")),
            ("view_wallboard", _("Can see the wallboard")),
        )
        constraints = (
            models.CheckConstraint(
                condition=~Q(status=Status.SCHEDULED) | Q(scheduled_at__isnull=False),
                name="a_scheduled_call_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.QUEUED)
                | Q(queued_at__isnull=False, queue__isnull=False, waits_since__isnull=False),
                name="a_queued_call_has_a_queue_and_a_place_in_it",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=WITH_AGENT) | Q(agent__isnull=False, assigned_at__isnull=False),
                name="an_assigned_call_has_an_agent",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=OVER) | Q(ends_at__isnull=False), name="a_call_that_is_over_has_an_end"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.FAILED) | ~Q(fail_reason=FailReason.NOTHING),
                name="a_failed_call_has_a_reason",
            ),
            models.CheckConstraint(condition=Q(rating=None) | Q(rating__range=(1, 5)), name="a_rating_is_one_to_five"),
            models.UniqueConstraint(
                fields=["out_ticket_id"],
                condition=Q(status=Status.SCHEDULED, out_ticket_id__isnull=False),
                name="a_ticket_has_one_scheduled_call",
            ),
        )
        indexes = (
            # GET /calls and the history, unfiltered and by one filter
            models.Index(F("created_at").desc(), F("id").desc(), name="calls_by_creation"),
            models.Index(F("updated_at").desc(), F("id").desc(), name="calls_by_update"),
            history_index("status", "calls_by_status"),
            history_index("call_type", "calls_by_type"),
            history_index("menu_id", "calls_by_menu"),
            history_index("queue_id", "calls_by_queue"),  # scope.Scope.calls: those of a branch
            history_index("agent_id", "calls_by_agent"),
            history_index("end_user_id", "calls_by_end_user"),
            history_index("end_user_number", "calls_by_end_user_number"),
            history_index("out_ticket_id", "calls_by_ticket"),
            history_index("lang", "calls_by_language"),
            history_index("fail_reason", "calls_by_fail_reason"),
            models.Index(fields=["ends_at"], name="calls_by_end"),
            models.Index(fields=["scheduled_at"], name="calls_by_schedule"),
            # dispatch.queue_due
            models.Index(fields=["scheduled_at"], condition=Q(status=Status.SCHEDULED), name="calls_to_come"),
            # offers.hold_out: the next call of a queue
            models.Index(
                F("queue_id"),
                F("priority").desc(),
                F("waits_since"),
                F("id"),
                condition=Q(status=Status.QUEUED),
                name="calls_waiting_in_a_queue",
            ),
            # offers.advance
            models.Index(fields=["cast_until"], condition=Q(status=Status.QUEUED), name="calls_to_cast_on"),
            # dispatch.place, dispatch.switch
            models.Index(
                fields=["status", "assigned_at"],
                condition=Q(status__in=(Status.ASSIGNED, Status.SWITCHING, Status.CONNECTING)),
                name="calls_to_dial",
            ),
            # the history's filters that few calls match
            models.Index(
                F("rating"),
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(rating__isnull=False),
                name="rated_calls",
            ),
            models.Index(
                F("deflection"),
                F("created_at").desc(),
                F("id").desc(),
                condition=~Q(deflection=Deflection.NO_DEFLECTION),
                name="deflected_calls",
            ),
            models.Index(
                F("created_at").desc(), F("id").desc(), condition=Q(bad_actor=True), name="calls_of_bad_actors"
            ),
            models.Index(
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(verified_customer=True),
                name="calls_of_the_verified",
            ),
            models.Index(
                F("created_at").desc(), F("id").desc(), condition=Q(repeat_customer=True), name="calls_of_the_repeated"
            ),
            models.Index(
                F("created_at").desc(), F("id").desc(), condition=Q(has_feedback=True), name="calls_with_feedback"
            ),
            models.Index(
                F("disposition_id"),
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(disposition__isnull=False),
                name="calls_by_disposition",
            ),
            models.Index(fields=["call_duration"], condition=Q(call_duration__gt=0), name="calls_by_duration"),
            # reports: what was answered, and what is live now
            models.Index(fields=["connected_at"], condition=Q(connected_at__isnull=False), name="calls_by_connection"),
            models.Index(fields=["status", "queue"], condition=Q(ends_at=None), name="calls_that_are_live"),
            # dispatch.settle
            models.Index(fields=["deadline_at"], condition=Q(deadline_at__isnull=False), name="calls_with_a_deadline"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.call_type}"

    @property
    def expires_after(self) -> int:
        """Seconds that the call may wait in the queue for an agent."""
        if self.scheduled_at is not None:
            return int(settings.CCAI_SCHEDULED_CALL_EXPIRATION)
        return int(settings.CCAI_UNANSWERED_CALL_EXPIRATION)
