"""Every address of the project."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from calls.admin.scheduled import scheduled_page
from calls.files.serving import stored_file
from ccai.api.views import NothingHere
from ccai.health import health, health_of_web
from ccai.openapi.views import DocsPage, SchemaView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", include("ccai.center.pages")),
    path("admin/calls/scheduled/", admin.site.admin_view(scheduled_page), name="scheduled_calls"),
    path("admin/", admin.site.urls),
    path("reports/", include("calls.reports.urls")),
    path("wallboard/", include("calls.wallboard.urls")),
    path("desk/", include("calls.desk.urls")),
    path("invite/", include("agents.urls")),
    path("health/", health),
    path("health/web/", health_of_web),
    path("voip/", include("calls.callbacks.urls")),
    path("files/<str:token>", stored_file, name="file"),
    re_path(r"^apps/api/v1/schema(?P<suffix>\.json|\.yaml)?/?$", SchemaView.as_view(), name="api_schema"),
    re_path(r"^apps/api/v1/docs/?$", DocsPage.as_view(), name="api_docs"),
    path("apps/api/v1/", include("calls.urls")),
    path("manager/api/v1/", include("calls.manager.urls")),
    re_path(r"^(?:apps|manager)/api/[\s\S]*\Z", NothingHere.as_view()),
]
