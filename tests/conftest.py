"""What every test stands on. The servers themselves are started by tests/servers.py."""

import gc
import socket

import pytest
from django.test import Client, override_settings

from ccai.models import ApiToken
from ccai.redis import breaker
from ccai.redis import client as redis_client
from ccai.times import now
from tests.api_client import ApiClient
from tests.clock import Clock
from tests.factories import make_center

# Any other name is not this center, and gets 404.
HOST = "demo.localhost"


def pytest_collection_finish():
    """What is loaded by now stays to the end: the garbage collector looks at what comes later alone, and less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.fixture(scope="session", autouse=True)
def fast_passwords():
    """Passwords of tests are worth no second of computing."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def no_static_files():
    """WhiteNoise looks through all static files for each new browser of a test, which asks for none of them."""
    with override_settings(WHITENOISE_USE_FINDERS=False):
        yield


@pytest.fixture(autouse=True)
def empty_redis():
    """No test sees what another has left in Redis."""
    redis_client().flushdb()


@pytest.fixture
def redis_at(settings):
    """Moves the Redis-protocol server to another address, where this process has not asked for it yet."""

    def forget():
        redis_client.cache_clear()
        breaker.cache_clear()

    def move(url):
        settings.CCAI_REDIS_URL = url
        forget()

    yield move
    forget()


@pytest.fixture
def no_redis(redis_at):
    """The Redis-protocol server has gone away."""
    redis_at("unix:///nowhere/valkey.sock")


@pytest.fixture
def silent_redis(redis_at):
    """The Redis-protocol server hangs: it takes connections and never answers. The socket that it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        redis_at(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        yield listener


@pytest.fixture
def client():
    """A browser on this center."""
    return Client(SERVER_NAME=HOST)


@pytest.fixture
def admin_client(admin_user):
    """A browser on this center in which an admin has logged in."""
    client = Client(SERVER_NAME=HOST)
    client.force_login(admin_user)
    return client


@pytest.fixture
def api_token(db):
    """A live API token; `secret` is what goes over the wire."""
    token = ApiToken(name="tests")
    token.secret = token.make_token()
    token.save()
    return token


@pytest.fixture
def api(api_token):
    """A program with a live API token."""
    return ApiClient(api_token.secret)


@pytest.fixture
def center(db):
    """English is live, and there is one outbound number."""
    make_center()


@pytest.fixture
def clock(time_machine):
    """A Clock. Real time stands still."""
    time_machine.move_to(now(), tick=False)
    return Clock(time_machine)
