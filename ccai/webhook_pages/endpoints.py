"""Endpoints: made, changed and switched on and off here; their secrets, and sending again."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from ccai.admin import CenterAdmin, clock_time, is_id, label
from ccai.models import WebhookDelivery, WebhookEndpoint
from ccai.webhook_pages.deliveries import (
    SEND_AGAIN,
    last_answer,
    last_answers,
    next_try,
    status_label,
    subject_link,
)
from ccai.webhook_pages.forms import EndpointForm, SinceForm
from ccai.webhooks import again, endpoints
from ccai.webhooks.posting import Place

LATEST = 20


def written(moment: datetime | None) -> str:
    """`moment` on the center's clock, within a sentence; "" where there is none."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def said_of_again(count: int) -> str:
    """What is said to who has so many messages sent again, counted as `again.send_again_since` does."""
    if count > again.MOST_COUNTED:
        return gettext("More than %(count)d messages are sent again.") % {"count": again.MOST_COUNTED}
    return ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count) % {"count": count}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(CenterAdmin):
    """Programs that are told what happens. A secret is shown once, when it is made."""

    form = EndpointForm
    list_display = ("name", "url", "wanted", "state", "waiting")
    list_display_links = ("name",)
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("url", "description")
    search_help_text = _("Address or description")
    readonly_fields = ("state", "waiting", "created", "old_secret")
    fieldsets = (
        (None, {"fields": ("url", "description", ("active", "state"), ("waiting", "created"), "old_secret")}),
        (_("What it is told"), {"fields": ("events",)}),
    )
    add_fieldsets = ((None, {"fields": ("url", "description")}), (_("What it is told"), {"fields": ("events",)}))
    change_form_outer_after_template = "admin/ccai/webhookendpoint/sent.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """The endpoints, with how many messages wait for each."""
        # A question for each endpoint: what was delivered may be millions of rows.
        pending = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), status=WebhookDelivery.Status.PENDING)
        waiting = pending.order_by().values("endpoint").annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(waiting_count=Coalesce(Subquery(waiting), 0))

    def get_urls(self) -> list[URLPattern]:
        """And the verbs."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/secret/", wrap(require_POST(self.secret_view)), name="ccai_webhookendpoint_secret"),
            path("<int:pk>/again/", wrap(require_POST(self.again_view)), name="ccai_webhookendpoint_again"),
            path("<int:pk>/test/", wrap(require_POST(self.test_view)), name="ccai_webhookendpoint_test"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: EndpointForm, change: bool) -> None:
        """A new endpoint has its secret shown; one that is moved, or switched on or off, is so by the verb."""
        if "url" in form.changed_data and not Place.of(obj.url).is_secure:
            said = gettext("What is sent to %(url)s can be read on the way. Use https:// where the program has it.")
            messages.warning(request, said % {"url": obj.url})
        if not change:
            super().save_model(request, obj, form, change)
            self._show_secret(request, obj.secret)
            return
        active, obj.active = obj.active, form.initial["active"]
        super().save_model(request, obj, form, change)
        if "url" in form.changed_data:
            endpoints.move(obj)
        if active and not obj.active:
            self._tell_of_gap(request, obj)
            endpoints.enable(obj)
        elif obj.active and not active:
            endpoints.disable(obj)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The form, and below it what was sent lately."""
        may_send_again = request.user.has_perm(SEND_AGAIN)
        orders = again.orders_of(int(object_id)) if is_id(object_id) and may_send_again else []
        sent = WebhookDelivery.objects.none()
        if is_id(object_id) and request.user.has_perm("ccai.view_webhookdelivery"):
            sent = last_answers(WebhookDelivery.objects.filter(endpoint=int(object_id))).order_by("-pk")[:LATEST]
        rows = [(one, subject_link(one.subject), status_label(one), last_answer(one), next_try(one)) for one in sent]
        context = {
            "sent": rows,
            "may_send_again": may_send_again,
            "orders": [clock_time(order.since) for order in orders],
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: the endpoint has a new secret, and the one before stays good for a day."""
        endpoint = self._find(request, pk, "ccai.change_webhookendpoint")
        self._show_secret(request, endpoints.rotate_secret(endpoint))
        until = endpoint.previous_secret_until
        endpoint.refresh_from_db()
        if endpoint.previous_secret_until == until:
            said = gettext("The one made a moment ago is void. The one in use before that is good until %(time)s.")
        else:
            said = gettext("The one in use before is good until %(time)s.")
        messages.info(request, said % {"time": written(endpoint.previous_secret_until)})
        return self._back(pk)

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: everything since a time is sent again."""
        endpoint = self._find(request, pk, SEND_AGAIN)
        form = SinceForm(request.POST)
        if not form.is_valid():
            messages.error(request, str(form.errors["since"][0]))
        elif not endpoint.active:
            messages.error(request, gettext("The endpoint is not active. Switch it on first."))
        else:
            count = again.send_again_since(endpoint, form.cleaned_data["since"])
            messages.success(request, said_of_again(count))
        return self._back(pk)

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: the endpoint is sent a test."""
        endpoint = self._find(request, pk, "ccai.change_webhookendpoint")
        if endpoint.active:
            delivery = endpoints.send_test(endpoint)
            page = reverse("admin:ccai_webhookdelivery_change", args=[delivery.pk])
            said, look = gettext("A test message is on its way."), gettext("See what came of it")
            messages.success(request, format_html('{} <a class="underline" href="{}">{}</a>', said, page, look))
        else:
            messages.error(request, gettext("The endpoint is not active. Switch it on first."))
        return self._back(pk)

    def _find(self, request: HttpRequest, pk: int, permission: str) -> WebhookEndpoint:
        if not request.user.has_perm(permission):
            raise PermissionDenied
        endpoint = WebhookEndpoint.objects.filter(pk=pk).first()
        if endpoint is None:
            raise Http404
        return endpoint

    def _back(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:ccai_webhookendpoint_change", args=[pk]))

    def _tell_of_gap(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        """Who switches an endpoint on is told where nothing was kept for it."""
        if endpoint.disabled == WebhookEndpoint.Disabled.FAILING or endpoint.disabled_at is None:
            return
        said = gettext("What has happened since %(time)s was not kept for it. Send it again below where it is missed.")
        messages.info(request, said % {"time": written(endpoint.disabled_at)})

    def _show_secret(self, request: HttpRequest, secret: str) -> None:
        messages.warning(
            request,
            format_html(
                '{} <code class="font-semibold" style="font-family: monospace; overflow-wrap: anywhere">{}</code>',
                gettext("Copy the secret now: it is not shown again."),
                secret,
            ),
        )

    @display(description=_("name"), ordering="description")
    def name(self, endpoint: WebhookEndpoint) -> str:
        """The description, or where there is none the host, beside which the whole address stands."""
        return endpoint.description or urlsplit(endpoint.url).hostname or endpoint.url

    @display(description=_("events"))
    def wanted(self, endpoint: WebhookEndpoint) -> str:
        """Which events it wants."""
        return ", ".join(endpoint.events) or gettext("all")

    @display(description=_("state"))
    def state(self, endpoint: WebhookEndpoint) -> str:
        """Whether messages arrive there, and why not."""
        if endpoint.pk is None:
            return ""
        if not endpoint.active:
            since = clock_time(endpoint.disabled_at)
            why = endpoint.get_disabled_display() or gettext("switched off")
            return format_html("{} {} {}", label(gettext("off"), ""), why, since or "")
        if endpoint.failing_since:
            return format_html("{} {}", label(gettext("failing since"), "danger"), clock_time(endpoint.failing_since))
        return label(gettext("active"), "success")

    @display(description=_("waiting"))
    def waiting(self, endpoint: WebhookEndpoint) -> int:
        """How many messages are on their way, or held."""
        return endpoint.waiting_count  # type: ignore[attr-defined]

    @display(description=_("created at"))
    def created(self, endpoint: WebhookEndpoint) -> str | None:
        """When it was made."""
        return clock_time(endpoint.created_at)

    @display(description=_("previous secret"))
    def old_secret(self, endpoint: WebhookEndpoint) -> str | None:
        """Until when the secret before this one signs, too."""
        until = endpoint.previous_secret_until
        return gettext("good until %(time)s") % {"time": written(until)} if until else None
