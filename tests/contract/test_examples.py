"""Every sample of the published document, replayed through HTTP in the center it was written for.

`tests/data/examples.json` holds them, each with the state it needs (`given`, over `conformance.center.yaml`).
"""

import json
import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from ccai.center import load_center, load_documents
from tests.api_client import ApiClient

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parent.parent / "data"
SUITE = json.loads((DATA / "examples.json").read_text())
EXAMPLES = {example["name"]: example for example in SUITE["examples"]}
CENTER = (DATA / "conformance.center.yaml").read_text()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PROVIDER = re.compile(r"voip_provider_[a-z_]+")


def future():
    """Five days ahead, 10:00 UTC."""
    day = datetime.now(UTC).date() + timedelta(days=5)
    return datetime.combine(day, time(10), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Replay:
    """One example: the names that stand for values in it, and what they stand for here."""

    def __init__(self, example):
        self.example = example
        self.api = ApiClient("conformance-token")
        self.names = {"$FUTURE": future()}

    def run(self):
        """Set the state, send what comes before, send the request; the response."""
        load_center([("conformance.center.yaml", CENTER)])
        load_documents([("given", self.example["given"])])
        if self.example.get("before") == "$INBOUND":
            self.names["$CALL"] = self.post(EXAMPLES["inbound: created with end_user_number"]["request"])
        if "$PARENT" in json.dumps(self.example):
            body = {"call_type": "IncomingCall", "menu_id": 9, "end_user_number": "+1 859-657-9625"}
            self.names["$PARENT"] = self.post(body)
        path = self.example["path"].replace("$CALL", str(self.names.get("$CALL")))
        body = self.fill_in(self.example["request"])
        return self.api.request(self.example["method"], path, body=body)

    def post(self, body):
        response = self.api.post("/calls", body)
        assert response.status_code == 201, response.content
        return response.json()["id"]

    def fill_in(self, body):
        if body is None:
            return None
        return {key: self.names.get(value, value) if isinstance(value, str) else value for key, value in body.items()}

    def check(self, expected, actual, place="response"):
        """`actual` is what the sample says, key by key; more keys may be there."""
        if expected == "$ECHO":
            assert actual == self.fill_in(self.example["request"])
        elif expected == "$ID":
            assert type(actual) is int, place
            assert actual > 0, place
        elif expected == "$TIME":
            assert TIME.fullmatch(actual), place
        elif expected == "$PROVIDER":
            assert PROVIDER.fullmatch(actual), place
        elif isinstance(expected, str) and expected.startswith("$"):
            assert actual == self.names[expected], place
        elif isinstance(expected, dict):
            for key, value in expected.items():
                assert key in actual, f"{place}.{key}"
                self.check(value, actual[key], f"{place}.{key}")
        elif isinstance(expected, list):
            assert len(expected) == len(actual), place
            for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
                self.check(one, other, f"{place}[{number}]")
        else:
            assert actual == expected, place
            assert type(actual) is type(expected), place


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_published_sample(name):
    replay = Replay(EXAMPLES[name])
    response = replay.run()
    assert response.status_code == replay.example["status"], response.content
    body = response.json()
    if response.status_code == 201:
        replay.names["$CALL"] = body["id"]
    replay.check(replay.example["response"], body)
    if response.status_code == 400:
        assert body == replay.example["response"]


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example["status"] == 201])
def test_a_created_call_has_every_key_of_the_object_sample_and_is_read_back_alike(name):
    replay = Replay(EXAMPLES[name])
    body = replay.run().json()
    assert set(SUITE["object_sample"]) <= set(body)
    assert replay.api.get(f"/calls/{body['id']}").json() == body
    assert body in replay.api.get("/calls").json()
