"""The colours of the admin pages, for the agents' page, which is to look like them and runs without inline styles."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from unfold.settings import get_config


@require_safe
@cache_control(max_age=3_600)
def colors(request: HttpRequest) -> HttpResponse:
    """GET /desk/colors.css: Unfold's colours, as the settings have them, under the names that Unfold gives them."""
    lines = [
        f"    --color-{name}-{weight}: {value};"
        for name, weights in get_config()["COLORS"].items()
        for weight, value in weights.items()
    ]
    return HttpResponse("\n".join([":root {", *lines, "}\n"]), content_type="text/css")
