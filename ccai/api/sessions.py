"""Who has logged in, asked before Django has the request."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import HttpRequest, parse_cookie


def is_staff(cookies: str) -> bool:
    """Whether a `Cookie` header is that of somebody who works in the back office; asked by the server's own thread.

    False where the database does not answer: the request itself says so then.
    """
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    try:
        user = get_user(request)
        return bool(user.is_active and user.is_staff)
    except (OperationalError, InterfaceError):
        return False
    finally:
        close_old_connections()
