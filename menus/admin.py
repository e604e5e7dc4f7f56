"""Pages of the menu tree: what callers meet, when it is open, and who answers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, ManyToManyField, Q, QuerySet, TextField
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesDropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.decorators import display
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.models import Agent
from ccai.admin import CenterAdmin, PhoneFields, is_id, label
from ccai.api.parsing import has_unstorable_text
from ccai.times import now
from menus.models import AgentGroup, DeflectionOption, Menu, MenuOutboundNumber, validate_hours

HOURS_EXAMPLE = """{
  "time_zone": "America/New_York",
  "weekly": {
    "mon": ["09:00-12:00", "13:00-18:00"],
    "sat": ["22:00-02:00"]
  },
  "holidays": ["US"],
  "exceptions": [{"date": "2027-01-02", "hours": ["10:00-14:00"], "name": "Inventory"}]
}"""
LINE = 80
# A message is a sentence or two.
SHORT_TEXTS: Mapping[type[Field], Mapping[str, Any]] = {
    TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
}
STATE_COLOURS = {
    Menu.State.OPEN: "success",
    Menu.State.AFTER_HOURS: "warning",
    Menu.State.MANUAL_REDIRECTION: "danger",
}


def written(value: Any, depth: int = 0) -> str:
    """`value` as JSON, on one line where it is short, an entry a line where it is not."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (depth and len(line) <= LINE):
        return line
    if isinstance(value, dict):
        rows = [f"{json.dumps(key, ensure_ascii=False)}: {written(item, depth + 1)}" for key, item in value.items()]
        opens, closes = "{}"
    else:
        rows = [written(item, depth + 1) for item in value]
        opens, closes = "[]"
    inside, outside = "  " * (depth + 1), "  " * depth
    return f"{opens}\n" + ",\n".join(inside + row for row in rows) + f"\n{outside}{closes}"


class MenuPathsView(AutocompleteJsonView):
    """Menus to choose from, each with the way to it: many a menu is called Billing."""

    def serialize_result(self, obj: Menu, to_field_name: str) -> dict[str, str]:  # type: ignore[override]
        """The menu's id and path."""
        return {**super().serialize_result(obj, to_field_name), "text": obj.path()["name"]}


class MenuAutocomplete(AutocompleteSelect):
    """A menu, found by part of its name."""

    url_name = "%s:menus_menu_paths"


class MenuChoiceField(forms.ModelChoiceField):
    """A menu, shown with the way to it."""

    def label_from_instance(self, obj: Menu) -> str:
        """The menu's path."""
        return obj.path()["name"]


class MenuFields:
    """Mixed into an admin or an inline: the menus in `menu_fields` are chosen by path."""

    menu_fields: tuple[str, ...] = ()
    admin_site: admin.AdminSite

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        """A MenuChoiceField for those columns."""
        if db_field.name in self.menu_fields:
            kwargs["form_class"] = MenuChoiceField
            kwargs["widget"] = MenuAutocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class MenuFilterForm(AutocompleteDropdownForm):
    """Chooses the menu to filter by."""

    field = MenuChoiceField
    widget = MenuAutocomplete


class MenuFilter(AutocompleteSelectFilter):
    """One menu, found by part of its name."""

    form_class = MenuFilterForm


class HoursField(forms.JSONField):
    """Opening hours as text, a day a line; what is wrong with them is said fault by fault."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 16, "spellcheck": "false", "style": "font-family: monospace"}
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs=attrs), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The hours, written so that people can read them; text that is no JSON stays as it was written."""
        if value is None or isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return written(value)

    def to_python(self, value: Any) -> Any:
        """The hours as they stand in JSON. Raises ValidationError, with the place, where it is none."""
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(_("This is nested deeper than hours can be.")) from None
        except ValidationError as refusal:
            try:
                json.loads(value)
            except json.JSONDecodeError as fault:
                sentence = _("This is not JSON: line %(line)s, column %(column)s is not what should stand there.")
                raise ValidationError(
                    sentence, code="invalid", params={"line": fault.lineno, "column": fault.colno}
                ) from refusal
            raise

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was written, for the form that says what is wrong with it."""
        try:
            read = super().bound_data(data, initial)
        except RecursionError:
            return forms.fields.InvalidJSONInput(data)
        return forms.fields.InvalidJSONInput(data) if has_unstorable_text(read) else read

    def validate(self, value: Any) -> None:
        """Refuse what are no hours, and text that no database keeps."""
        super().validate(value)
        if has_unstorable_text(value):
            raise ValidationError(_("There is a character in it that cannot be stored. Write it anew."))
        validate_hours(value)


class MenuForm(forms.ModelForm):
    """A menu; its hours are written as in the center file."""

    hours = HoursField(
        label=_("Hours"),
        required=False,
        help_text=format_html(
            '{}<br><pre class="mt-2 text-xs" style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>',
            _("Empty: always open. A period may run past midnight; a day without periods is closed. For example:"),
            HOURS_EXAMPLE,
        ),
    )


class DeflectionOptionInline(MenuFields, PhoneFields, StackedInline):
    """What becomes of calls the menu does not take: one option for each occasion."""

    model = DeflectionOption
    fk_name = "menu"
    extra = 0
    max_num = len(DeflectionOption.Occasion)
    menu_fields = ("to_menu",)
    phone_fields = ("to_number",)
    verbose_name_plural = _("closed or full")
    formfield_overrides = SHORT_TEXTS
    fields = (("occasion", "kind"), "message", "to_menu", "to_number", "after_seconds")
    tab = True


class AgentGroupInline(StackedInline):
    """The agents who are offered the menu's calls."""

    model = AgentGroup
    extra = 0
    autocomplete_fields = ("agents",)
    fields = (("name", "position"), "timeout_seconds", "agents")
    tab = True

    def formfield_for_manytomany(self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        """Agents are shown by the names of their users, which come along."""
        if db_field.name == "agents":
            kwargs["queryset"] = Agent.objects.select_related("user")
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class MenuOutboundNumberInline(TabularInline):
    """The numbers that the menu's calls may show."""

    model = MenuOutboundNumber
    extra = 0
    verbose_name = _("outbound number")
    verbose_name_plural = _("outbound numbers")
    hide_title = True
    autocomplete_fields = ("outbound_number",)
    tab = True


class MenuChangeList(ChangeList):
    """Menus in the order in which a caller meets them, each below its parent."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> Sequence[str]:
        """The tree's."""
        return ["tree_ordering"]


@admin.register(Menu)
class MenuAdmin(MenuFields, CenterAdmin):
    """The tree of menus. Deleted ones stay, since calls remember them."""

    form = MenuForm
    formfield_overrides = SHORT_TEXTS
    menu_fields = ("parent",)
    list_display = ("place", "shown_type", "state", "unseen", "group_count", "id")
    list_display_links = ("place",)
    list_filter = (
        ("menu_type", ChoicesDropdownFilter),
        ("hidden", BooleanRadioFilter),
        ("deleted", BooleanRadioFilter),
    )
    list_per_page = 500
    search_fields = ("name",)
    search_help_text = _("Name or id")
    sortable_by = ()
    autocomplete_fields = ("languages",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "parent"),
                    ("menu_type", "position"),
                    "output_msg",
                    ("hidden", "deleted"),
                    "languages",
                )
            },
        ),
        (_("Calls"), {"fields": (("offer_type", "priority", "recording"),)}),
        (_("Opening hours"), {"fields": ("hours",)}),
    )
    inlines = (DeflectionOptionInline, AgentGroupInline, MenuOutboundNumberInline)

    def has_delete_permission(self, request: HttpRequest, obj: Menu | None = None) -> bool:
        """Nobody: a menu that is no more is ticked as deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """And the menus to choose from."""
        paths = path("paths/", self.admin_site.admin_view(self.paths), name="menus_menu_paths")
        return [paths, *super().get_urls()]

    def paths(self, request: HttpRequest) -> HttpResponseBase:
        """Menus whose name holds what somebody types, with their paths, as JSON."""
        return MenuPathsView.as_view(admin_site=self.admin_site)(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list in tree order."""
        return MenuChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Menu]:
        """Menus with their depth, and with what the list says of them."""
        return super().get_queryset(request).with_tree_fields().prefetch_related("deflection_options", "groups")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Menu], search_term: str
    ) -> tuple[QuerySet[Menu], bool]:
        """Menus whose name holds the term, or whose id it is."""
        match = Q(name__icontains=search_term)
        if is_id(search_term):
            match |= Q(pk=int(search_term))
        return queryset.filter(match), False

    @display(description=_("menu"))
    def place(self, menu: Menu) -> SafeString:
        """The name, indented by the depth in the tree."""
        depth = menu.tree_depth
        return format_html('<span style="padding-left: {}rem">{}</span>', depth * 1.5, menu.name)

    @display(description=_("type"))
    def shown_type(self, menu: Menu) -> str:
        """Where it is met."""
        return label(menu.get_menu_type_display(), "")

    @display(description=_("state now"))
    def state(self, menu: Menu) -> str | None:
        """Open, after hours or redirected; nothing where the menu is deleted."""
        if menu.deleted:
            return None
        state = Menu.State(menu.state_at(now()))
        return label(state.label, STATE_COLOURS[state])

    @display(description=_("hidden or deleted"))
    def unseen(self, menu: Menu) -> str | None:
        """Why callers do not meet it, where they do not."""
        if menu.deleted:
            return label(_("Deleted"), "danger")
        return label(_("Hidden"), "warning") if menu.hidden else None

    @display(description=_("groups"))
    def group_count(self, menu: Menu) -> int | None:
        """How many groups of agents it has."""
        return len(menu.groups.all()) or None
