"""Whose login may be changed by whom: one rule for every page, import and file that touches logins."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import User
from agents.roles import may_change

OF_SOMEBODY_WITH_MORE = _("This person may do more than you. Ask somebody who may do as much to change their login.")
OWN = _("This is your own login. Ask another admin to deactivate it.")


def why_not_deactivated(login: User, by: User) -> Promise | None:
    """Why `by` may not deactivate `login`, as a sentence; None where they may."""
    if login.pk == by.pk:
        return OWN
    return None if may_change(login, by) else OF_SOMEBODY_WITH_MORE


def person(request: HttpRequest) -> User:
    """Who has logged in. For pages that let nobody else in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
