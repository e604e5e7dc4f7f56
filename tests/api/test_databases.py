"""Which database the environment names, and how long a database that does not answer is waited for."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
CONNECT = """
import json, django
django.setup()
from django.db import OperationalError, connection
try:
    connection.ensure_connection()
    outcome = "connected"
except OperationalError:
    outcome = "no answer"
print(json.dumps({**connection.settings_dict, "OUTCOME": outcome}, default=str))
"""


def connect(data_dir, **variables):
    """What a new process with these variables says of its database, and whether it answers it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CCAI_", "DATABASE"))}
    found = subprocess.run(
        [sys.executable, "-c", CONNECT],
        env={
            **inherited,
            "DJANGO_SETTINGS_MODULE": "ccai.settings",
            "CCAI_ENV_FILE": os.devnull,
            "CCAI_DATA_DIR": str(data_dir),
            **variables,
        },
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=25,  # less than the half minute for which a pool waits by itself
    )
    return json.loads(found.stdout)


@pytest.fixture
def silent_server():
    """The URL of a PostgreSQL that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"postgres://ccai:secret@127.0.0.1:{listener.getsockname()[1]}/ccai"


def test_by_default_it_is_in_the_data_directory_whatever_that_is_called(tmp_path):
    data_dir = tmp_path / "50% of #1?mode=memory"
    assert connect(data_dir)["OUTCOME"] == "connected"
    assert (data_dir / "db.sqlite3").exists()


@pytest.mark.parametrize("pool", ["true", "false"])
def test_one_that_does_not_answer_is_given_up_in_seconds_and_no_thread_keeps_a_connection(
    tmp_path, silent_server, pool
):
    database = connect(tmp_path, DATABASE_URL=silent_server, CCAI_DB_POOL=pool)
    assert database["OUTCOME"] == "no answer"
    assert database["CONN_HEALTH_CHECKS"] is True
    assert database["CONN_MAX_AGE"] == 0


def test_the_url_may_say_how_long_to_wait(tmp_path, silent_server):
    database = connect(tmp_path, DATABASE_URL=f"{silent_server}?connect_timeout=2")
    assert int(database["OPTIONS"]["connect_timeout"]) == 2
