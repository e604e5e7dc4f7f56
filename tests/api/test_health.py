"""GET /health/: whether calls are accepted, and dialled. GET /health/web/: whether this process can answer."""

import pytest
from django.db import InterfaceError, OperationalError, connection

from calls.tasks import tick
from ccai.beat import HeardScheduler
from ccai.celery import app
from ccai.heartbeat import BEAT, LATELY, WORKER, give_sign, seen_lately
from ccai.redis import client as redis_client

pytestmark = pytest.mark.django_db


def answer(response):
    """Status and body."""
    return response.status_code, response.json()


@pytest.fixture
def alive():
    """A worker and a beat gave a sign just now."""
    give_sign(WORKER)
    give_sign(BEAT)


@pytest.fixture(params=[OperationalError, InterfaceError])
def no_database(request):
    """The database refuses every statement, in either of the ways in which drivers say that a server has gone away."""

    def refuse(execute, sql, params, many, context):
        raise request.param("the connection is closed")

    with connection.execute_wrapper(refuse):
        yield


ALL_OK = {"database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"}


class TestTheWholeCenter:
    def test_it_is_well_while_worker_and_beat_give_signs(self, client, alive):
        assert answer(client.get("/health/")) == (200, ALL_OK)

    def test_nobody_has_to_log_in_and_no_sign_of_who_is_asked(self, client, alive):
        assert "WWW-Authenticate" not in client.get("/health/").headers

    @pytest.mark.parametrize(("living", "silent"), [(WORKER, "beat"), (BEAT, "worker")])
    def test_the_one_that_gives_no_sign_is_named(self, client, living, silent):
        give_sign(living)

        assert answer(client.get("/health/")) == (503, {**ALL_OK, silent: "down"})

    def test_before_anything_is_started_both_are_named(self, client):
        assert answer(client.get("/health/")) == (503, {**ALL_OK, "worker": "down", "beat": "down"})

    @pytest.mark.usefixtures("no_redis")
    def test_without_the_broker_it_is_named_and_nobody_can_be_heard(self, client):
        down = {"database": "ok", "broker": "down", "worker": "down", "beat": "down"}

        assert answer(client.get("/health/")) == (503, down)

    @pytest.mark.usefixtures("no_database")
    def test_without_the_database_it_is_named(self, client, alive):
        assert answer(client.get("/health/")) == (503, {**ALL_OK, "database": "down"})

    @pytest.mark.usefixtures("no_database", "no_redis")
    def test_without_anything_it_still_answers(self, client):
        assert answer(client.get("/health/")) == (503, dict.fromkeys(ALL_OK, "down"))


class TestThisProcess:
    def test_it_is_well_while_the_database_answers(self, client):
        assert answer(client.get("/health/web/")) == (200, {"database": "ok"})

    @pytest.mark.usefixtures("no_redis")
    def test_redis_has_no_part_in_it(self, client):
        assert answer(client.get("/health/web/")) == (200, {"database": "ok"})

    @pytest.mark.usefixtures("no_database")
    def test_without_the_database_it_is_not(self, client):
        assert answer(client.get("/health/web/")) == (503, {"database": "down"})


@pytest.mark.parametrize("path", ["/health/", "/health/web/"])
class TestBoth:
    def test_nobody_keeps_the_answer(self, client, alive, path):
        assert "no-store" in client.get(path)["Cache-Control"]

    def test_head_says_the_same_without_a_body(self, client, alive, path):
        response = client.head(path)

        assert (response.status_code, response.content) == (200, b"")

    def test_there_is_nothing_to_post(self, client, path):
        assert client.post(path).status_code == 405

    def test_an_address_of_the_machine_will_do_as_the_host(self, client, alive, path):
        assert client.get(path, headers={"Host": "127.0.0.1:8000"}).status_code == 200


class TestSigns:
    @pytest.mark.parametrize("name", [WORKER, BEAT])
    def test_they_fade(self, name):
        give_sign(name)

        assert 0 < redis_client().ttl(f"alive:{name}") <= LATELY

    def test_each_name_is_asked_for_by_itself(self):
        give_sign(BEAT)

        assert seen_lately((WORKER, BEAT)) == [False, True]

    @pytest.mark.usefixtures("no_redis")
    def test_without_redis_giving_one_is_no_error(self):
        give_sign(WORKER)

    def test_a_worker_gives_one_with_every_tick(self):
        tick()

        assert seen_lately((WORKER,)) == [True]

    def test_beat_gives_one_with_every_look_at_its_schedule(self):
        HeardScheduler(app=app).tick()

        assert seen_lately((BEAT,)) == [True]
