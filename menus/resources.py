"""GET /menus, /menus/tree and /menus/{id}: what callers meet, as programs read it (contract section 7)."""

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from ccai.api.filters import AnyOf, narrowed, one_of, read_boolean, read_pk, read_word
from ccai.api.pagination import paginate
from ccai.api.views import ApiView
from ccai.errors import Refused
from ccai.times import now
from menus.errors import NO_SUCH_MENU
from menus.models import Menu
from menus.serializers import Ways, menu_object, menu_tree, menus_to_show

SORT_COLUMNS = {"id": "pk"}


class MenuFilter(django_filters.FilterSet):
    """Filters of GET /menus and /menus/tree. Deleted menus are found by `deleted=true` alone."""

    menu_type = AnyOf(reader=one_of(*Menu.MenuType.values))
    name = AnyOf(reader=read_word)
    parent_id = AnyOf(field_name="parent", reader=read_pk)
    hidden = AnyOf(reader=read_boolean)
    deleted = AnyOf(reader=read_boolean)

    class Meta:
        model = Menu
        fields: list[str] = []


def menus_asked_for(params: QueryDict) -> QuerySet[Menu]:
    """The menus that `params` ask for; without a word about deleted ones, those that are not."""
    asked = narrowed(Menu.objects.all(), params, MenuFilter)
    return asked if {"deleted", "deleted[]"} & params.keys() else asked.filter(deleted=False)


class MenusView(ApiView):
    """`/menus`."""

    def get(self, request: Request) -> Response:
        """GET /menus: a bare array of menu objects, filtered, sorted and by page."""
        page = paginate(menus_to_show(menus_asked_for(request.query_params)), request, SORT_COLUMNS)
        ways, at = Ways(), now()
        return Response([menu_object(menu, ways, at) for menu in page.rows], headers=page.headers)


class MenuTreeView(ApiView):
    """`/menus/tree`."""

    def get(self, request: Request) -> Response:
        """GET /menus/tree: the menus at the top, filtered, each with those below it, all at once."""
        return Response(menu_tree(menus_asked_for(request.query_params)))


class MenuView(ApiView):
    """`/menus/{id}`."""

    def get(self, request: Request, menu_id: str) -> Response:
        """GET /menus/{id}: the menu object, deleted or not: calls of the past are of menus of the past."""
        # Beyond 64 bits there is no id, and no database would take the number.
        menus = menus_to_show(Menu.objects.all())
        menu = menus.filter(pk=int(menu_id)).first() if len(menu_id) < 19 else None
        if menu is None:
            raise Refused(NO_SUCH_MENU, menu_id=menu_id)
        return Response(menu_object(menu, Ways(), now()))
