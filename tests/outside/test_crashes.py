"""A web process is killed in the middle of a request that carries an `Idempotency-Key` (contract section 9)."""

import re
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import requests

from tests.serve.running import PATIENCE, Serve, databases, wait_for

BLOCKED = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO "calls_call"%%'
"""
CALLS = "SELECT id FROM calls_call WHERE end_user_number = ?"


@pytest.fixture
def center(tmp_path):
    """A center that runs on PostgreSQL."""
    with databases() as make:
        serve = Serve(tmp_path, database_url=make())
        try:
            yield serve.wait_until_ready()
        finally:
            serve.kill_all()


def test_a_crash_in_the_middle_leaves_neither_call_nor_key_and_the_repeat_makes_one_call(center):
    token = re.search(r"API user: demo, token: (\S+) ", center.output)[1]
    number = "+12025550133"
    body = {
        "call_type": "ScheduledCall",
        "menu_id": 21,
        "end_user_number": number,
        "scheduled_at": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
    }

    def send():
        return requests.post(
            f"{center.url}/apps/api/v1/calls",
            json=body,
            auth=("demo", token),
            headers={"Idempotency-Key": "made once"},
            timeout=PATIENCE,
        )

    lost = []

    def send_in_vain():
        try:
            send()
        except requests.ConnectionError as error:
            lost.append(error)

    with psycopg.connect(center.database_url) as holder:
        # Whoever makes a call waits now, in the middle of its transaction.
        holder.execute("LOCK TABLE calls_call IN SHARE MODE")
        first = threading.Thread(target=send_in_vain)
        first.start()
        wait_for(lambda: center.query(BLOCKED), "the first request to wait")
        repeat = send()
        assert (repeat.status_code, repeat.headers["Retry-After"]) == (409, "1")
        assert repeat.json() == {"message": "A request with this idempotency key is under way"}
        center.child("web").kill()
        first.join()
        assert len(lost) == 1
    wait_for(lambda: not center.query(BLOCKED), "the database to notice")
    assert center.query(CALLS, number) == center.query("SELECT id FROM ccai_idempotencykey") == []

    def made():
        try:
            response = send()
        except requests.ConnectionError:
            return None
        return response if response.status_code == 201 else None

    answer, again = wait_for(made, "the web process to be back"), send()
    assert (answer.content, answer.headers["Content-Type"]) == (again.content, again.headers["Content-Type"])
    assert ("Idempotent-Replayed" in answer.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert center.query(CALLS, number) == [(answer.json()["id"],)]
    assert center.query("SELECT status, key FROM ccai_idempotencykey") == [(201, "made once")]
