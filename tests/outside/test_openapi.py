"""The document of a center that is served, believed by two programs of others: one tries every verb with all that it
allows and forbids, one makes a client of it, which is used."""

import base64
import importlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.serve.running import Program, Serve, databases

CENTER = Path(__file__).parent.parent / "data" / "conformance.center.yaml"
TOKEN = "conformance-token"
BIN = Path(sys.executable).parent

# No 500, no status that is not in the document, no answer that is not of its shape; and no verb without credentials.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
TRIES = 6  # per verb

pytestmark = pytest.mark.xdist_group("document")


@pytest.fixture(scope="module")
def center(tmp_path_factory):
    """A center that is served."""
    with databases() as make:
        serve = Serve(
            tmp_path_factory.mktemp("center") / "data",
            "--center",
            str(CENTER),
            database_url=make(),
            CCAI_RATE_LIMIT="100000",
        )
        try:
            yield serve.wait_until_ready()
        finally:
            serve.kill_all()


def words(*values):
    return {"values": list(values)}


def settings(calls):
    """What the tester is told of this center, so that it comes beyond the first refusal."""
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    known = {
        "body.agent_email": words("admin@somedomain.com", "agent@somedomain.com", "allen@somedomain.com"),
        "body.end_user_number": words("+1 205-123-4567", "+82 10-6861-2345"),
        "body.lang": words("en", "ko"),
        "body.menu_id": words(9, 50),
        "body.outbound_number": words("+1 760-867-5309"),
        "body.scheduled_at": words(later),
        "body.ticket_id": words("71450", "76517"),
        "body.to_menu_id": words(9),
        "path.agent_id": words(1, 2),
        "path.call_id": words(*calls),
        "path.menu_id": words(9, 50),
    }
    names = {place: place.replace(".", "_") for place in known}
    return {
        "dictionaries": {names[place]: values for place, values in known.items()},
        "parameters": {place: {"dictionary": names[place], "probability": 0.8} for place in known},
    }


def write_toml(path, tables):
    """`tables` of tables as TOML, in which these are written as in JSON but for the colons."""
    lines = []
    for table, rows in tables.items():
        for name, row in rows.items():
            lines.append(f"[{table}.{json.dumps(name)}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in row.items()]
    path.write_text("\n".join(lines))
    return path


def test_no_request_that_the_document_allows_or_forbids_is_answered_as_it_does_not_say(center, tmp_path):
    program = Program(center.url, TOKEN)
    calls = [program.schedule(seconds=3600 + number, menu_id=50) for number in range(8)]
    tester = subprocess.run(
        [
            *(BIN / "schemathesis", "--no-color"),
            *("--config-file", write_toml(tmp_path / "settings.toml", settings(calls))),
            *("run", f"{center.url}/apps/api/v1/schema.json", "--auth", f"demo:{TOKEN}"),
            *("--phases", "fuzzing,stateful", "--max-examples", str(TRIES), "--seed", "5", "--no-shrink"),
            *("--checks", ",".join(CHECKS), "--workers", "2", "--continue-on-failure", "--warnings", "off"),
            # A machine that is slow is no breach.
            *("--request-timeout", "60", "--suppress-health-check", "all"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tester.returncode == 0, tester.stdout + tester.stderr
    assert "Traceback" not in center.output, center.output
    [(done,)] = center.query("SELECT count(*) FROM calls_call WHERE status <> 'scheduled'")
    assert done, "the tester has come no further than to refusals"


def test_a_client_that_is_generated_makes_reads_and_cancels_a_call(center, tmp_path, monkeypatch):
    subprocess.run(
        [
            *(BIN / "openapi-python-client", "generate", "--url", f"{center.url}/apps/api/v1/schema"),
            *("--meta", "none", "--output-path", tmp_path / "calls_client", "--fail-on-warning"),
        ],
        cwd=tmp_path,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
        check=True,
    )
    monkeypatch.syspath_prepend(tmp_path)

    def part(name):
        return importlib.import_module(f"calls_client.{name}")

    verbs = {name: part(f"api.calls.{name}") for name in ("create_call", "get_call", "cancel_call", "list_calls")}
    models = part("models")
    credentials = base64.b64encode(f"demo:{TOKEN}".encode()).decode()
    client = part("client").AuthenticatedClient(center.url, token=credentials, prefix="Basic")

    body = models.ScheduledCall(
        call_type=models.ScheduledCallCallType.SCHEDULEDCALL,
        menu_id=50,
        end_user_number="+1 205-123-4567",
        scheduled_at=datetime.now(UTC) + timedelta(days=1),
    )
    made = verbs["create_call"].sync(client=client, body=body, idempotency_key="once")
    again = verbs["create_call"].sync_detailed(client=client, body=body, idempotency_key="once")
    assert made.status == models.CallStatus.SCHEDULED
    assert made.scheduled_at > datetime.now(UTC)
    assert (again.parsed.id, again.headers["Idempotent-Replayed"]) == (made.id, "true")

    assert verbs["get_call"].sync(made.id, client=client) == made
    assert verbs["cancel_call"].sync(made.id, client=client).status == models.CallStatus.CANCELLED
    assert verbs["cancel_call"].sync_detailed(made.id, client=client).status_code == HTTPStatus.NO_CONTENT
    listed = verbs["list_calls"].sync(client=client, status=[models.ListCallsStatusItem.CANCELLED])
    assert made.id in [call.id for call in listed]

    refused = verbs["get_call"].sync_detailed(10**9, client=client)
    assert (refused.status_code, refused.parsed.message) == (HTTPStatus.NOT_FOUND, f"Call {10**9} is not found")
    assert refused.headers["X-Error-Code"] == "call_not_found"
