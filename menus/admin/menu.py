"""The page of one menu: what callers meet there, when it is open, and who answers."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field, ManyToManyField, TextField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.models import Agent
from ccai.admin import CenterAdmin, PhoneFields
from ccai.api.parsing import has_unstorable_text
from menus.admin.choosing import MenuFields
from menus.models import AgentGroup, DeflectionOption, MenuOutboundNumber, validate_hours

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


class MenuPage(MenuFields, CenterAdmin):
    """The form of one menu."""

    form = MenuForm
    formfield_overrides = SHORT_TEXTS
    menu_fields = ("parent",)
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
