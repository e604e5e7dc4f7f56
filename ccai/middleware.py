"""What holds for every request, pages and API alike."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from csp.constants import SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from ccai.acting import Actor, acting
from ccai.errors import RESOURCE_NOT_FOUND

Handler = Callable[[HttpRequest], HttpResponse]


def is_this_center(host: str) -> bool:
    """True where `host` (no port) is this center's own name, the one that the world has for it (CCAI_PUBLIC_URL), an IP
    address, or plain `localhost`."""
    host = host.lower().rstrip(".")
    public = urlsplit(settings.CCAI_PUBLIC_URL).hostname
    if host in (f"{settings.CCAI_SUBDOMAIN}.{settings.CCAI_DOMAIN}", public, "localhost"):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class OneCenter:
    """A deployment serves one center: any other Host gets 404 (contract section 1)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:  # noqa: D102
        try:
            host = request.get_host()
        except DisallowedHost:
            host = ""
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if not is_this_center(name):
            return JsonResponse(
                {"message": RESOURCE_NOT_FOUND.text}, status=404, headers={"X-Error-Code": RESOURCE_NOT_FOUND.code}
            )
        return self.get_response(request)


class WhoActs:
    """What a request changes is changed by the person who has logged in, or by the program whose token it carries."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:  # noqa: D102
        with acting(lambda: actor_of(request)):
            return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor | None:
    """Who sent `request`; None for those who have not said who they are, or not yet."""
    address, door = client_address(request), request.path[:200]
    token = getattr(request, "api_token", None)
    if token is not None:
        return Actor(name=token.name, address=address, door=door, is_program=True)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return Actor(name=user.email, user_id=user.pk, address=address, door=door)


def client_address(request: HttpRequest) -> str | None:
    """The IP address that `request` came from: the one our proxy saw, where there is a proxy that is trusted."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.USE_X_FORWARDED_HOST else ""
    address = forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


class PagePolicy(CSPMiddleware):
    """The settings' Content-Security-Policy; Unfold's pages run on Alpine, which needs `unsafe-eval`, and get it."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy for `response`, wider below /admin/ and /reports/, and narrower below /desk/ and /wallboard/,
        whose styles are all in files."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith(("/admin/", "/reports/")):
            parts.update = {"script-src": [SELF, UNSAFE_EVAL]}
        elif request.path.startswith(("/desk/", "/wallboard/")):
            parts.replace = {"style-src": [SELF], "img-src": [SELF, "data:"]}
        return parts
