"""What a supervisor is limited to, on the page of their login: branches of the menu tree beside teams."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from agents.admin import UserAdmin
from agents.models import User
from agents.roles import may_change
from menus.admin.choosing import MenuFields
from menus.models import BranchLimit

admin.site.unregister(User)


class BranchLimitInline(MenuFields, TabularInline):
    """The branches whose calls a supervisor sees."""

    model = BranchLimit
    extra = 0
    hide_title = True
    menu_fields = ("menu",)
    verbose_name = _("branch")
    verbose_name_plural = _("limited to branches")

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody limits themselves, nor somebody who may do more."""
        return super().has_add_permission(request, obj) and may_limit(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for adding."""
        return super().has_change_permission(request, obj) and may_limit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for adding."""
        return super().has_delete_permission(request, obj) and may_limit(request, obj)


def may_limit(request: HttpRequest, login: User | None) -> bool:
    """True where whoever asks may say what `login` sees."""
    return login is None or (login.pk != request.user.pk and may_change(login, request.user))


@admin.register(User)
class LimitedUserAdmin(UserAdmin):
    """Logins, and the branches that they are limited to."""

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        """The branches, once there is a login; where nobody can add any, those that there are."""
        if obj is None or not (may_limit(request, obj) or obj.branch_limits.exists()):
            return []
        return [BranchLimitInline]
