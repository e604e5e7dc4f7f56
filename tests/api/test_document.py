"""The OpenAPI document: all of the API is in it, it is true, and both pages are for everybody.

That every answer of the API is one that the document has is seen to by tests/api_client.py, in every test.
"""

import json
import re

import jsonschema_rs
import pytest
import yaml
from django.http import HttpResponse, JsonResponse
from django.urls import get_resolver

from calls import errors
from calls.models import CallType, FailReason, Status
from calls.serializers import CALL_TYPES, CallObject
from ccai.api.views import NothingHere
from ccai.center import DEMO, load_files
from ccai.openapi.document import addresses, verbs_of
from ccai.openapi.views import DocsPage, SchemaView
from tests.api_document import DIALECT, check_answer, document, make_validator

BASE = "/apps/api/v1"
# What is no verb of the API.
LEFT_OUT = {NothingHere, SchemaView, DocsPage}


def schema(name):
    return document()["components"]["schemas"][name]


def refused(sentence, **values):
    """The answer that a refusal is."""
    headers = {"X-Error-Code": sentence.code.format(**values)}
    return JsonResponse({"message": sentence.text.format(**values)}, status=sentence.status, headers=headers)


class TestWhatIsInIt:
    def test_every_verb_of_every_view_and_nothing_else(self):
        there = {
            (path, verb)
            for path, _groups, view in addresses(get_resolver().url_patterns)
            if view not in LEFT_OUT
            for verb in verbs_of(view)
        }
        written = {(path, verb) for path, verbs in document()["paths"].items() for verb in verbs}
        assert written == there

    def test_each_verb_has_a_name_of_its_own(self):
        names = [verb["operationId"] for verbs in document()["paths"].values() for verb in verbs.values()]
        assert len(set(names)) == len(names)

    def test_the_call_object_has_its_keys_in_order_and_all_must_be_there(self):
        assert list(schema("CallObject")["properties"]) == list(CallObject.__annotations__)
        assert schema("CallObject")["required"] == list(CallObject.__annotations__)

    def test_the_vocabularies_are_those_of_the_columns(self):
        assert schema("CallStatus")["enum"] == Status.values
        assert schema("CallType")["enum"] == CallType.values
        assert schema("FailReason")["enum"] == FailReason.values
        assert "disconnected_by_end_user" in schema("DisconnectedBy")["enum"]

    def test_a_body_of_post_calls_is_one_of_three_told_apart_by_all_six_spellings(self):
        body = document()["paths"][f"{BASE}/calls"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert set(body["discriminator"]["mapping"]) == set(CALL_TYPES)
        assert len(body["oneOf"]) == 3

    def test_every_reference_leads_somewhere(self):
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document())):
            found = document()
            for step in reference.split("/"):
                found = found[step]

    def test_every_link_leads_to_a_verb_that_takes_the_id(self):
        verbs = {verb["operationId"]: verb for verbs in document()["paths"].values() for verb in verbs.values()}
        for verb in verbs.values():
            for answer in verb["responses"].values():
                for link in answer.get("links", {}).values():
                    taken = {parameter["name"] for parameter in verbs[link["operationId"]]["parameters"]}
                    assert set(link["parameters"]) <= taken

    @pytest.mark.django_db
    def test_the_examples_of_new_calls_can_be_sent_to_the_demo_center_as_they_are(self, api):
        load_files([DEMO])
        body = document()["paths"][f"{BASE}/calls"]["post"]["requestBody"]["content"]["application/json"]
        for example in body["examples"].values():
            make_validator(body["schema"]).validate(example["value"])
            assert api.post("/calls", example["value"]).status_code == 201

    @pytest.mark.parametrize("name", sorted(document()["components"]["schemas"]))
    def test_a_schema_is_one(self, name):
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema(name)})

    def test_a_refusal_has_its_sentence_and_its_code(self):
        answer = document()["paths"][f"{BASE}/calls"]["post"]["responses"]["400"]
        code = errors.AGENT_NOT_AVAILABLE.code
        assert code in answer["headers"]["X-Error-Code"]["schema"]["enum"]
        assert answer["content"]["application/json"]["examples"][code]["value"] == {
            "message": errors.AGENT_NOT_AVAILABLE.text
        }


class TestThatUntruthIsSeen:
    """`check_answer`, which stands behind every request of the tests, sees what is not in the document."""

    @pytest.mark.parametrize(
        ("method", "path", "response"),
        [
            ("GET", f"{BASE}/calls/1", HttpResponse(status=302)),
            ("GET", f"{BASE}/nowhere", HttpResponse(status=200)),
            ("GET", f"{BASE}/calls/1", JsonResponse({"id": 1})),
            ("GET", f"{BASE}/calls/1", refused(errors.CALL_HAS_ENDED)),
            ("GET", f"{BASE}/calls/1", JsonResponse({"message": "Call 1 is not found"}, status=404)),
            ("GET", f"{BASE}/calls", JsonResponse([], safe=False)),  # without Per-Page
            ("PATCH", f"{BASE}/calls/scheduled/1/cancel", HttpResponse("cancelled", status=204)),
        ],
    )
    def test_an_answer_that_is_not_in_it(self, method, path, response):
        with pytest.raises(AssertionError):
            check_answer(method, path, response)

    def test_an_answer_that_is(self):
        check_answer("GET", f"{BASE}/calls/1", refused(errors.CALL_NOT_FOUND, call_id=1))

    def test_a_key_beyond_those_of_a_shape(self):
        flags = {"verified_customer": False, "bad_actor": False, "repeat_customer": False}
        check_answer("GET", f"{BASE}/calls/1/customer_flag", JsonResponse(flags))
        with pytest.raises(AssertionError, match="beyond"):
            check_answer("GET", f"{BASE}/calls/1/customer_flag", JsonResponse({**flags, "beyond": 1}))


class TestThePages:
    @pytest.mark.parametrize(
        ("path", "accept", "content_type"),
        [
            ("/schema", "*/*", "application/json"),
            ("/schema", "application/vnd.json", "application/json"),
            ("/schema", "application/yaml", "application/yaml"),
            ("/schema.yaml", "application/json", "application/yaml"),
            ("/schema.json", "application/yaml", "application/json"),
            ("/schema/", "text/html,*/*;q=0.8", "application/json"),
        ],
    )
    def test_the_document_comes_as_json_unless_yaml_is_asked_for(self, client, path, accept, content_type):
        response = client.get(BASE + path, headers={"Accept": accept})
        assert (response.status_code, response.headers["Content-Type"]) == (200, content_type)
        read = json.loads if content_type.endswith("json") else yaml.safe_load
        assert read(response.content) == document()

    def test_who_has_it_is_told_so(self, client):
        etag = client.get(f"{BASE}/schema").headers["ETag"]
        again = client.get(f"{BASE}/schema", headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(f"{BASE}/schema.yaml").headers["ETag"] != etag

    def test_the_page_names_the_document_and_has_nothing_of_another_host_and_no_inline_script(self, client):
        response = client.get(f"{BASE}/docs")
        page = response.content.decode()
        assert f'data-schema="{BASE}/schema.json"' in page
        assert not re.search(r"//[a-z]", page)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert "script-src" in response.headers["Content-Security-Policy"] or (
            "default-src 'self'" in response.headers["Content-Security-Policy"]
        )

    @pytest.mark.parametrize("path", ["/schema", "/docs"])
    def test_another_method_is_refused_as_anywhere(self, client, path):
        response = client.post(BASE + path)
        assert (response.status_code, response.json()) == (405, {"message": "Method not allowed"})
        assert response.headers["Allow"] == "GET, HEAD"
