"""The rate limit: requests per second and token (contract section 1)."""

import logging

import pytest
import redis
from celery import current_app

from calls import clock
from ccai.models import ApiToken

pytestmark = pytest.mark.django_db

# A path that has no meaning is asked for: credentials and rate limit are judged before it.
ANYWHERE = "/nothing"
LET_THROUGH = 404


@pytest.fixture
def limit_of_ten(settings):
    settings.CCAI_RATE_LIMIT = 10


def statuses(api, times):
    return [api.get(ANYWHERE).status_code for _ in range(times)]


def test_the_eleventh_request_of_a_second_is_refused(api, limit_of_ten):
    assert statuses(api, 10) == [LET_THROUGH] * 10

    refused = api.get(ANYWHERE)

    assert refused.status_code == 429
    assert refused.json() == {"message": "Rate limit exceeded"}
    assert refused["X-Error-Code"] == "rate_limit_exceeded"
    assert refused["Retry-After"] == "1"


def test_a_token_with_a_limit_of_its_own_has_that_one(api, api_token, limit_of_ten):
    api_token.rate_limit = 3
    api_token.save()

    assert statuses(api, 5) == [LET_THROUGH] * 3 + [429] * 2


def test_each_token_has_its_own_second(api, limit_of_ten):
    other = ApiToken(name="other")
    other_api = api.with_(token=other.make_token())
    other.save()
    statuses(api, 11)

    assert statuses(other_api, 1) == [LET_THROUGH]


def test_wrong_credentials_are_told_so_and_cost_nothing(api, limit_of_ten):
    stranger = api.with_(token="no such token")

    assert statuses(stranger, 15) == [401] * 15
    assert statuses(api, 10) == [LET_THROUGH] * 10


def test_without_redis_every_request_is_let_through(api, limit_of_ten, no_redis):
    assert statuses(api, 15) == [LET_THROUGH] * 15


def connections(listener):
    """How many have been made to `listener`, which answers none of them."""
    made = []
    while True:
        try:
            made.append(listener.accept()[0])
        except BlockingIOError:
            break
    for connection in made:
        connection.close()
    return len(made)


def test_a_redis_that_hangs_is_asked_once_and_then_left_alone(api, limit_of_ten, silent_redis, caplog):
    with caplog.at_level(logging.WARNING, logger="ccai.redis"):
        assert statuses(api, 15) == [LET_THROUGH] * 15
        clock.nudge()

    assert connections(silent_redis) == 1
    assert len(caplog.records) == 1


def test_no_nudge_waits_for_a_broker_that_hangs(silent_redis):
    """It would be sent to the broker, which in tests is another server than the one that hangs."""
    for _ in range(3):
        clock.nudge()

    assert connections(silent_redis) == 1
    with redis.Redis.from_url(current_app.conf.broker_url.replace("redis+socket", "unix", 1)) as broker:
        assert not broker.exists("clock")
