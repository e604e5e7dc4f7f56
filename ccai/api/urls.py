"""How the addresses of an API are written."""

from django.urls import URLPattern, re_path

from ccai.api.views import ApiView


def at(path: str, view: type[ApiView], name: str | None = None) -> URLPattern:
    """`view` answers at `path`, which may have named groups, with a slash at its end or without one."""
    return re_path(rf"^{path}/?$", view.as_view(), name=name)
