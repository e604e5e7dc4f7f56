"""What is on its way to endpoints, or has come there, with every try; and sending it again."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, OuterRef, QuerySet, Subquery, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from ccai.admin import HistoryAdmin, clock_time, label
from ccai.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from ccai.personal import sees_personal_data
from ccai.webhooks import endpoints
from ccai.webhooks.events import TYPES

SEND_AGAIN = "ccai.resend_webhookdelivery"
Status = WebhookDelivery.Status
COLOURS = {Status.PENDING: "info", Status.DELIVERED: "success", Status.GIVEN_UP: "danger"}
# Lines as they are, but for what is too long for the page.
LINES = "white-space: pre-wrap; overflow-wrap: anywhere"
# Where the things that events tell of have their pages.
PAGES = {
    "call": "admin:calls_call_change",
    "agent": "admin:agents_agent_change",
    "endpoint": "admin:ccai_webhookendpoint_change",
}


def subject_link(subject: str) -> SafeString | str:
    """What an event happened to; leads to its page."""
    kind, _colon, key = subject.partition(":")
    try:
        return format_html('<a class="underline" href="{}">{} {}</a>', reverse(PAGES[kind], args=[key]), kind, key)
    except (KeyError, NoReverseMatch):
        return subject


def last_answers(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """With what came of the last try: `last_at`, `last_code`, `last_error`."""
    tries = WebhookAttempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk")
    return deliveries.select_related("event", "endpoint").annotate(
        last_at=Subquery(tries.values("at")[:1]),
        last_code=Subquery(tries.values("code")[:1]),
        last_error=Subquery(tries.values("error")[:1]),
    )


def last_answer(delivery: Any) -> str | None:
    """What came of the last try, as `last_answers` read it: the code, or why there was none; None before any try."""
    if delivery.last_code:
        return str(delivery.last_code)
    return gettext(delivery.last_error) if delivery.last_error else None


def status_label(delivery: WebhookDelivery) -> str:
    """How far it has come, on its coloured ground; one that waits for its endpoint to be switched on says so."""
    if delivery.status == Status.PENDING and delivery.due_at is None:
        return label(gettext("held"), "warning")
    return label(delivery.get_status_display(), COLOURS[Status(delivery.status)])


def next_try(delivery: WebhookDelivery) -> SafeString | None:
    """When it is tried again; None where it is not."""
    return clock_time(delivery.due_at) if delivery.status == Status.PENDING else None


def first_before(delivery: WebhookDelivery) -> WebhookDelivery | None:
    """The one that is to arrive before it, and has not yet; None where none is, or it waits for none."""
    if delivery.status != Status.PENDING:
        return None
    others = WebhookDelivery.objects.filter(endpoint=delivery.endpoint_id, subject=delivery.subject)
    earlier = others.filter(status=Status.PENDING, event__lt=delivery.event_id)
    return earlier.select_related("event").order_by("event_id").first()


class TypeFilter(DropdownFilter):
    """One type of event."""

    title = _("event")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All types."""
        return [(name, name) for name in TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Deliveries of such events."""
        return queryset.filter(event__type=self.value()) if self.value() else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(HistoryAdmin):
    """Deliveries, the latest first."""

    list_display = ("made", "type", "about", "endpoint", "state", "attempts", "answered", "next")
    list_display_links = ("made",)
    list_filter = (("endpoint", RelatedDropdownFilter), ("status", ChoicesDropdownFilter), TypeFilter)
    search_fields = ("subject",)
    search_help_text = _("What happened to what: call:12, agent:5")
    readonly_fields = ("made", "type", "about", "endpoint", "state", "next", "message", "tries")
    fieldsets = (
        (None, {"fields": (("made", "type"), ("about", "endpoint"), ("state", "next"))}),
        (_("Tries"), {"fields": ("tries",)}),
        (_("Message"), {"fields": ("message",)}),
    )
    change_form_outer_before_template = "admin/ccai/webhookdelivery/again.html"

    def get_urls(self) -> list[URLPattern]:
        """And the verb."""
        again = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<int:delivery_id>/again/", again, name="ccai_webhookdelivery_again"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        """The deliveries; `clear` says whether who asks sees names and numbers of end users."""
        clear = Value(sees_personal_data(request.user), output_field=BooleanField())
        # What is left of an endpoint that was deleted is not counted either.
        deliveries = super().get_queryset(request).filter(endpoint__in=WebhookEndpoint.objects.all())
        return last_answers(deliveries).annotate(clear=clear)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery], search_term: str
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        """Those of one subject: an index finds them."""
        term = search_term.strip()
        if not term:
            return queryset, False
        subject = f"call:{term}" if term.isdecimal() else term
        return queryset.filter(event__subject=subject), False

    def again_view(self, request: HttpRequest, delivery_id: int) -> HttpResponse:
        """POST: the delivery is sent once more, now."""
        if not request.user.has_perm(SEND_AGAIN):
            raise PermissionDenied
        delivery = WebhookDelivery.objects.select_related("endpoint").filter(pk=delivery_id).first()
        if delivery is None:
            raise Http404
        if delivery.endpoint.active:
            endpoints.send_again(delivery)
            messages.success(request, gettext("The message is sent again."))
        else:
            messages.error(request, gettext("Its endpoint is not active. Switch it on first."))
        return HttpResponseRedirect(reverse("admin:ccai_webhookdelivery_change", args=[delivery_id]))

    @display(description=_("time"))
    def made(self, delivery: WebhookDelivery) -> str | None:
        """When it happened."""
        return clock_time(delivery.event.at)

    @display(description=_("event"))
    def type(self, delivery: WebhookDelivery) -> str:
        """What happened."""
        return delivery.event.type

    @display(description=_("to what"))
    def about(self, delivery: WebhookDelivery) -> SafeString | str:
        """The call or the agent."""
        return subject_link(delivery.subject)

    @display(description=_("status"))
    def state(self, delivery: WebhookDelivery) -> str:
        """How far it has come."""
        return status_label(delivery)

    @display(description=_("last answer"))
    def answered(self, delivery: WebhookDelivery) -> str | None:
        """What came of the last try."""
        return last_answer(delivery)

    @display(description=_("next try"))
    def next(self, delivery: WebhookDelivery) -> str | None:
        """When it is tried again; nothing where it is not."""
        return next_try(delivery)

    @display(description=_("message"))
    def message(self, delivery: WebhookDelivery) -> SafeString | str:
        """The body, as it is sent."""
        if not delivery.clear:  # type: ignore[attr-defined]
            return gettext("Your role does not show what it says.")
        body = json.dumps(json.loads(delivery.event.body), indent=2, ensure_ascii=False)
        return format_html('<pre class="text-xs" style="{}">{}</pre>', LINES, body)

    @display(description=_("tries"))
    def tries(self, delivery: WebhookDelivery) -> SafeString:
        """Each try, the latest first. What an endpoint answers may repeat what the message says of people."""
        context = {
            "rows": delivery.tries.order_by("-pk"),
            "before": first_before(delivery),
            "clear": delivery.clear,  # type: ignore[attr-defined]
        }
        return mark_safe(render_to_string("admin/ccai/webhookdelivery/tries.html", context))  # noqa: S308
