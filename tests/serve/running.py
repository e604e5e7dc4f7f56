"""A real `manage.py serve`, and what a test asks of it."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import requests

PROJECT = Path(__file__).resolve().parent.parent.parent
# Long enough for a machine that is busy with other tests; nothing waits this long when all is well.
PATIENCE = 60


def wait_for(get, what):
    """What `get()` returns once that is true. Asks four times a second: a token may ask the API ten times."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := get():
            return found
        time.sleep(0.25)
    raise AssertionError(f"waited in vain for {what}")


def environment(data_dir, database_url, **variables):
    """What a newcomer's shell has, and the center's data directory and database."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CCAI_") and name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    }
    database = {"DATABASE_URL": database_url} if database_url else {}
    return {
        **inherited,
        **database,
        "CCAI_ENV_FILE": os.devnull,
        "CCAI_DATA_DIR": str(data_dir),
        "CCAI_SANDBOX_RING_SECONDS": "0.2",
        "CCAI_SANDBOX_TALK_SECONDS": "0.5",
        **variables,
    }


@contextlib.contextmanager
def databases():
    """A function that makes an empty database and returns its URL; None for SQLite. All are gone afterwards."""
    given = os.environ.get("DATABASE_URL")
    made = []

    def make():
        if given is None:
            return None
        name = f"serve_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        made.append(name)
        address, _, options = given.partition("?")
        url = f"{address.rpartition('/')[0]}/{name}"
        return f"{url}?{options}" if options else url

    yield make
    for name in made:
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Serve:
    """One run of `manage.py serve`, on a port that is free unless told otherwise."""

    def __init__(self, data_dir, *arguments, database_url=None, **variables):
        self.data_dir = data_dir
        self.database_url = database_url
        self.environment = environment(data_dir, database_url, **variables)
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", "0", *arguments],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Keep what it says."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self):
        """All that it has said."""
        return "\n".join(self.lines)

    def find(self, pattern):
        """The first match of a regular expression in what it has said, once it is there."""

        def search():
            if self.process.poll() is not None:
                self.reader.join()
                assert re.search(pattern, self.output), f"it ended, and had only said:\n{self.output}"
            return re.search(pattern, self.output)

        try:
            return wait_for(search, pattern)
        except AssertionError as error:
            raise AssertionError(f"{error}; it had said:\n{self.output}") from None

    def wait_until_ready(self):
        """Return itself, ready."""
        self.url = self.find(r"(?m)^Ready: (\S+)$")[1]
        self.find(r"(?m)^  Health +\S+$")
        return self

    def ended(self, seconds):
        """Its exit status, within so many seconds."""
        try:
            status = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it runs on, and has said:\n{self.output}") from None
        self.reader.join()
        return status

    def processes(self):
        """Itself and all processes below it."""
        return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    def child(self, name):
        """The process that runs the child of this name."""
        words = {
            "web": "uvicorn",
            "worker": "clock,default",
            "sender": "webhooks",
            "beat": "beat",
            "valkey": "valkey-server",
        }

        def find():
            for process in self.processes()[1:]:
                with contextlib.suppress(psutil.Error):
                    if any(words[name] in word for word in process.cmdline()):
                        return process
            return None

        return wait_for(find, name)

    def kill_all(self):
        """No process of it is left, whatever it does."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in reversed(self.processes()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()

    def manage(self, *arguments):
        """What another command of manage.py prints, in the same environment."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def query(self, sql, *parameters):
        """Rows of the center's database. `?` stands for a parameter."""
        if self.database_url:
            with psycopg.connect(self.database_url) as connection:
                return connection.execute(sql.replace("?", "%s"), parameters).fetchall()
        with contextlib.closing(sqlite3.connect(self.data_dir / "db.sqlite3", timeout=20)) as connection:
            return connection.execute(sql, parameters).fetchall()


class Program:
    """A program that uses the API of a center over the network."""

    def __init__(self, url, token):
        self.base = f"{url}/apps/api/v1"
        self.session = requests.Session()
        self.session.auth = ("demo", token)

    def get(self, path):
        """GET."""
        return self.session.get(self.base + path, timeout=PATIENCE)

    def schedule(self, *, seconds, number="+1 202-555-0133", menu_id=21):
        """The id of a call on a menu, the demo's unless told otherwise, due in so many seconds."""
        due = datetime.now(UTC) + timedelta(seconds=seconds)
        body = {
            "call_type": "ScheduledCall",
            "menu_id": menu_id,
            "end_user_number": number,
            "scheduled_at": due.isoformat(),
        }
        response = self.session.post(f"{self.base}/calls", json=body, timeout=PATIENCE)
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def wait_until_over(self, call_id):
        """The call object, once the call has ended."""

        def get():
            call = self.get(f"/calls/{call_id}").json()
            return call if call["ends_at"] else None

        return wait_for(get, f"the end of call {call_id}")
