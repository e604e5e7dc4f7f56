"""`/wallboard/`: the page, and the part of it that changes, which the page asks for again and again.

An open board costs a short request every two seconds, and nothing in between.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from calls.scope import scope_of
from calls.wallboard.board import Limits, draw, read_branch


def for_watchers(view: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """`view` for those who may see the wallboard; others get 403, and those who have not logged in the login."""
    permitted = permission_required("calls.view_wallboard", raise_exception=True)(view)
    return wraps(view)(require_safe(admin.site.admin_view(permitted)))


@for_watchers
def wallboard(request: HttpRequest) -> HttpResponse:
    """GET /wallboard/?branch=&theme=light&waiting=&wait=&level=: the board."""
    return render(request, "wallboard/page.html", _context(request))


@for_watchers
def wallboard_parts(request: HttpRequest) -> HttpResponse:
    """GET /wallboard/parts/, asked as the page was: what the board shows now."""
    response = render(request, "wallboard/parts.html", _context(request))
    add_never_cache_headers(response)
    return response


def _context(request: HttpRequest) -> dict[str, Any]:
    branch = read_branch(request.GET.get("branch", ""))
    board = draw(scope_of(request.user), branch, Limits.read(request.GET))
    return {
        "board": board,
        "at": timezone.localtime(board.today.at),
        "branch": branch,
        "theme": "light" if request.GET.get("theme") == "light" else "dark",
        "query": request.GET.urlencode(),
        "zone": timezone.get_current_timezone_name(),
    }
