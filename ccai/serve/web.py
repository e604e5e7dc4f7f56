"""The web server as a child process: its socket, its command, its health."""

import errno
import http.client
import ipaddress
import json
import os
import socket
import sys
from collections.abc import Mapping

from django.core.management import CommandError
from django.db import connection
from django.utils.translation import gettext as _

from ccai.serve.children import Child

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port` (0: any that is free). CommandError where it cannot.

    This process holds it, so no other takes the port while the web server starts again, and clients wait meanwhile.
    """
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.EADDRINUSE:
            sentence = _("Port %(port)d on %(host)s is taken by another program. Choose another with --port.")
        elif number == errno.EACCES:
            sentence = _("This user may not open port %(port)d on %(host)s. Choose one above 1023 with --port.")
        else:
            sentence = _("%(host)s is not an address of this machine. Choose another with --host.")
        raise CommandError(sentence % {"host": host, "port": port}) from error
    # Inherited by each connection. The web server sets it only on sockets that it has opened itself, and without it
    # each answer waits 40 ms for the acknowledgement of its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> tuple[str, int]:
    """Where a program on this machine reaches `listener`: an IP address and a port."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return ("127.0.0.1" if address.version == 4 else "::1"), port
    return str(address), port


def url_of(listener: socket.socket) -> str:
    """The URL of the site on `listener`, without a slash at its end."""
    host, port = address_of(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_child(listener: socket.socket, environment: Mapping[str, str]) -> Child:
    """Uvicorn in one process on `listener`; streams that are open have 3 seconds to end when it is stopped."""
    pool = os.environ.get("CCAI_DB_POOL", "true" if connection.vendor == "postgresql" else "false")
    return Child(
        "web",
        [
            *(sys.executable, "-m", "uvicorn", "ccai.asgi:application"),
            *("--fd", str(listener.fileno())),
            *("--lifespan", "off"),
            *("--timeout-graceful-shutdown", "3"),
            *("--log-level", "warning"),
            "--no-access-log",
            "--no-server-header",
        ],
        environment={**environment, "CCAI_DB_POOL": pool},
        keep_fds=[listener.fileno()],
    )


def find_what_is_down(listener: socket.socket) -> list[str]:
    """The names that /health/ does not call `ok`, `web` where it does not answer; empty when all is well."""
    host, port = address_of(listener)
    client = http.client.HTTPConnection(host, port, timeout=1)
    try:
        client.request("GET", "/health/")
        response = client.getresponse()
        report = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return ["web"]
    finally:
        client.close()
    down = [name for name, state in report.items() if state != "ok"]
    return down if down or response.status == 200 else ["web"]
