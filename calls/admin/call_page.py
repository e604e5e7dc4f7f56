"""The page of one call: its story drawn and told, what is known of it, and what can be done to it by hand."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from calls import services
from calls.admin.call_facts import children, facts_of, reader_of, status_label
from calls.files.serving import file_path
from calls.models import Call, Status
from calls.scope import scope_of
from calls.showing import refusals, telling, timeline
from calls.showing.story import Story, read_story, with_names
from ccai.admin import clock_time, is_id
from ccai.audit import because
from ccai.errors import Refused
from ccai.models import AuditEntry, WebhookDelivery
from ccai.personal import sees_personal_data
from ccai.times import now
from ccai.webhook_pages.deliveries import last_answer, last_answers
from ccai.webhook_pages.deliveries import status_label as status_label_of

LONGEST_REASON = 500
# Changes of the call by people that the page tells of.
MOST_CHANGES = 20
MOST_DELIVERIES = 50
# How often the page of a live call reads it anew; of one that is still to come.
REFRESH_SECONDS = 3
REFRESH_SECONDS_WHILE_SCHEDULED = 15


class ReasonForm(forms.Form):
    """Why a call is ended by hand."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        error_messages={"required": gettext_lazy("Write why the call is ended. It stays with the call.")},
    )


class TimeForm(forms.Form):
    """When a scheduled call is to be made, on the center's clock."""

    scheduled_at = forms.DateTimeField(
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        error_messages={
            "required": gettext_lazy("Choose a time."),
            "invalid": gettext_lazy("This is no time. Choose a day and a time, such as 2027-03-31 14:30."),
        },
    )


class CallPage:
    """Mixed into the admin of calls: the page of one, and its verbs."""

    admin_site: AdminSite

    def get_urls(self) -> list[URLPattern]:
        """And the verbs."""
        verbs: dict[str, Callable[..., HttpResponseBase]] = {
            "end": self.end_view,
            "cancel": self.cancel_view,
            "move": self.move_view,
            "start": self.start_view,
        }
        own = [
            path(f"<int:call_id>/{name}/", self.admin_site.admin_view(require_POST(view)), name=f"calls_call_{name}")
            for name, view in verbs.items()
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """GET: the page of one call; with `?part`, what of it changes while the call is live, alone."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        call = self._find(request, int(object_id) if is_id(object_id) else None)
        story = read_story(call, now(), scope_of(request.user).calls())
        context = {**_live_context(request, story), **(extra_context or {})}
        if "part" in request.GET:
            response = TemplateResponse(request, "admin/calls/call/live.html", context)
            response["Cache-Control"] = "no-store"
            return response
        return TemplateResponse(
            request,
            "admin/calls/call/page.html",
            {
                **self.admin_site.each_context(request),
                **context,
                **_still_context(request, story),
                "opts": Call._meta,
                "original": call,
                "title": _("Call %(id)s") % {"id": call.pk},
                "content_title": _("Call %(id)s") % {"id": call.pk},
                "show_history": False,
            },
        )

    def end_view(self, request: HttpRequest, call_id: int) -> HttpResponse:
        """POST: the call is ended by hand, with a reason."""
        call = self._find(request, call_id, "calls.force_end_call")
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return _back(request, call, _faults(form))
        reason = form.cleaned_data["reason"]
        with because(reason):
            return _do(request, call, lambda: services.force_end(call, reason=reason), _("The call is ended."))

    def cancel_view(self, request: HttpRequest, call_id: int) -> HttpResponse:
        """POST: the call, which is scheduled or waits, is withdrawn."""
        call = self._find(request, call_id, "calls.reschedule_call")
        return _do(request, call, lambda: services.cancel_call(call), _("The call is cancelled."))

    def move_view(self, request: HttpRequest, call_id: int) -> HttpResponse:
        """POST: the call, which is scheduled, is due at another time."""
        call = self._find(request, call_id, "calls.reschedule_call")
        form = TimeForm(request.POST)
        if not form.is_valid():
            return _back(request, call, _faults(form))
        due = form.cleaned_data["scheduled_at"]
        return _do(request, call, lambda: services.move_call(call, due), _("The call has another time."))

    def start_view(self, request: HttpRequest, call_id: int) -> HttpResponse:
        """POST: the call, which is scheduled, is due now."""
        call = self._find(request, call_id, "calls.reschedule_call")
        try:
            turned_away = refusals.turned_away(services.start_now(call))
        except Refused as refusal:
            return _back(request, call, refusals.in_words(refusal))
        if turned_away:
            messages.warning(request, _("The call was turned away. %(what)s") % {"what": turned_away})
        else:
            messages.success(request, _("The call is made now."))
        return _back(request, call)

    def _find(self, request: HttpRequest, call_id: int | None, permission: str = "calls.view_call") -> Call:
        """The call of that id, for somebody who has `permission` and may see it. Raises PermissionDenied, Http404."""
        if not request.user.has_perms(["calls.view_call", permission]):
            raise PermissionDenied
        call = with_names(scope_of(request.user).calls()).filter(pk=call_id or 0).first()
        if call is None:
            raise Http404(_("There is no such call."))
        return call


def _live_context(request: HttpRequest, story: Story) -> dict[str, Any]:
    """What changes while a call is live."""
    reader = reader_of(request.user)
    return {
        "story": story,
        "call": story.call,
        "status": status_label(story.call),
        "facts": facts_of(story, reader),
        "children": children(story),
        "timeline": timeline.draw(story),
        "lines": telling.tell(story),
        "notes": story.notes,
        "clear": reader.personal_data,
        "time_format": "H:i:s" if _is_of_one_day(story) else "Y-m-d H:i:s",
        "as_of": clock_time(story.at),
    }


def _still_context(request: HttpRequest, story: Story) -> dict[str, Any]:
    """What the page has beside that: what can be heard, seen and done."""
    call, may = story.call, request.user.has_perm
    clear = sees_personal_data(request.user)
    is_scheduled = call.status == Status.SCHEDULED
    changes: list[AuditEntry] = []
    if may("ccai.view_auditentry"):
        entries = AuditEntry.objects.filter(model=Call._meta.label_lower, object_id=str(call.pk))
        changes = list(entries.order_by("-at", "-pk")[:MOST_CHANGES])
    return {
        "refresh_seconds": _refresh_seconds(story),
        "recording": file_path(call.recording.name or "") if call.recording and clear else "",
        "voicemail": file_path(call.voicemail.name or "") if call.voicemail and clear else "",
        "photos": [(one.get_photo_type_display(), file_path(one.file.name or "")) for one in story.photos if clear],
        "videos": [file_path(one.file.name or "") for one in story.videos if clear],
        "has_hidden_files": not clear and bool(call.recording or call.voicemail or story.photos or story.videos),
        "orders": story.orders,
        "changes": changes,
        "deliveries": _deliveries(call) if may("ccai.view_webhookdelivery") else [],
        "may_end": story.is_live and not is_scheduled and may("calls.force_end_call"),
        "may_reschedule": is_scheduled and may("calls.reschedule_call"),
        "time_now": timezone.localtime(call.scheduled_at).strftime("%Y-%m-%dT%H:%M") if call.scheduled_at else "",
        "longest_reason": LONGEST_REASON,
        "time_zone": timezone.get_current_timezone_name(),
    }


def _deliveries(call: Call) -> list[tuple[WebhookDelivery, str, str | None]]:
    """What programs were told of the call, the latest first, each with its status."""
    told = WebhookDelivery.objects.filter(event__subject=f"call:{call.pk}").select_related("endpoint")
    return [
        (one, status_label_of(one), last_answer(one))
        # By the event's own column: by its name, Django takes the order of events, and turns that round.
        for one in last_answers(told).order_by("-event_id", "-pk")[:MOST_DELIVERIES]
    ]


def _refresh_seconds(story: Story) -> int:
    """How often the page is read anew; 0 where nothing will change by itself."""
    if not story.is_live:
        return 0
    return REFRESH_SECONDS_WHILE_SCHEDULED if story.call.status == Status.SCHEDULED else REFRESH_SECONDS


def _is_of_one_day(story: Story) -> bool:
    """Whether it is plain of which day all times are."""
    return timezone.localdate(story.call.created_at) == timezone.localdate(story.ends_at)


def _do(request: HttpRequest, call: Call, deed: Callable[[], object], done: str) -> HttpResponse:
    """The page, after `deed` was done, or refused."""
    try:
        deed()
    except Refused as refusal:
        return _back(request, call, refusals.in_words(refusal))
    messages.success(request, done)
    return _back(request, call)


def _back(request: HttpRequest, call: Call, fault: str = "") -> HttpResponse:
    if fault:
        messages.error(request, fault)
    return HttpResponseRedirect(reverse("admin:calls_call_change", args=[call.pk]))


def _faults(form: forms.Form) -> str:
    return " ".join(str(fault) for faults in form.errors.values() for fault in faults)
