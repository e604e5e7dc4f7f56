"""What holds for every request, whatever it asks for: whose center, who asks, in which shape (contract section 1)."""

import base64

import pytest
from django.test import Client

from calls.models import Call
from ccai.api.limits import MAX_BODY
from ccai.models import ApiToken

pytestmark = pytest.mark.django_db

MEBIBYTE = 1_048_576


def refusal(response):
    """Status, body and code of a refusal."""
    return response.status_code, response.json(), response["X-Error-Code"]


NOT_FOUND = (404, {"message": "Resource not found"}, "resource_not_found")
UNAUTHORIZED = (401, {"message": "Invalid credentials"}, "invalid_credentials")
NOT_JSON = (400, {"message": "Request body is not valid JSON"}, "body_not_json")
TOO_LARGE = (413, {"message": "Request body is too large"}, "body_too_large")
NOT_JSON_TYPE = (415, {"message": "Content type must be application/json"}, "content_type_not_json")
WRONG_VERB = (405, {"message": "Method not allowed"}, "method_not_allowed")


class TestHost:
    """A deployment serves one center."""

    @pytest.mark.parametrize(
        "host", ["demo.localhost", "DEMO.localhost", "demo.localhost:8000", "localhost", "127.0.0.1:8000", "[::1]:8000"]
    )
    def test_this_center_answers_to_its_own_name_to_localhost_and_to_addresses(self, api, host):
        assert api.with_(host=host).get("/calls").status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["other.localhost", "demo.example.com", "a.demo.localhost", "demo.localhost.example.com", "bad host", "-"],
    )
    def test_any_other_name_is_not_found(self, api, host):
        assert refusal(api.with_(host=host).get("/calls")) == NOT_FOUND

    def test_another_center_is_not_found_even_without_credentials(self, api):
        assert refusal(api.with_(host="other.localhost", user=None).get("/calls")) == NOT_FOUND

    def test_pages_too_are_of_this_center_alone(self):
        assert Client().get("/admin/login/", headers={"Host": "other.localhost"}).status_code == 404


class TestCredentials:
    """HTTP Basic: the subdomain, and an API token."""

    def test_the_right_ones_let_in(self, api):
        assert api.get("/calls").status_code == 200

    def test_the_name_of_the_center_is_read_without_case(self, api):
        assert api.with_(user="DEMO").get("/calls").status_code == 200

    def test_none_are_refused_and_asked_for(self, api):
        response = api.with_(user=None).get("/calls")

        assert refusal(response) == UNAUTHORIZED
        assert response["WWW-Authenticate"] == 'Basic realm="ccai"'

    def test_a_wrong_token_is_refused(self, api):
        assert refusal(api.with_(token="not-a-token-of-ours").get("/calls")) == UNAUTHORIZED

    def test_a_right_token_under_another_name_is_not_found(self, api):
        assert refusal(api.with_(user="other").get("/calls")) == NOT_FOUND

    def test_a_wrong_token_under_another_name_is_refused(self, api):
        assert refusal(api.with_(user="other", token="not-a-token-of-ours").get("/calls")) == UNAUTHORIZED

    def test_a_revoked_token_is_refused(self, api, api_token):
        ApiToken.objects.filter(pk=api_token.pk).update(active=False)

        assert refusal(api.get("/calls")) == UNAUTHORIZED

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Basic",
            "Basic !!!",
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic " + base64.b64encode(b"demo:\xff\xfe").decode(),
            "Basic " + base64.b64encode(b"demo:\0").decode(),
            "Bearer abc",
        ],
    )
    def test_what_is_no_basic_credentials_is_refused(self, api, header):
        response = api.with_(user=None).get("/calls", headers={"Authorization": header})

        assert refusal(response) == UNAUTHORIZED

    def test_several_tokens_are_live_at_once(self, api):
        second = ApiToken(name="second")
        secret = second.make_token()
        second.save()

        assert api.get("/calls").status_code == 200
        assert api.with_(token=secret).get("/calls").status_code == 200

    def test_a_token_remembers_when_it_was_last_used(self, api, api_token):
        api.get("/calls")

        api_token.refresh_from_db()
        assert api_token.last_used_at is not None

    def test_only_the_hash_of_a_token_is_kept(self, api_token):
        stored = ApiToken.objects.filter(pk=api_token.pk).values_list().get()

        assert api_token.secret not in [str(value) for value in stored]

    def test_a_logged_in_person_has_no_way_into_the_api(self, admin_client):
        assert refusal(admin_client.get("/apps/api/v1/calls")) == UNAUTHORIZED


class TestPathsAndVerbs:
    """What there is, and what one can do with it."""

    @pytest.mark.parametrize(
        "path", ["", "/", "/nothing", "/calls/x", "/calls/1/nothing", "/calls/-1", "/CALLS", "/x%0Ay", "/calls/5%0A"]
    )
    def test_an_unknown_path_is_not_found(self, api, path):
        assert refusal(api.get(path)) == NOT_FOUND

    @pytest.mark.parametrize("path", ["", "/nothing", "/calls/x", "/calls/5%0A"])
    def test_an_unknown_path_asks_for_credentials_first(self, api, path):
        assert refusal(api.with_(user=None).get(path)) == UNAUTHORIZED

    @pytest.mark.parametrize("path", ["/apps/api/", "/apps/api/v2/calls", "/manager/api/v1", "/manager/api/v1/calls/1"])
    def test_paths_of_another_version_and_of_the_management_api_are_no_different(self, client, api_token, path):
        credentials = base64.b64encode(f"demo:{api_token.secret}".encode()).decode()
        for method in ("get", "post", "patch", "put", "delete"):
            known = getattr(client, method)(path, headers={"Authorization": f"Basic {credentials}"})
            assert refusal(known) == NOT_FOUND
            assert refusal(getattr(client, method)(path, headers={"Authorization": "Basic !!!"})) == UNAUTHORIZED

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_an_unknown_path_is_not_found_whatever_the_verb(self, api, method):
        assert refusal(api.request(method, "/nothing")) == NOT_FOUND

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/calls", {"GET", "HEAD", "POST"}),
            ("DELETE", "/calls", {"GET", "HEAD", "POST"}),
            ("PATCH", "/calls", {"GET", "HEAD", "POST"}),
            ("OPTIONS", "/calls", {"GET", "HEAD", "POST"}),
            ("TRACE", "/calls", {"GET", "HEAD", "POST"}),
            ("BREW", "/calls", {"GET", "HEAD", "POST"}),
            ("POST", "/calls/1", {"GET", "HEAD"}),
            ("DELETE", "/calls/1", {"GET", "HEAD"}),
            ("POST", "/calls/1/customer_flag", {"GET", "HEAD", "PATCH"}),
        ],
    )
    def test_a_wrong_verb_is_refused_with_those_that_are_allowed(self, api, method, path, allowed):
        response = api.request(method, path)

        assert refusal(response) == WRONG_VERB
        assert set(response["Allow"].split(", ")) == allowed

    def test_a_wrong_verb_asks_for_credentials_first(self, api):
        assert refusal(api.with_(user=None).request("DELETE", "/calls")) == UNAUTHORIZED

    def test_a_slash_at_the_end_works_too(self, api):
        assert api.get("/calls/").status_code == 200
        assert refusal(api.post("/calls/", {}))[1] == {"message": "call_type is required"}

    def test_what_the_client_accepts_does_not_matter(self, api):
        response = api.get("/calls", headers={"Accept": "application/vnd.json"})

        assert response.status_code == 200
        assert response["Content-Type"] == "application/json"

    def test_a_format_in_the_query_does_not_matter(self, api):
        assert api.get("/calls", {"format": "xml"}).status_code == 200


class TestBodies:
    """A JSON object in UTF-8, of at most a mebibyte."""

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"   ",
            b"{",
            b"{}{}",
            b'{"call_type": }',
            b"{'call_type': 'OutboundCall'}",
            b"[]",
            b'[{"call_type": "OutboundCall"}]',
            b"null",
            b"true",
            b"7",
            b'"OutboundCall"',
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b'{"a": 1e999}',
            b'{"a": [-1e999]}',
            b'{"a": "\xff"}',
            b"\xff\xfe{\x00}\x00",
            b'{"a": "\\u0000"}',
            b'{"\\u0000": 1}',
            b'{"a": "\\ud800"}',
            b'{"a": ["x", {"b": "\\udfff"}]}',
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"a": "\n"}',
        ],
    )
    def test_what_is_no_json_object_is_refused(self, api, raw):
        assert refusal(api.post("/calls", raw=raw)) == NOT_JSON
        assert not Call.objects.exists()

    def test_deep_nesting_that_closes_again_is_never_an_error_of_ours(self, api):
        raw = b'{"call_type": "OutboundCall", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"

        assert api.post("/calls", raw=raw).status_code == 400

    def test_a_very_long_number_is_never_an_error_of_ours(self, api):
        raw = b'{"call_type": "IncomingCall", "menu_id": ' + b"9" * 100_000 + b"}"

        assert api.post("/calls", raw=raw).status_code == 400

    @pytest.mark.parametrize("size", [MEBIBYTE + 1, 10 * MEBIBYTE])
    def test_a_body_over_a_mebibyte_is_refused(self, api, size):
        assert refusal(api.post("/calls", raw=b" " * size)) == TOO_LARGE

    def test_a_body_of_a_mebibyte_is_read(self, api):
        raw = b"{}".ljust(MAX_BODY)

        assert refusal(api.post("/calls", raw=raw))[1] == {"message": "call_type is required"}

    def test_a_body_too_large_is_refused_before_it_is_read_as_json(self, api):
        assert refusal(api.post("/calls", raw=b"{" * (MEBIBYTE + 1))) == TOO_LARGE

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/vnd.json",
            "",
        ],
    )
    def test_another_content_type_is_refused(self, api, content_type):
        response = api.post("/calls", raw=b'{"call_type": "OutboundCall"}', content_type=content_type)

        assert refusal(response) == NOT_JSON_TYPE

    def test_another_content_type_is_refused_before_its_size(self, api):
        response = api.post("/calls", raw=b" " * (MEBIBYTE + 1), content_type="text/plain")

        assert refusal(response) == NOT_JSON_TYPE

    @pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
    def test_json_is_json_in_every_spelling(self, api, content_type):
        response = api.post("/calls", raw=b"{}", content_type=content_type)

        assert refusal(response)[1] == {"message": "call_type is required"}

    def test_credentials_are_judged_before_the_body(self, api):
        assert refusal(api.with_(user=None).post("/calls", raw=b"{")) == UNAUTHORIZED

    def test_unknown_keys_are_ignored(self, api):
        response = api.post("/calls", {"call_type": "nonsense", "no_such_key": {"a": [1, None]}})

        assert refusal(response)[1] == {"message": "Invalid call type"}
