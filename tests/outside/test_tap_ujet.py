"""Singer's tap-ujet, which copies the platform's contact centers into warehouses, copies a center of ours.

It is another's program, under the AGPL: it runs by itself, in a virtual environment that `make test-outside` builds.
"""

import itertools
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest

from ccai.times import now
from tests.outside.tls_front import Front
from tests.serve.running import Program, Serve, databases

CENTER = {
    "languages": {"en": "live"},
    "api_tokens": [{"name": "warehouse", "token": "not-a-secret-of-tests-of-the-tap"}],
    "outbound_numbers": [{"number": "+1 202-555-0100"}],
    "agents": [
        {"email": "ana@example.com", "agent_number": "A-1", "team": "Support/Night", "status": "available"},
        {"email": "ben@example.com", "agent_number": "2", "team": "Support", "status": "break"},
    ],
    "menus": [
        {
            "id": 10,
            "name": "Help",
            "menu_type": "mobile_menu",
            "children": [{"id": 21, "name": "Bills", "groups": [{"name": "All", "agents": ["ana@example.com"]}]}],
        }
    ],
}
TOKEN = CENTER["api_tokens"][0]["token"]
BIN = Path(__file__).parent / "tap" / ".venv" / "bin"
HOST = "demo.center.co"
CALLS = 110
WHOLE = ("menu_tree", "menus", "teams", "team_tree", "user_statuses")
GROWING = ("agents", "agent_activity_logs", "calls")

pytestmark = pytest.mark.xdist_group("tap")


@pytest.fixture(scope="module")
def center(tmp_path_factory):
    """A center with more calls than there are on a page."""
    directory = tmp_path_factory.mktemp("center")
    center_file = directory / "center.yaml"
    center_file.write_text(json.dumps(CENTER))
    with databases() as make:
        serve = Serve(
            directory / "data",
            "--center",
            str(center_file),
            database_url=make(),
            CCAI_DOMAIN="center.co",
            CCAI_TRUST_PROXY="1",
            CCAI_RATE_LIMIT="1000",
        )
        try:
            serve.wait_until_ready()
            serve.program = Program(serve.url, TOKEN)
            for number in range(CALLS):
                serve.program.schedule(seconds=3600 + number)
            yield serve
        finally:
            serve.kill_all()


class Tap:
    """tap-ujet, and where it is sent."""

    def __init__(self, front, directory):
        self.directory = directory
        config = {
            "company_key": "demo",
            "company_secret": TOKEN,
            "subdomain": "demo",
            "domain": "center",
            "start_date": "2019-01-01T00:00:00Z",
            "user_agent": "tests",
        }
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "HTTPS_PROXY": front.url,
            "REQUESTS_CA_BUNDLE": str(front.believed),
        }
        self.command = [str(BIN / "tap-ujet"), "--config", self.write("config", config)]
        self.catalog = json.loads(self.output(self.start("--discover")))

    def write(self, name, content):
        """The path of a new JSON file."""
        path = self.directory / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)

    def start(self, *arguments):
        """A run of it, under way."""
        return subprocess.Popen(
            [*self.command, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if "--discover" not in arguments else subprocess.DEVNULL,
            text=True,
        )

    def output(self, run):
        """What a run has printed, once it is over and well."""
        printed, _ = run.communicate(timeout=90)
        assert run.returncode == 0, printed
        return printed

    def sync(self, *streams, state=None):
        """A run that copies these streams, from where another left off."""
        for stream in self.catalog["streams"]:
            (whole,) = [one["metadata"] for one in stream["metadata"] if not one["breadcrumb"]]
            whole["selected"] = stream["stream"] in streams
        name = "-".join(streams)
        arguments = ["--catalog", self.write(f"catalog-{name}", self.catalog)]
        return self.start(*arguments, *(["--state", self.write(f"state-{name}", state)] if state else []))

    def copied(self, run):
        """The records of a run by stream, in order, and the state that it ended with."""
        records, state = {}, None
        for line in self.output(run).splitlines():
            if line.startswith("{"):
                message = json.loads(line)
                if message["type"] == "RECORD":
                    records.setdefault(message["stream"], []).append(message["record"])
                elif message["type"] == "STATE":
                    state = message["value"]
        return records, state


@pytest.fixture
def front(center, tmp_path):
    """A proxy with TLS in front of the center."""
    front = Front(center.url, HOST, tmp_path, python=BIN / "python")
    yield front
    front.close()


class Changes:
    """Calls that change, one after the other, from the first page of calls until a moment after the second."""

    def __init__(self, program, call_ids):
        self.program = program
        self.calls = itertools.cycle(call_ids)
        self.pages = 0
        self.ends = time.monotonic() + 60
        self.made = 0

    def seen(self, path):
        """A request is on its way to the center."""
        if path.startswith("/manager/api/v1/calls"):
            self.pages += 1
            if self.pages == 1:
                threading.Thread(target=self.run, daemon=True).start()
            elif self.pages == 2:
                self.ends = time.monotonic() + 2

    def run(self):
        """Change them: every other is flagged, one in ten is cancelled."""
        for call_id in self.calls:
            if time.monotonic() > self.ends:
                return
            self.made += 1
            if self.made % 10 == 0:
                self.program.session.patch(f"{self.program.base}/calls/scheduled/{call_id}/cancel", timeout=30)
            else:
                flags = {"verified_customer": self.made % 2 == 0}
                self.program.session.patch(f"{self.program.base}/calls/{call_id}/customer_flag", json=flags, timeout=30)
            time.sleep(0.02)


def every_call(program):
    """All calls as the Calls API shows them, by id."""
    found, url = {}, f"{program.base}/calls"
    while url:
        answer = program.session.get(url, timeout=30)
        found |= {call["id"]: call for call in answer.json()}
        url = answer.links.get("next", {}).get("url")
    return found


def essence(call):
    """What of a call has changed here, and when."""
    return call["status"], call["verified"], call["updated_at"].replace("000Z", "Z")


def test_it_copies_everything_and_loses_nothing_while_calls_change(center, front, tmp_path):
    tap = Tap(front, tmp_path)
    before = every_call(center.program)
    changes = Changes(Program(center.url, TOKEN), sorted(before, reverse=True))
    front.seen = changes.seen

    whole, growing = tap.sync(*WHOLE), tap.sync(*GROWING)
    records, _ = tap.copied(whole)
    grown, state = tap.copied(growing)
    records |= grown

    assert changes.made > 50
    assert {call["id"] for call in records["calls"]} == set(before)
    # What changed after the last page is of the next time.
    later, state = tap.copied(tap.sync("calls", state=state))
    copies = {call["id"]: call for call in [*records["calls"], *later.get("calls", [])]}
    truth = every_call(center.program)
    assert {pk: essence(call) for pk, call in copies.items()} == {pk: essence(call) for pk, call in truth.items()}

    def rows(sql):
        return center.query(sql)[0][0]

    for stream, sql in {
        "agents": "SELECT count(*) FROM agents_agent",
        "menus": "SELECT count(*) FROM menus_menu",
        "menu_tree": "SELECT count(*) FROM menus_menu",
        "teams": "SELECT count(*) FROM agents_team",
        "team_tree": "SELECT count(*) FROM agents_team",
        "agent_activity_logs": "SELECT (SELECT count(*) FROM agents_statuschange) + count(*) FROM agents_engagement",
    }.items():
        assert len({record["id"] for record in records[stream]}) == rows(sql) > 0, stream
    assert len(records["user_statuses"]) == 9
    assert {record["activity"] for record in records["agent_activity_logs"]} >= {"login"}
    assert set(records["agents"][0]["status"]) == {"id", "name", "color", "wfm_id"}


def test_what_an_older_transaction_has_not_committed_yet_is_not_overtaken(center):
    """As a warehouse would lose it: an older change that is committed after a newer one has been read."""
    early, late = sorted(every_call(center.program))[:2]
    manager = f"{center.url}/manager/api/v1/calls"
    since = {"sort_column": "updated_at", "updated_at[from]": now().isoformat().replace("+00:00", "Z")}
    with psycopg.connect(center.database_url) as slow, psycopg.connect(center.database_url) as quick:
        written = "date_trunc('milliseconds', clock_timestamp())"
        change = f"UPDATE calls_call SET rating = %s, updated_at = {written} WHERE id = %s"
        slow.execute(change, [4, early])
        quick.execute(change, [5, late])
        quick.commit()
        # Later than a page waits for those that have only looked at the clock.
        hurry = threading.Timer(1.5, slow.commit)
        hurry.start()
        rows = center.program.session.get(manager, params=since, timeout=30).json()
        hurry.join()
    assert [(row["id"], row["rating"]) for row in rows] == [(early, 4), (late, 5)]
