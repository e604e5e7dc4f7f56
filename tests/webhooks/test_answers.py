"""What counts as heard, and what comes of answers that are none."""

import socket
import threading
import time
from datetime import timedelta

import pytest

from ccai.models import WebhookAttempt
from ccai.times import now
from ccai.webhooks import again, endpoints
from ccai.webhooks.posting import BROKEN, NOT_HTTP, TOO_LATE
from tests.webhooks.conftest import delivery, send, statuses, tell

pytestmark = pytest.mark.usefixtures("inside")


def test_answers_that_drip_redirect_or_are_no_http_are_failures(make_receiver, settings):
    settings.CCAI_WEBHOOK_TIMEOUT = 1
    dripping, redirecting, lying = make_receiver(), make_receiver(), make_receiver()
    endless, cut = make_receiver(), make_receiver()
    dripping.answer = lambda handler, message: handler.drip(30)
    endless.answer = lambda handler, message: handler.drip(30, b"HTTP/1.1 200 OK\r\n", b"X-More: to come\r\n")
    cut.answer = lambda handler, message: handler.drip(0, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
    redirecting.answer = lambda handler, message: handler.say(307, Location=lying.url)

    def lie(handler, message):
        handler.wfile.write(b"<html>hello</html>\r\n\r\n")
        handler.close_connection = True

    lying.answer = lie
    tell("call:1", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The handshake of TLS is never answered.
        silent = endpoints.make_endpoint(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        again.send_again_since(silent, now() - timedelta(minutes=1))
        began = time.monotonic()
        send()
    assert time.monotonic() - began < 20
    tries = {attempt.delivery.endpoint_id: attempt for attempt in WebhookAttempt.objects.select_related("delivery")}
    assert (tries[dripping.endpoint.pk].code, tries[dripping.endpoint.pk].error) == (None, TOO_LATE)
    assert (tries[endless.endpoint.pk].code, tries[endless.endpoint.pk].error) == (None, TOO_LATE)
    assert (tries[cut.endpoint.pk].code, tries[cut.endpoint.pk].error) == (None, BROKEN)
    assert tries[silent.pk].error == TOO_LATE
    assert tries[redirecting.endpoint.pk].code == 307
    assert tries[lying.endpoint.pk].error == NOT_HTTP
    assert len(lying.got) == 1  # its own; nobody was led there
    assert statuses() == ["pending"] * 6


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("600", 600),
        ("99999999999999999999", 12 * 3_600),
        ("9" * 5_000, 12 * 3_600),
        ("Wed, 01 Jan 2031 00:20:00 GMT", 1_200),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 12 * 3_600),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 5),
        ("soon", 5),
        ("-1", 5),
    ],
)
def test_an_endpoint_that_asks_to_be_left_in_peace_is(receiver, time_machine, said, seconds):
    time_machine.move_to("2031-01-01T00:00:00+00:00", tick=False)
    receiver.answer = lambda handler, message: handler.say(503, Retry_After=said)
    tell("call:1", 1)
    send()
    pause = (delivery().due_at - now()).total_seconds()
    assert -1 <= pause - seconds <= 5  # the try itself took a moment, too


def test_a_pause_begins_when_the_try_has_ended(receiver, settings, clock, monkeypatch):
    settings.CCAI_WEBHOOK_TIMEOUT = 1
    monkeypatch.setattr("random.uniform", lambda least, most: least)
    over = threading.Event()
    receiver.answer = lambda handler, message: 200 if over.wait(20) else 500
    tell("call:1", 1)
    send()
    over.set()
    assert WebhookAttempt.objects.get().error == TOO_LATE
    assert (delivery().due_at - now()).total_seconds() >= 5  # four, and the second that it took


def test_a_connection_that_was_closed_when_it_was_used_again_is_no_failed_try(receiver):
    def answer(handler, message):
        handler.times = getattr(handler, "times", 0) + 1
        if handler.times == 2:
            handler.close_connection = True
            return None
        return 200

    receiver.answer = answer
    tell("call:1", 1, 2, 3)
    send()
    assert statuses() == ["delivered"] * 3
    assert WebhookAttempt.objects.count() == 3
    assert receiver.numbers == [1, 2, 2, 3, 3]

    def hang_up(handler, message):
        handler.close_connection = True

    receiver.answer = hang_up
    tell("call:2", 4)
    send()
    assert WebhookAttempt.objects.latest("pk").error == BROKEN
