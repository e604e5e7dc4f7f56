"""What holds for every request, pages and API alike."""

import ipaddress
from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from ccai.errors import RESOURCE_NOT_FOUND

Handler = Callable[[HttpRequest], HttpResponse]


def is_this_center(host: str) -> bool:
    """True where `host` (no port) is this center's own name, an IP address, or plain `localhost`."""
    host = host.lower().rstrip(".")
    if host in (f"{settings.CCAI_SUBDOMAIN}.{settings.CCAI_DOMAIN}", "localhost"):
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


class PagePolicy(CSPMiddleware):
    """The settings' Content-Security-Policy; Unfold's pages run on Alpine, which needs `unsafe-eval`, and get it."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy for `response`, wider below /admin/, and narrower below /desk/, whose styles are all in files."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/admin/"):
            parts.update = {"script-src": [SELF, UNSAFE_EVAL]}
        elif request.path.startswith("/desk/"):
            parts.replace = {"style-src": [SELF], "img-src": [SELF, "data:"]}
        return parts
