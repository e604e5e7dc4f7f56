"""`/reports/` and its tables as files."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from calls.figures import Report, report
from calls.figures.definitions import FIGURES
from calls.figures.spans import Span
from calls.history.export import csv_text, harmless
from calls.models import Channel
from calls.reports import tables
from calls.reports.asking import DAYS, HEATS, STEPS, Asked, Days
from calls.reports.words import tile
from calls.scope import scope_of

# Figures that are tiles, and in which order.
TILES = (
    "calls", "offered", "answered", "service_level", "speed_of_answer", "abandon_rate", "time_to_abandon",
    "handle_time", "occupancy", "callbacks_kept", "deflections", "transfers", "voicemails", "rating",
)  # fmt: skip
# Tables that are not of pieces of the span, by key; and keys of what agents' parts and time go into.
TABLES = {"types": tables.by_type, "deflections": tables.by_deflection, "summary": tables.summary}
WITH_AGENTS = ("handle_time", "summary")


def for_readers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """`view` for those who may see reports; others get 403, and those who have not logged in the login."""
    return wraps(view)(
        require_safe(admin.site.admin_view(permission_required("calls.view_report", raise_exception=True)(view)))
    )


@for_readers
def report_page(request: HttpRequest) -> HttpResponseBase:
    """GET /reports/: what the center did in a span, beside the span before; 404, and why, where what is asked for is
    not there."""
    asked = Asked(request.GET, scope_of(request.user))
    found = report(asked.selection, asked.span)
    context = {
        **admin.site.each_context(request),
        "title": _("Reports"),
        "asked": asked,
        "spans": [(days, name) for days, name in DAYS.items() if days is not Days.CUSTOM],
        "custom": Days.CUSTOM,
        "channels": Channel.choices,
        "steps": [(step, STEPS[step]) for step in asked.span.steps()],
        "heats": [FIGURES[key] for key in HEATS],
        "days_shown": _days(asked.span),
        "days_before": _days(asked.span.before()),
        "tiles": [tile(FIGURES[key], found.now.whole, found.before.whole) for key in TILES],
        "charts": tables.by_time(found, asked.step),
        "heat": tables.heat_map(found, asked.heat),
        "plain": [tables.by_type(found), tables.by_deflection(found), tables.summary(found)],
        "figures": FIGURES.values(),
        "is_empty": not found.now.whole.calls and not found.now.whole.promises,
        "zone": timezone.get_current_timezone_name(),
        "fresh_address": reverse("reports:page"),
    }
    return TemplateResponse(request, "reports/page.html", context, status=200 if asked.is_found else 404)


@for_readers
def report_csv(request: HttpRequest, table: str) -> HttpResponseBase:
    """GET /reports/TABLE.csv: one table of the report that the rest of the address asks for; 400 for what cannot be
    read and 404 for what is not there, since a file cannot say that it is of something else."""
    asked = Asked(request.GET, scope_of(request.user))
    if asked.fault:
        status = 400 if asked.is_found else 404
        return HttpResponse(asked.fault, status=status, content_type="text/plain; charset=utf-8")
    with_agents = table in WITH_AGENTS or (table == "heat" and asked.heat.key in WITH_AGENTS)
    shown = _table(report(asked.selection, asked.span, with_agents=with_agents), asked, table)
    if shown is None:
        raise Http404
    name = f"{table}-{asked.span.first}-{asked.span.last}.csv"
    text = "\ufeff" + csv_text([_harmless(cell) for cell in row] for row in shown.rows())
    return HttpResponse(
        text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _table(found: Report, asked: Asked, key: str) -> tables.Table | None:
    """The table called `key`, for which nothing else is counted; None where there is none."""
    if key == "heat":
        return tables.heat_map(found, asked.heat).table
    if key in TABLES:
        return TABLES[key](found)
    return next((one for one in tables.by_time(found, asked.step) if one.key == key), None)


def _harmless(cell: Any) -> Any:
    """`cell`, which no spreadsheet takes for a formula."""
    return harmless(cell) if isinstance(cell, str) else cell


def _days(span: Span) -> tuple[Any, Any]:
    return span.first, span.last
