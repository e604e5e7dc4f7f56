"""The document on the web, as JSON and as YAML, and Swagger UI to read and to try it. Both are for everybody: they say
nothing of this center, and what is tried asks for a token."""

import hashlib
import json
from functools import cache

import yaml
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import get_resolver, reverse
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.request import Request

from ccai.api.views import ApiView
from ccai.openapi.calls import OF_CALLS
from ccai.openapi.calls import TAG as CALLS
from ccai.openapi.document import build
from ccai.openapi.manager import OF_MANAGER
from ccai.openapi.manager import TAG as MANAGEMENT
from ccai.openapi.operations import JSON
from ccai.openapi.resources import AGENTS, END_USERS, MENUS, OF_RESOURCES
from ccai.openapi.webhooks import TAG as WEBHOOKS
from ccai.shapes import Schema

YAML = "application/yaml"  # RFC 9512
TAGS = {
    CALLS: "Calls, and what belongs to one.",
    AGENTS: "Who answers: agents and their teams.",
    MENUS: "What callers meet, and where their calls wait.",
    END_USERS: "The people on the other end.",
    MANAGEMENT: "The center for those who copy it whole, as the platform's management API has it.",
    WEBHOOKS: "What happens, told to addresses that an admin enters in the back office.",
}


def document() -> Schema:
    """The OpenAPI document of this release."""
    return build(get_resolver().url_patterns, {**OF_CALLS, **OF_RESOURCES, **OF_MANAGER}, TAGS)


@cache
def written(media_type: str) -> tuple[bytes, str]:
    """The document as JSON or as YAML, and its ETag."""
    if media_type == YAML:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        # What is the same in several places is written out in each: read anew, no two are one object.
        plain = json.loads(written(JSON)[0])
        text = yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    else:
        text = json.dumps(document(), ensure_ascii=False)
    body = text.encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


class OpenView(ApiView):
    """A view for everybody."""

    authentication_classes = ()
    throttle_classes = ()


class SchemaView(OpenView):
    """`/schema`, `/schema.json` and `/schema.yaml`."""

    def get(self, request: Request, suffix: str | None = None) -> HttpResponseBase:
        """GET: the document, in JSON unless the suffix or `Accept` asks for YAML; 304 to those who have it."""
        asked = request._request
        preferred = {".json": JSON, ".yaml": YAML}.get(suffix or "") or asked.get_preferred_type([JSON, YAML]) or JSON
        body, etag = written(preferred)
        response = HttpResponse(body, content_type=preferred, headers={"ETag": etag, "Cache-Control": "no-cache"})
        patch_vary_headers(response, ["Accept"])
        return get_conditional_response(asked, etag=etag, response=response) or response


class DocsPage(OpenView):
    """`/docs`."""

    def get(self, request: Request) -> HttpResponse:
        """GET: Swagger UI, which shows the document and sends what is tried with the credentials that are typed in."""
        page: HttpRequest = request._request
        return render(page, "openapi/docs.html", {"schema": reverse("api_schema", args=[".json"])})
