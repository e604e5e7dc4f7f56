"""How fast webhooks are sent, and what memory that takes: a backlog, to a receiver on this machine, by one process.

The events are of many calls, some of each call, with a call object's worth of text. Half of the machine is the
receiver's, and the database's.
"""

import json
import subprocess
import sys
import threading
import time
from uuid import uuid4

import psutil
from django.db import connection
from django.test import override_settings

from bench.table import print_table
from ccai.models import WebhookDelivery, WebhookEvent
from ccai.times import now, wire_time
from ccai.webhooks.endpoints import make_endpoint
from ccai.webhooks.sending import Sender

BATCH = 1_000
OF_A_CALL = 6  # events
SIZE = 3_000  # characters of data
EVERY = 0.25  # seconds between two looks at the memory
PROMISED = 500  # events per second
MEGABYTE = 1_048_576


class Memory:
    """What this process holds (resident), in megabytes, looked at again and again."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(EVERY):
            self.seen.append(process.memory_info().rss / MEGABYTE)

    def early_and_late(self) -> tuple[float, float]:
        """The most in the second fifth of the time, when all is warm, and in the last."""
        fifth = max(1, len(self.seen) // 5)
        return max(self.seen[fifth : 2 * fifth] or self.seen), max(self.seen[-fifth:])


def measure(events: str = "100000") -> None:
    """Print the table."""
    count = int(events)
    with subprocess.Popen([sys.executable, "-m", "bench.receiving"], stdout=subprocess.PIPE, text=True) as receiver:
        try:
            assert receiver.stdout is not None
            with override_settings(CCAI_WEBHOOK_ALLOW_PRIVATE=True):
                endpoint = make_endpoint(f"http://127.0.0.1:{int(receiver.stdout.readline())}/hook")
            write_backlog(endpoint.pk, count)
            began = time.monotonic()
            with override_settings(CCAI_WEBHOOK_ALLOW_PRIVATE=True), Memory() as memory:
                tried = Sender().run()
            seconds = time.monotonic() - began
        finally:
            receiver.kill()
    left = WebhookDelivery.objects.exclude(status=WebhookDelivery.Status.DELIVERED).count()
    early, late = memory.early_and_late()
    print_table(
        f"webhooks on {connection.vendor}: a backlog of {count} events, sent by one process",
        ["", "measured", "promised"],
        [
            ["events per second", f"{tried / seconds:.0f}", str(PROMISED)],
            ["left", str(left), "0"],
            ["memory when warm, MB", f"{early:.0f}", ""],
            ["memory at the end, MB", f"{late:.0f}", "no more"],
        ],
    )


def write_backlog(endpoint_id: int, count: int) -> None:
    """So many events, of many calls in turn, are to be sent to the endpoint."""
    calls = max(1, count // OF_A_CALL)
    data = {"note": "x" * SIZE}
    for start in range(0, count, BATCH):
        at = now()
        numbers = range(start, min(count, start + BATCH))
        made = WebhookEvent.objects.bulk_create(
            WebhookEvent(
                uid=(uid := f"msg_{uuid4().hex}"),
                type="call.queued",
                subject=f"call:{number % calls}",
                body=json.dumps({"id": uid, "type": "call.queued", "timestamp": wire_time(at), "data": data}),
                at=at,
            )
            for number in numbers
        )
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(event=event, endpoint_id=endpoint_id, subject=event.subject, due_at=at) for event in made
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
