"""A program that talks to the API, in the process of the test, and believes what the API says of itself."""

import base64
import json

from django.test import Client

from tests.api_document import check_answer

BASE = "/apps/api/v1"


class ApiClient:
    """Sends JSON to paths below /apps/api/v1 with Basic authentication, and returns Django's test responses.
    Each is one that the API's document has.

    `user=None` sends no credentials. `with_(…)` gives a client that differs in what is named.
    """

    def __init__(self, token, *, user="demo", host="demo.localhost", headers=None):
        self.token = token
        self.user = user
        self.host = host
        self.headers = headers or {}

    def with_(self, **changes):
        """A client like this one, but for `changes`: token, user, host, headers."""
        return ApiClient(
            changes.pop("token", self.token),
            **{"user": self.user, "host": self.host, "headers": self.headers, **changes},
        )

    def get(self, path, params=None, *, headers=None):
        """GET `path`, with `params` as its query string."""
        return self.request("GET", path, params=params, headers=headers)

    def post(self, path, body=None, *, raw=None, content_type="application/json", headers=None):
        """POST `body` as JSON, or `raw` bytes as they are."""
        return self.request("POST", path, body=body, raw=raw, content_type=content_type, headers=headers)

    def patch(self, path, body=None, *, raw=None, content_type="application/json", headers=None):
        """PATCH `body` as JSON, or `raw` bytes as they are."""
        return self.request("PATCH", path, body=body, raw=raw, content_type=content_type, headers=headers)

    def request(self, method, path, *, params=None, body=None, raw=None, content_type="application/json", headers=None):
        """Any request. The response's `json()` is its body."""
        sent = {"Host": self.host, **self.headers, **(headers or {})}
        if self.user is not None:
            credentials = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
            sent = {"Authorization": f"Basic {credentials}", **sent}
        if method != "GET":
            sent["Content-Type"] = content_type  # the test client itself leaves it out where there is no body
        response = Client().generic(
            method,
            BASE + path,
            data=(b"" if body is None else json.dumps(body)) if raw is None else raw,
            content_type=content_type,
            headers=sent,
            **({} if params is None else {"query_params": params}),
        )
        check_answer(method, BASE + path.partition("?")[0], response)
        return response
