"""The list of menus is their tree, on one page."""

from typing import Any, cast

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RadioFilter
from unfold.views import ChangeList

from agents.models import User
from ccai.admin import is_id
from ccai.times import now
from menus.admin.choosing import MenuPathsView
from menus.admin.tree_rows import Row, open_closings, read_rows
from menus.admin.verbs import MenuVerbs
from menus.models import Menu
from menus.scope import branches_of


class DeletedFilter(RadioFilter):
    """Deleted menus are shown where somebody asks for them."""

    title = _("deleted")
    parameter_name = "deleted"
    all_option = ["", _("Not shown")]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Beside the others, or alone."""
        return [("too", _("Shown, too")), ("only", _("Nothing else"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Menu]) -> QuerySet[Menu]:
        """The menus that are asked for."""
        if self.value() == "too":
            return queryset
        return queryset.filter(deleted=self.value() == "only")


class TreeChangeList(ChangeList):
    """All menus on one page. `rows` are those that were found, with those above them; `result_list` only the former."""

    rows: list[Row]
    everything: list[Menu]
    deleted_count: int

    def get_results(self, request: HttpRequest) -> None:
        """Read the tree, in a number of queries that does not depend on its size."""
        self.everything = list(self.root_queryset.order_by("position", "pk"))
        matches = set(self.queryset.order_by().values_list("pk", flat=True))
        self.rows = read_rows(self.everything, matches, now())
        self.result_list = [row.menu for row in self.rows if row.is_match]
        self.result_count = len(self.result_list)
        self.deleted_count = sum(menu.deleted for menu in self.everything)
        self.full_result_count = len(self.everything) - self.deleted_count
        self.show_full_result_count = True
        self.show_admin_actions = self.can_show_all = self.multi_page = False
        self.paginator = self.model_admin.get_paginator(request, self.result_list, max(1, self.result_count))

    @property
    def is_narrowed(self) -> bool:
        """True where a search or a filter leaves menus out."""
        return bool(self.query or self.has_active_filters)


class MenuTree(MenuVerbs):
    """The tree, searched and filtered; a person who is limited to branches sees these."""

    change_list_template = "admin/menus/menu/change_list.html"
    actions = None
    list_filter = (("menu_type", ChoicesDropdownFilter), ("hidden", BooleanRadioFilter), DeletedFilter)
    search_fields = ("name",)
    search_help_text = _("Name or id")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """And the menus to choose from."""
        paths = path("paths/", self.admin_site.admin_view(self.paths), name="menus_menu_paths")
        return [paths, *super().get_urls()]

    def paths(self, request: HttpRequest) -> HttpResponseBase:
        """Menus whose name holds what somebody types, with their paths, as JSON."""
        return MenuPathsView.as_view(admin_site=self.admin_site)(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The whole tree."""
        return TreeChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Menu]:
        """The menus that somebody sees."""
        menus = super().get_queryset(request)
        branches = branches_of(cast("User", request.user))
        return menus if branches is None else menus.filter(pk__in=branches)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Menu], search_term: str
    ) -> tuple[QuerySet[Menu], bool]:
        """Menus whose name holds the term, or whose id it is."""
        match = Q(name__icontains=search_term)
        if is_id(search_term):
            match |= Q(pk=int(search_term))
        return queryset.filter(match), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The page of the tree."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            may_close = request.user.has_perm("menus.close_menu")
            context |= {
                "rows": context["cl"].rows,
                "shut": open_closings(context["cl"].everything, may_reopen=may_close),
                "may_close": may_close,
                "may_change": self.has_change_permission(request),
                "may_add": self.has_add_permission(request),
                "here": request.get_full_path(),
            }
        return response
