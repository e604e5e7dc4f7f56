"""Messages arrive: in order, signed, at least once, and one that is down holds up no other."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from standardwebhooks import Webhook, WebhookVerificationError

from agents.models import User
from ccai.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from ccai.tasks import send_webhooks
from ccai.times import now
from ccai.webhooks import again, endpoints, outbox
from ccai.webhooks.posting import REFUSED
from ccai.webhooks.sending import NOT_SENT
from tests.api_document import message_validator
from tests.calls.test_races import all_at_once
from tests.webhooks.conftest import delivery, send, statuses, tell

pytestmark = pytest.mark.usefixtures("inside")


def test_events_of_a_call_arrive_in_their_order(receiver):
    for number in range(6):
        tell("call:1", number)
        tell("call:2", 100 + number)
    assert send() == 12
    assert [number for number in receiver.numbers if number < 100] == list(range(6))
    assert [number - 100 for number in receiver.numbers if number >= 100] == list(range(6))
    assert statuses() == ["delivered"] * 12
    assert receiver.connections <= 8  # they stay open
    event = WebhookEvent.objects.earliest("pk")
    headers, body = next((headers, body) for headers, body in receiver.got if event.uid.encode() in body)
    assert body.decode() == event.body
    assert headers["webhook-id"] == event.uid
    assert headers["Content-Type"] == "application/json"


def test_what_fails_is_tried_again_and_holds_up_its_own_call_alone(receiver, clock):
    receiver.answer = lambda handler, message: 500 if message["data"]["number"] == 1 else 200
    tell("call:1", 1, 2)
    tell("call:2", 3)
    send()
    assert sorted(receiver.numbers) == [1, 3]
    assert statuses() == ["pending", "pending", "delivered"]
    first, second = WebhookDelivery.objects.order_by("pk")[:2]
    assert 4 <= (first.due_at - now()).total_seconds() <= 10  # five or so, and the time that the try took
    assert second.due_at == first.due_at
    # One that comes while the first waits falls in behind it.
    tell("call:1", 4)
    assert send() == 0
    receiver.answer = 200
    clock.jump(6)
    send()
    assert [number for number in receiver.numbers if number != 3] == [1, 1, 2, 4]
    tries = WebhookAttempt.objects.filter(delivery=first).order_by("pk")
    assert list(tries.values_list("code", flat=True)) == [500, 200]


def test_pauses_grow_from_five_seconds_to_half_a_day_until_three_days_are_over(receiver, clock):
    receiver.answer = lambda handler, message: 500 if message["data"]["number"] == 1 else 200
    tell("call:1", 1, 2)
    # Others arrive meanwhile, so the endpoint itself is well.
    began, pauses = now(), []
    while True:
        tell("call:9", 9)
        send()
        first = WebhookDelivery.objects.earliest("pk")
        if first.status != "pending":
            break
        pauses.append((first.due_at - now()).total_seconds())
        clock.jump(pauses[-1])
    steps = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200]
    for pause, step in zip(pauses, steps, strict=False):
        assert 0.79 * step <= pause <= 1.21 * step + 5  # from the end of the try on
    assert max(pauses) <= 1.21 * 43_200 + 5
    assert (first.status, first.attempts) == ("given_up", len(pauses) + 1)
    assert now() - began == timedelta(days=3)
    send()
    assert 2 in receiver.numbers  # it was only waiting for the one before it
    assert WebhookEndpoint.objects.get().active


def test_an_endpoint_that_takes_nothing_for_three_days_is_disabled_and_admins_are_told(receiver, clock, mailoutbox):
    admin = User.objects.create(email="admin@example.com", is_staff=True, is_superuser=True)
    User.objects.create(email="supervisor@example.com", is_staff=True)
    receiver.answer = lambda handler, message: handler.say(503, b"no \0 room " + b"x" * 5_000)
    tell("call:1", 1, 2)
    for _attempt in range(40):
        send()
        waiting = WebhookDelivery.objects.earliest("pk")
        if waiting.due_at is None:
            break
        clock.jump((waiting.due_at - now()).total_seconds())
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.active, endpoint.disabled, endpoint.disabled_at) == (False, "failing", now())
    assert endpoint.disabled_at - endpoint.failing_since >= timedelta(days=3)
    wait_until(lambda: mailoutbox)
    assert [mail.to for mail in mailoutbox] == [[admin.email]]
    assert "127.0.0.1" in mailoutbox[0].body
    assert endpoint.secret not in mailoutbox[0].body
    tried = WebhookAttempt.objects.latest("pk")
    assert (tried.code, len(tried.answer), tried.answer[:9]) == (503, 1_024, "no � room")

    # Nothing is lost: what happens meanwhile is kept, too, and all goes in order once it is switched on.
    tell("call:1", 3)
    assert (statuses(), send()) == (["pending"] * 3, 0)
    receiver.answer, receiver.got = 200, []
    assert endpoints.enable(endpoint) == 3
    send()
    assert receiver.numbers == [1, 2, 3]
    assert WebhookEndpoint.objects.get().failing_since is None


def test_nobody_waits_for_the_mail_server(make_receiver, settings):
    User.objects.create(email="admin@example.com", is_staff=True, is_superuser=True)
    gone, well = make_receiver(), make_receiver()
    gone.answer = 410
    tell("call:1", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        send()
        # The mail server has said nothing yet, and who sends is done.
        assert [thread for thread in threading.enumerate() if thread.name == "webhook-mail"]
        assert not WebhookEndpoint.objects.get(pk=gone.endpoint.pk).active
        assert well.numbers == [1]
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "webhook-mail"])


def test_410_disables_at_once_and_keeps_what_was_on_its_way(receiver):
    receiver.answer = 410
    tell("call:1", 1, 2)
    send()
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.active, endpoint.disabled, receiver.numbers) == (False, "gone", [1])
    assert list(WebhookDelivery.objects.values_list("status", "due_at")) == [("pending", None)] * 2
    tell("call:1", 3)
    assert WebhookDelivery.objects.count() == 2  # who is gone is told nothing new


def test_one_that_is_slow_or_dead_holds_up_no_other(make_receiver, settings):
    settings.CCAI_WEBHOOK_TIMEOUT = 20
    slow, well = make_receiver(), make_receiver()
    dead = endpoints.make_endpoint("http://127.0.0.1:9/")
    over = threading.Event()
    slow.answer = lambda handler, message: 200 if over.wait(20) else 500
    for number in range(40):
        tell(f"call:{number}", number)
    sending = threading.Thread(target=send_and_close)
    sending.start()
    try:
        wait_until(lambda: len(well.got) == 40)
        assert slow.at_once <= 8
        assert WebhookDelivery.objects.filter(endpoint=slow.endpoint, status="delivered").count() == 0
        wait_until(lambda: WebhookAttempt.objects.filter(delivery__endpoint=dead).exists())
        assert WebhookAttempt.objects.filter(delivery__endpoint=dead)[0].error == REFUSED
    finally:
        over.set()
        sending.join()
    assert slow.most_at_once <= 8
    assert len(slow.got) == 40


def test_one_that_has_failed_before_is_given_few_threads_from_the_first(receiver):
    WebhookEndpoint.objects.update(failing_since=now())

    # Two come together, however slow the machine is; more would have the time to.
    both = threading.Barrier(2)

    def answer(handler, message):
        both.wait(20)
        time.sleep(0.1)
        return 500

    receiver.answer = answer
    for number in range(8):
        tell(f"call:{number}", number)
    send()
    assert (len(receiver.got), receiver.most_at_once) == (8, 2)


def test_tasks_that_come_while_a_process_sends_end_at_once(receiver):
    """Else each second's would wait on the broker for as long as an endpoint is slow."""
    over = threading.Event()
    receiver.answer = lambda handler, message: 200 if over.wait(20) else 500
    tell("call:1", 1)
    sending = threading.Thread(target=send_and_close, args=(send_webhooks,))
    sending.start()
    try:
        wait_until(lambda: len(receiver.got) == 1)
        tell("call:2", 2)
        assert send_webhooks() == 0
        assert statuses() == ["pending"] * 2
    finally:
        over.set()
        sending.join()
    send_webhooks()
    assert receiver.numbers == [1, 2]


def send_and_close(send=send):
    """As `send`, in a thread, whose connection is closed afterwards."""
    try:
        send()
    finally:
        connection.close()


def wait_until(is_so):
    """Until `is_so()`, or for ten seconds."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_secrets_are_verified_by_the_library_and_two_are_good_while_one_is_rotated(receiver, clock):
    old = receiver.endpoint.secret
    endpoints.rotate_secret(receiver.endpoint)
    new = endpoints.rotate_secret(receiver.endpoint)  # a second click
    assert new != old
    tell("call:1", 1)
    send()
    headers, body = receiver.got[-1]
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers)["data"] == {"number": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body.replace(b"1", b"2"), headers)
    clock.jump(3_600)
    endpoints.rotate_secret(receiver.endpoint)
    assert WebhookEndpoint.objects.get().previous_secret == new
    new = WebhookEndpoint.objects.get().secret
    clock.jump(25 * 3_600)
    tell("call:1", 2)
    send()
    headers, body = receiver.got[-1]
    assert Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


def test_a_claim_whose_sender_died_is_somebody_elses_later(receiver, clock):
    tell("call:1", 1, 2)
    [claim] = outbox.claim(receiver.endpoint.pk, 8, now())
    assert [one.event.type for one in claim.deliveries] == ["call.flagged"] * 2
    # Nobody else has them, nor what comes behind them.
    tell("call:1", 3)
    assert (outbox.claim(receiver.endpoint.pk, 8, now()), send(), receiver.got) == ([], 0, [])
    clock.jump(outbox.lease().total_seconds() + 1)
    send()
    assert receiver.numbers == [1, 2, 3]
    # What the first had to say comes too late, and changes nothing.
    result = outbox.Result(claim.deliveries[0], claim.until, now())
    outbox.write([result], now())
    assert statuses() == ["delivered"] * 3


def test_what_is_behind_a_dead_endpoint_is_not_looked_at_each_second(receiver, clock):
    receiver.answer = 500
    for number in range(30):
        tell("call:1", number)
    send()
    assert receiver.numbers == [0]
    assert len(set(WebhookDelivery.objects.values_list("due_at", flat=True))) == 1
    assert outbox.find_due(now()) == []


def test_a_test_goes_to_one_endpoint_at_once_and_in_place_of_tests_that_wait(make_receiver):
    tested, other = make_receiver(events=["agent.*"], description="Billing"), make_receiver()
    tested.answer = 500
    endpoints.send_test(tested.endpoint)
    send()
    tested.answer = 200
    endpoints.send_test(tested.endpoint)
    assert send() == 1
    assert again.send_again_since(other.endpoint, now() - timedelta(hours=1)) == 0
    assert [one["type"] for one in tested.messages] == ["endpoint.test"] * 2
    assert tested.messages[1]["data"] == {"endpoint": {"id": tested.endpoint.pk, "description": "Billing"}}
    assert next(message_validator("endpoint.test").iter_errors(tested.messages[1]), None) is None
    assert (statuses(), other.got) == (["given_up", "delivered"], [])


def test_old_events_are_forgotten(receiver, clock, settings):
    tell("call:1", 1)
    send()
    clock.jump(29 * 86_400)
    tell("call:1", 2)
    assert endpoints.forget(now()) == 0
    clock.jump(2 * 86_400)
    assert endpoints.forget(now()) == 3  # event, delivery, attempt
    assert WebhookEvent.objects.count() == WebhookDelivery.objects.count() == 1
    assert WebhookAttempt.objects.count() == 0


def test_an_endpoint_that_is_deleted_meanwhile_is_no_trouble(receiver):
    def delete(handler, message):
        WebhookEndpoint.objects.all().delete()
        connection.close()
        return 200

    receiver.answer = delete
    tell("call:1", 1)
    send()
    assert WebhookAttempt.objects.count() == 0
    tell("call:1", 2)
    assert WebhookEvent.objects.count() == 1
    assert send() == 0


def test_of_many_who_send_at_once_each_message_is_one_persons(receiver, monkeypatch):
    monkeypatch.setattr(again, "BATCH", 7)
    for number in range(120):
        tell(f"call:{number % 40}", number)
    for _time in range(2):
        receiver.got = []
        assert sum(all_at_once(send, send, send)) == 120
        assert sorted(receiver.numbers) == list(range(120))
        for lane in range(40):
            assert [number for number in receiver.numbers if number % 40 == lane] == [lane, lane + 40, lane + 80]
        again.send_again_since(receiver.endpoint, now() - timedelta(minutes=5))


def test_a_secret_is_in_no_log_and_no_row(receiver, caplog):
    endpoint = receiver.endpoint
    WebhookEndpoint.objects.update(secret="whsec_not-base64-but-s3cret")
    tell("call:1", 1)
    with caplog.at_level("DEBUG"):
        send()
    assert WebhookAttempt.objects.get().error == NOT_SENT
    WebhookEndpoint.objects.update(secret=endpoint.secret, url="http://127.0.0.1:9/hook?key=s3cret")
    endpoints.send_again(delivery())
    with caplog.at_level("DEBUG"):
        send()
        endpoints.disable(endpoint)
    assert WebhookAttempt.objects.latest("pk").error == REFUSED
    for secret in ("s3cret", endpoint.secret):
        assert secret not in caplog.text


def test_what_was_kept_while_its_endpoint_was_switched_on_goes_too(receiver):
    tell("call:1", 1, 2)
    # Whoever recorded it had read that the endpoint is off.
    WebhookDelivery.objects.update(due_at=None)
    send()
    assert receiver.numbers == [1, 2]


def test_so_does_what_is_kept_while_a_long_run_goes_on(receiver, settings):
    settings.CCAI_WEBHOOK_TIMEOUT = 20
    heard = threading.Event()

    def answer(handler, message):
        if message["data"]["number"] == 2:
            heard.set()
            return 200
        columns = {"subject": "call:2", "uid": "msg_2", "type": "call.flagged", "body": '{"data": {"number": 2}}'}
        event = WebhookEvent.objects.create(**columns)
        WebhookDelivery.objects.create(event=event, endpoint=receiver.endpoint, subject="call:2", due_at=None)
        connection.close()
        return 200 if heard.wait(15) else 500

    receiver.answer = answer
    tell("call:1", 1)
    send()
    assert heard.is_set()
