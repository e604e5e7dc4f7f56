"""The tree of menus on one page."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from ccai.admin import CenterAdmin, is_id, label
from ccai.times import now
from menus.admin.choosing import MenuPathsView
from menus.models import Menu

STATE_COLOURS = {
    Menu.State.OPEN: "success",
    Menu.State.AFTER_HOURS: "warning",
    Menu.State.MANUAL_REDIRECTION: "danger",
}


class MenuChangeList(ChangeList):
    """Menus in the order in which a caller meets them, each below its parent."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> Sequence[str]:
        """The tree's."""
        return ["tree_ordering"]


class MenuTree(CenterAdmin):
    """The list of menus is their tree. Deleted ones stay, since calls remember them."""

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
