"""Requests to the center from within its own process, with Django's test client."""

import base64
import time
from collections.abc import Mapping
from typing import Any

from django.test import Client

from bench.center import TOKEN, USER

API = "/apps/api/v1"


def make_client() -> Client:
    """A program with the API token of the center file. One client for all requests: each loads the middleware anew."""
    credentials = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    return Client(SERVER_NAME="demo.localhost", headers={"Authorization": f"Basic {credentials}"})


def seconds_of(
    client: Client, method: str, path: str, *, status: int, query: Mapping[str, Any] | None = None, body: Any = None
) -> float:
    """How long a request takes. RuntimeError where it is not answered with `status`."""
    started = time.perf_counter()
    if method == "GET":
        response = client.get(path, query_params=dict(query or {}))
    else:
        response = client.post(path, body, content_type="application/json")
    seconds = time.perf_counter() - started
    if response.status_code != status:
        raise RuntimeError(f"{method} {path} was answered with {response.status_code}: {response.content[:500]!r}")
    return seconds
