"""Processes that are killed, wherever they are, lose no event: neither who does things, nor who tells of them."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection

from calls.models import CallEvent
from ccai.models import WebhookDelivery, WebhookEvent
from ccai.webhooks import endpoints
from tests.factories import make_center, make_menu
from tests.serve.running import PROJECT, wait_for
from tests.webhooks.conftest import tell
from tests.webhooks.receiver import receiving

LANES, EVENTS = 12, 96

BEGINNING = """
import time
import django
django.setup()
"""
SENDS = f"""{BEGINNING}
from ccai.models import WebhookDelivery
from ccai.webhooks.sending import Sender
while WebhookDelivery.objects.filter(status="pending").exists():
    Sender().run()
    time.sleep(0.1)
"""
DOES = f"""{BEGINNING}
from calls import lifecycle
from calls.models import Call
from tests.factories import make_call
from menus.models import Menu
menu = Menu.objects.get()
while True:
    call = make_call("queued", menu=menu)
    lifecycle.transition(call, "deflected", cause="test")
    lifecycle.transition(call, "voicemail", cause="test")
"""


def start(program):
    """A process of its own on the database of this test."""
    name = connection.settings_dict["NAME"]
    given = os.environ.get("DATABASE_URL")
    url = f"sqlite:///{name}"
    if given is not None:
        address, _, options = given.partition("?")
        url = f"{address.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "ccai.settings",
        "PYTHONPATH": str(PROJECT),
        "CCAI_WEBHOOK_ALLOW_PRIVATE": "1",
        "CCAI_WEBHOOK_TIMEOUT": "1",
        "CCAI_LOG_LEVEL": "WARNING",
    }
    return subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=PROJECT)


@pytest.fixture
def processes():
    """All that were started; none is left."""
    started = []
    yield started
    for process in started:
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()


def test_who_sends_is_killed_at_any_moment_and_each_message_arrives(transactional_db, processes, settings):
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    with receiving() as receiver:
        endpoints.make_endpoint(receiver.url)
        for number in range(EVENTS):
            tell(f"call:{number % LANES}", number)
        killing = threading.Lock()
        # Before it is answered; after that, before anything is written; and at whatever it does then.
        plan = {5: "before", 30: "after", 55: "a moment later"}

        def kill(delay=0.0):
            time.sleep(delay)
            with killing:
                processes[-1].kill()
                processes[-1].wait()
                processes.append(start(SENDS))

        def answer(handler, _message):
            with receiver.lock:
                # Another may have come since this one was counted.
                reached = [count for count in plan if count <= len(receiver.got)]
                when = plan.pop(reached[0]) if reached else None
            if when == "before":
                kill()
            with contextlib.suppress(OSError):
                handler.say(200)
                if when is not None:
                    handler.wfile.flush()
            if when in ("after", "a moment later"):
                kill(0.05 if when == "a moment later" else 0.0)

        receiver.answer = answer
        processes.append(start(SENDS))
        wait_for(lambda: not WebhookDelivery.objects.exclude(status="delivered").exists(), "all to be delivered")
        assert plan == {}
        assert len(processes) == 4
        assert set(receiver.numbers) == set(range(EVENTS))
        for lane in range(LANES):
            first_heard = list(dict.fromkeys(number for number in receiver.numbers if number % LANES == lane))
            assert first_heard == sorted(first_heard)


def test_who_does_things_is_killed_and_what_is_done_is_told(transactional_db, processes):
    make_center()
    make_menu()
    endpoints.make_endpoint("https://example.com/hook")
    processes.append(start(DOES))
    wait_for(lambda: CallEvent.objects.count() > 40, "something to happen")
    processes[-1].kill()
    processes[-1].wait()
    # What was under way is rolled back once the database has noticed.
    time.sleep(0.5)
    done = CallEvent.objects.exclude(old="").count()
    assert done == WebhookEvent.objects.count() == WebhookDelivery.objects.count()
