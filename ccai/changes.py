"""The page of who changed what: to be searched and read by those who may, and changed by nobody."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.db.models import BooleanField, Q, QuerySet, Value
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from ccai.admin import DayRangeFilter, HistoryAdmin, clock_time, label, unbroken
from ccai.audited import AUDITED
from ccai.models import AuditEntry
from ccai.personal import masked_text
from ccai.showing_changes import changed_names, kind_of, rows_of

COLOURS = {
    AuditEntry.Action.ADDED: "success",
    AuditEntry.Action.CHANGED: "info",
    AuditEntry.Action.DELETED: "danger",
}
# So many changed columns are named in the list.
NAMED = 4


class KindFilter(DropdownFilter):
    """One kind of thing."""

    title = _("kind of thing")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin) -> list[tuple[str, str]]:
        """All kinds that have entries of their own, by name."""
        kinds = [(model, kind_of(model)) for model, rule in AUDITED.items() if not rule.part_of]
        return sorted(kinds, key=lambda kind: kind[1].lower())

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The changes of such things."""
        return queryset.filter(model=self.value()) if self.value() else queryset


class ThingsFilter(DropdownFilter):
    """Certain things, of one kind or several, as a way to a history names them: agents.agent:5,agents.user:9."""

    title = _("things")
    parameter_name = "things"

    def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin) -> list[tuple[str, str]]:
        """Those that the address names; nothing to choose where it names none."""
        named = request.GET.get(self.parameter_name, "")
        pairs = [part.partition(":") for part in named.split(",") if part]
        return [(named, ", ".join(f"{kind_of(model)} {pk}" for model, _colon, pk in pairs))] if pairs else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The changes of any of them."""
        named = Q(pk=None)
        for part in (self.value() or "").split(","):
            model, _colon, pk = part.partition(":")
            named |= Q(model=model, object_id=pk)
        return queryset.filter(named)


def sees_personal_data(request: HttpRequest) -> bool:
    """Whether this person sees names and numbers of end users."""
    return request.user.has_perm("calls.view_personal_data")


@admin.register(AuditEntry)
class AuditEntryAdmin(HistoryAdmin):
    """What people changed, the latest first."""

    list_display = ("time", "by", "done", "kind", "thing", "what", "address")
    list_display_links = ("time",)
    list_filter = (
        ("user", AutocompleteSelectFilter),
        KindFilter,
        ThingsFilter,
        ("action", ChoicesDropdownFilter),
        ("at", DayRangeFilter),
    )
    ordering = ("-at", "-pk")
    search_fields = ("object_name", "object_id", "who")
    search_help_text = _("Name or id of a thing, or a person's e-mail address")
    readonly_fields = ("time", "by", "done", "linked", "shown_reason", "table")
    fieldsets = (
        (None, {"fields": (("time", "by"), ("done", "linked"), ("address", "door"), "shown_reason")}),
        (_("What was changed"), {"fields": ("table",)}),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The list; that of one thing says so in its title."""
        model, object_id = request.GET.get("model", ""), request.GET.get("object_id", "")
        if model and object_id:
            latest = self.get_queryset(request).filter(model=model, object_id=object_id).order_by("-at", "-pk").first()
            thing = self.thing(latest) if latest else object_id
            title = gettext("Changes: %(kind)s %(thing)s") % {"kind": kind_of(model), "thing": thing}
            extra_context = {"title": title, **(extra_context or {})}
        return super().changelist_view(request, extra_context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """The entries; `clear` says whether who asks sees names and numbers of end users."""
        clear = Value(sees_personal_data(request), output_field=BooleanField())
        return super().get_queryset(request).annotate(clear=clear)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """The changes of things called so or with this id, and those of people with this address. Who does not see the
        names of end users finds nothing by them."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = Q(object_name__icontains=term)
        if not sees_personal_data(request):
            named &= ~Q(model__in=[model for model, rule in AUDITED.items() if rule.is_personal])
        return queryset.filter(named | Q(object_id=term) | Q(who__icontains=term)), False

    @display(description=_("time"))
    def time(self, entry: AuditEntry) -> str | None:
        """When."""
        return clock_time(entry.at)

    @display(description=_("who"))
    def by(self, entry: AuditEntry) -> str:
        """The person, by the address of that time."""
        return entry.who

    @display(description=_("action"))
    def done(self, entry: AuditEntry) -> str:
        """Added, changed or deleted."""
        return label(entry.get_action_display(), COLOURS[AuditEntry.Action(entry.action)])

    @display(description=_("kind of thing"))
    def kind(self, entry: AuditEntry) -> str | None:
        """What people call such a thing."""
        return unbroken(kind_of(entry.model))

    @display(description=_("thing"))
    def thing(self, entry: AuditEntry) -> str:
        """Its name at that time."""
        rule = AUDITED.get(entry.model)
        name = entry.object_name or entry.object_id
        if rule and rule.is_personal and not entry.clear:  # type: ignore[attr-defined]
            return masked_text(name) or ""
        return name

    @display(description=_("what"))
    def what(self, entry: AuditEntry) -> str:
        """The columns that are not as they were, the first few by name."""
        names = changed_names(entry)
        if entry.action != AuditEntry.Action.CHANGED:
            return ""
        more = gettext("and %(count)d more") % {"count": len(names) - NAMED} if len(names) > NAMED else ""
        return ", ".join(filter(None, (*names[:NAMED], more)))

    @display(description=_("thing"))
    def linked(self, entry: AuditEntry) -> SafeString:
        """Its kind and name, which leads to its page where there is one still, and to its other changes."""
        page = None
        app, model = entry.model.split(".")
        try:
            page = reverse(f"admin:{app}_{model}_change", args=[entry.object_id])
        except NoReverseMatch:
            page = ""
        name = f"{kind_of(entry.model)}: {self.thing(entry)}"
        shown = format_html('<a href="{}">{}</a>', page, name) if page else name
        others = f"{reverse('admin:ccai_auditentry_changelist')}?model={entry.model}&object_id={entry.object_id}"
        return format_html('{} · <a href="{}">{}</a>', shown, others, gettext("all its changes"))

    @display(description=_("reason"))
    def shown_reason(self, entry: AuditEntry) -> str | None:
        """What the person gave as the reason; nothing where that is not asked for."""
        return entry.reason or None

    @display(description=_("before and after"))
    def table(self, entry: AuditEntry) -> SafeString:
        """A line for each column that is not as it was."""
        rows = rows_of(entry, clear=entry.clear)  # type: ignore[attr-defined]
        return mark_safe(render_to_string("admin/ccai/auditentry/changes.html", {"rows": rows}))  # noqa: S308
