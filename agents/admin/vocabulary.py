"""Pages of what agents are described by: languages, numbers to show, and teams."""

from collections.abc import Iterable

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from agents.models import Language, OutboundNumber, Team
from ccai.admin import CenterAdmin, label, shown_phone


@admin.register(Language)
class LanguageAdmin(CenterAdmin):
    """The languages of the center."""

    list_display = ("code", "shown_state")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("code",)

    @display(description=_("state"), ordering="state")
    def shown_state(self, language: Language) -> str:
        """Live or draft."""
        return label(language.get_state_display(), "success" if language.state == Language.State.LIVE else "warning")

    def get_readonly_fields(self, request: HttpRequest, obj: Language | None = None) -> Iterable[str]:
        """A code is the language's name everywhere, so it is written once."""
        return ("code",) if obj else ()


@admin.register(OutboundNumber)
class OutboundNumberAdmin(CenterAdmin):
    """The numbers that the center shows."""

    phone_fields = ("number",)
    list_display = ("shown_number", "label", "is_default", "active")
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("number", "label")
    fields = ("number", "label", ("is_default", "active"))

    @display(description=_("number"), ordering="number")
    def shown_number(self, number: OutboundNumber) -> str | None:
        """In the international format."""
        return shown_phone(number.number)


@admin.register(Team)
class TeamAdmin(CenterAdmin):
    """Teams, and the teams they are part of."""

    list_display = ("name", "parent")
    list_select_related = ("parent",)
    search_fields = ("name",)
    autocomplete_fields = ("parent",)
