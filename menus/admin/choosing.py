"""How pages let somebody choose a menu: by part of its name, and shown with the way to it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.http import HttpRequest

from menus.models import Menu


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
