"""The page of one menu: what callers meet there, when it is open, and who answers."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from agents.models import User
from ccai.admin import CenterAdmin
from ccai.times import now
from menus import tree
from menus.admin.choosing import MenuFields
from menus.admin.deflections import SHORT_TEXTS, DeflectionFormSet, DeflectionOptionInline
from menus.admin.hours import HoursField, preview_of, preview_page
from menus.admin.serving import AgentGroupInline, MenuOutboundNumberInline
from menus.admin.standing import heard_in, standing_context
from menus.models import Menu

LINE = 80


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


class MenuForm(forms.ModelForm):
    """A menu. Where it stands in the tree is written here too, and judged as any other move."""

    hours = HoursField(label=_("Opening hours"), required=False)

    class Meta:
        help_texts = {
            "position": _("Its place among the menus beside it; the others make room."),
            "hidden": _("Callers and apps are not offered it. Calls can still be made to it by the API."),
            "recording": _(
                "“Ask for permission” records the calls of customers who have agreed, and no others. What is chosen "
                "holds for calls that come from now on."
            ),
            "offer_type": _(
                "Cascade asks the first group, then the next too. Multicast asks all groups at once. Deltacast asks "
                "one agent at a time, whoever has been idle longest."
            ),
        }

    def clean_hours(self) -> Any:
        """The hours; as they are stored where nobody has changed them, or they did not come along."""
        return self.cleaned_data["hours"] if "hours" in self.changed_data else self.instance.hours

    def clean(self) -> dict[str, Any] | None:
        """Refuse a place where the tree would not have it."""
        cleaned = super().clean()
        if self.errors or not {"parent", "position"} & set(self.changed_data):
            return cleaned
        try:
            with transaction.atomic():
                move(self.tried(), self.cleaned_data.get("parent"), self.cleaned_data.get("position"))
                # It was only tried: what was written is stored when all of the page is right.
                transaction.set_rollback(True)
        except ValidationError as refusal:
            self.add_error("parent", refusal)
        return cleaned

    def tried(self) -> Menu:
        """A row that can be moved to see whether it may: the menu, or one like it where it is new."""
        if self.instance.pk is not None:
            return self.instance
        return Menu.objects.create(name=self.cleaned_data["name"], menu_type=self.cleaned_data["menu_type"])


def move(menu: Menu, parent: Menu | None, position: int | None) -> None:
    """`menu` stands below `parent` at the place `position` among its siblings; None: last. Raises ValidationError."""
    siblings = list(Menu.objects.filter(parent=parent).exclude(pk=menu.pk).order_by("position", "pk"))
    stored = Menu.objects.get(pk=menu.pk)
    if position is None:
        later = []
    elif stored.parent_id == (parent.pk if parent else None) and position > stored.position:
        later = [one for one in siblings if one.position > position]
    else:
        later = [one for one in siblings if one.position >= position]
    tree.move(stored, parent=parent, before=later[0] if later else None)


class MenuPage(MenuFields, CenterAdmin):
    """The form of one menu."""

    form = MenuForm
    change_form_outer_before_template = "admin/menus/menu/standing.html"
    formfield_overrides = SHORT_TEXTS
    menu_fields = ("parent",)
    autocomplete_fields = ("languages",)
    readonly_fields = ("hours_preview", "hours_in_file", "heard")
    fieldsets = (
        (None, {"fields": (("name", "menu_type"), ("parent", "position"), "output_msg", ("languages", "hidden"))}),
        (_("Calls"), {"fields": (("offer_type", "recording"), "priority")}),
        (_("Opening hours"), {"fields": (("hours", "hours_preview"), "hours_in_file"), "classes": ("menu-hours",)}),
        (_("What callers meet"), {"fields": ("heard",), "classes": ("menu-heard",)}),
    )
    inlines = (DeflectionOptionInline, AgentGroupInline, MenuOutboundNumberInline)

    class Media:
        """The look and the scripts of the page; it works without the scripts."""

        css = {"all": ("menus/menu.css",)}
        js = ("menus/hours.js", "menus/rows.js")

    def get_urls(self) -> list[URLPattern]:
        """And the preview of hours that are being written."""
        view = self.admin_site.admin_view(require_POST(self.preview_hours))
        return [path("hours-preview/", view, name="menus_menu_hours_preview"), *super().get_urls()]

    def preview_hours(self, request: HttpRequest) -> HttpResponse:
        """The next days of the hours that are sent; nothing is stored. For those who may see menus."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return preview_page(request)

    def get_fieldsets(self, request: HttpRequest, obj: Menu | None = None) -> Any:
        """Without what only a menu that is there has; who only looks sees what the hours come to."""
        left_out = set()
        if obj is None:
            left_out = {"hours_preview", "hours_in_file", "heard", "position"}
        elif not self.has_change_permission(request, obj):
            left_out = {"hours"}
        return [
            (title, {**options, "fields": fields})
            for title, options in self.fieldsets
            if (fields := without(left_out, options["fields"]))
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page, with how the menu stands now."""
        menu = kwargs.get("obj")
        if menu is not None:
            context |= standing_context(menu)
            context["may_close"] = request.user.has_perm("menus.close_menu")
            context["may_change"] = self.has_change_permission(request, menu)
            context["here"] = request.path
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Menu, form: forms.ModelForm, change: bool) -> None:
        """The menu is stored; where it stands in the tree is the tree's to write."""
        parent, position = obj.parent, form.cleaned_data.get("position")
        stored = Menu.objects.filter(pk=obj.pk).first() if change else None
        obj.parent, obj.position = (stored.parent, stored.position) if stored else (None, 0)
        super().save_model(request, obj, form, change)
        if not change or {"parent", "position"} & set(form.changed_data):
            move(obj, parent, position)
            obj.refresh_from_db(fields=["parent", "position"])

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: BaseInlineFormSet, change: bool
    ) -> None:
        """The rows are stored; a redirection is switched by the verb that remembers who switched it."""
        super().save_formset(request, form, formset, change)
        user = request.user
        if not isinstance(formset, DeflectionFormSet) or not isinstance(user, User):
            return
        for on in formset.switches():
            tree.switch_redirection(form.instance, on, user)
            sentence = _("Calls are redirected now.") if on else _("Calls are not redirected any more.")
            messages.success(request, sentence)

    @display(description=_("The next 14 days"))
    def hours_preview(self, menu: Menu) -> SafeString:
        """The days as the stored hours have them; a script shows what is being written instead."""
        return format_html(
            '<div data-hours-preview data-url="{}" class="hours-preview">{}</div>',
            reverse("admin:menus_menu_hours_preview"),
            preview_of(menu.hours, now()),
        )

    @display(description=_("In the center file"))
    def hours_in_file(self, menu: Menu) -> SafeString:
        """The stored hours as a center file has them, to be copied there."""
        return format_html(
            '<details class="hours-in-file"><summary>{}</summary><pre>{}</pre></details>',
            _("Show what is stored"),
            written(menu.hours),
        )

    @display(description=_("What callers meet"))
    def heard(self, menu: Menu) -> SafeString:
        """What callers hear or read here, and where their keys lead."""
        return heard_in(menu)


def without(names: set[str], fields: tuple[Any, ...]) -> tuple[Any, ...]:
    """A fieldset's fields without these names, and without lines that have none left."""
    lines = [
        tuple(name for name in ((line,) if isinstance(line, str) else line) if name not in names) for line in fields
    ]
    return tuple(line for line in lines if line)
