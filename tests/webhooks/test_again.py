"""One message, or all since a time, is sent again, whoever dies meanwhile."""

from datetime import timedelta

import pytest

from ccai.models import WebhookDelivery, WebhookEvent
from ccai.times import now
from ccai.webhooks import again, endpoints
from tests.webhooks.conftest import delivery, send, statuses, tell

pytestmark = pytest.mark.usefixtures("inside")


def test_one_click_sends_again_one_or_all_since_a_time(receiver, clock):
    receiver.endpoint.events = ["agent.*"]
    receiver.endpoint.save()
    other = endpoints.make_endpoint("http://127.0.0.1:9/", events=["call.*"])
    tell("call:1", 1)  # the receiver has not wanted it
    clock.jump(60)
    since = now()
    receiver.endpoint.events = []
    receiver.endpoint.save()
    endpoints.disable(other)
    tell("call:1", 2, 3)
    send()
    assert receiver.numbers == [2, 3]
    endpoints.send_again(WebhookDelivery.objects.get(endpoint=receiver.endpoint, event__body__contains='"number":3'))
    send()
    assert receiver.numbers == [2, 3, 3]
    assert again.send_again_since(receiver.endpoint, since) == 2
    send()
    assert receiver.numbers == [2, 3, 3, 2, 3]
    assert again.send_again_since(receiver.endpoint, since - timedelta(hours=1)) == 3
    send()
    assert receiver.numbers[5:] == [1, 2, 3]
    tried = WebhookDelivery.objects.filter(endpoint=receiver.endpoint).latest("pk")
    assert tried.tries.count() >= 1


def test_what_is_to_be_sent_again_goes_on_after_whoever_saw_to_it_died(receiver, monkeypatch):
    monkeypatch.setattr(again, "BATCH", 2)
    monkeypatch.setattr(again, "MOST_COUNTED", 3)
    tell("call:1", 1, 2, 3)
    tell("agent:1", 4, 5)
    endpoints.send_test(receiver.endpoint)
    send()
    since = now() - timedelta(minutes=1)
    for _click in range(2):
        assert again.send_again_since(receiver.endpoint, since) == 4  # it has counted no further
    assert set(statuses()) == {"delivered"}  # no page waits for any of it
    assert again.go_on(now()) == 2
    assert statuses().count("pending") == 2
    [order] = again.orders_of(receiver.endpoint.pk)
    assert order.since == since
    tell("call:2", 6)  # later than the order, and on its way by itself

    receiver.got = []
    send()
    heard = [message["data"]["number"] for message in receiver.messages]
    assert sorted(heard) == [1, 2, 3, 4, 5, 6]
    assert [number for number in heard if number < 4] == [1, 2, 3]
    assert again.orders_of(receiver.endpoint.pk) == []
    assert send() == 0


def test_what_is_to_be_sent_again_is_kept_for_one_switched_off_and_ends_with_one_deleted(receiver):
    other = endpoints.make_endpoint("http://127.0.0.1:9/", events=["agent.*"])
    tell("call:1", 1)
    send()
    assert again.send_again_since(other, now() - timedelta(minutes=1)) == 0
    again.send_again_since(receiver.endpoint, now() - timedelta(minutes=1))
    endpoints.disable(receiver.endpoint)
    assert (send(), statuses(), delivery().due_at) == (0, ["pending"], None)
    again.send_again_since(receiver.endpoint, now() - timedelta(minutes=1))
    receiver.endpoint.delete()
    assert send() == 0
    assert not WebhookEvent.objects.filter(type=again.ORDER).exists()
