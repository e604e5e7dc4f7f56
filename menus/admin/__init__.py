"""Pages of the menu tree: what callers meet, when it is open, and who answers."""

from django.contrib import admin

from menus.admin.choosing import MenuAutocomplete, MenuChoiceField, MenuFields
from menus.admin.limits import LimitedUserAdmin
from menus.admin.menu import MenuPage
from menus.admin.tree import MenuTree
from menus.models import Menu

__all__ = ["LimitedUserAdmin", "MenuAdmin", "MenuAutocomplete", "MenuChoiceField", "MenuFields"]


@admin.register(Menu)
class MenuAdmin(MenuTree, MenuPage):
    """Menus: the tree of them, and the page of each."""
