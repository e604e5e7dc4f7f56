"""A center that is in use is brought up to date, and back, with calls waiting in it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

BEFORE = [("calls", "0001_initial"), ("agents", "0001_initial"), ("menus", "0001_initial")]
# Tables that may have millions of rows, or that everything asks all the time.
IN_USE = ("calls_call", "calls_offer", "calls_participant", "calls_transfer", "agents_agent")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def migrate(targets):
    """Bring the database to `targets`; the models as they are there."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def newest(transactional_db):
    """The newest state, to which the database returns after the test."""
    targets = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield targets
    migrate(targets)


@pytest.fixture
def before(newest):
    """The models before live calls."""
    return migrate(BEFORE)


def stored_in():
    """The files of the tables in use: a table that PostgreSQL rewrites gets another one."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, relfilenode FROM pg_class WHERE relname = ANY(%s)", [list(IN_USE)])
        return dict(cursor.fetchall())


def make_past(apps):
    """A menu with a call that waits, one that an agent has, one that is to come and one that is over."""
    menu = apps.get_model("menus", "Menu").objects.create(name="Sales", menu_type="mobile_menu")
    user = apps.get_model("agents", "User").objects.create(email="kim@example.com")
    agent = apps.get_model("agents", "Agent").objects.create(user=user)
    call_model = apps.get_model("calls", "Call")

    def make(status, **columns):
        return call_model.objects.create(
            status=status, call_type="Voice Inbound (API)", lang="en", menu=menu, **columns
        ).pk

    return menu.pk, {
        "queued": make("queued", queued_at=AT),
        "connected": make("connected", queued_at=AT, assigned_at=AT + timedelta(minutes=1), agent=agent),
        "scheduled": make("scheduled", scheduled_at=AT),
        "finished": make("finished", queued_at=AT, ends_at=AT),
    }


def test_calls_that_are_under_way_get_their_queue_and_lose_it_on_the_way_back(before, newest):
    menu_id, ids = make_past(before)

    new = migrate(newest)
    calls = new.get_model("calls", "Call").objects
    for status in ("queued", "connected"):
        call = calls.get(pk=ids[status])
        assert (call.status, call.queue_id, call.waits_since) == (status, menu_id, AT)
        assert (call.priority, call.data_parameters, call.feedback) == (0, {}, "")
    for status in ("scheduled", "finished"):
        call = calls.get(pk=ids[status])
        assert (call.status, call.queue_id, call.waits_since) == (status, None, None)
    with pytest.raises(IntegrityError, match="a_queued_call_has_a_queue_and_a_place_in_it"):
        calls.filter(pk=ids["queued"]).update(queue=None)
    calls.filter(pk=ids["queued"]).update(menu=None)  # as after a transfer of a call that chose no menu
    dispositions = new.get_model("calls", "Disposition").objects.order_by("position")
    assert list(dispositions.values_list("name", flat=True)) == [
        "Resolved",
        "Needs follow-up",
        "Wrong number",
        "No answer",
    ]

    old = migrate(BEFORE).get_model("calls", "Call").objects
    assert {call.pk: call.status for call in old.all()} == {pk: status for status, pk in ids.items()}
    assert old.get(pk=ids["queued"]).menu_id == menu_id
    with pytest.raises(IntegrityError, match="a_queued_call_has_a_menu_and_a_place_in_time"):
        old.filter(pk=ids["queued"]).update(queued_at=None)


def test_processes_of_the_release_before_go_on_writing(before, newest):
    """They know nothing of the new columns."""
    menu_id, ids = make_past(before)
    new = migrate(newest)
    old_menu = before.get_model("menus", "Menu").objects.create(name="Support", menu_type="mobile_menu")
    old_call = before.get_model("calls", "Call").objects.create(
        status="scheduled", scheduled_at=AT, call_type="Voice Inbound (API)", lang="en", menu_id=menu_id
    )
    old_transfer = before.get_model("calls", "Transfer").objects.create(call_id=ids["connected"])
    before.get_model("calls", "SandboxCall").objects.create(
        provider="sandbox", call_ref=str(old_call.pk), step="over", created_at=AT
    )
    agent_id = before.get_model("agents", "Agent").objects.get().pk
    engagement = before.get_model("agents", "Engagement").objects.create(agent_id=agent_id, kind="offer")
    old_offer = before.get_model("calls", "Offer").objects.create(
        call_id=ids["queued"], agent_id=agent_id, engagement=engagement, group="Group 1", round=1, level=1
    )
    assert new.get_model("menus", "Menu").objects.get(pk=old_menu.pk).priority == 0
    call = new.get_model("calls", "Call").objects.get(pk=old_call.pk)
    assert (call.data_parameters, call.feedback, call.priority, call.voicemail.name) == ({}, "", 0, "")
    assert new.get_model("calls", "Transfer").objects.get(pk=old_transfer.pk).kind == "cold"
    assert new.get_model("calls", "Offer").objects.get(pk=old_offer.pk).alone is False
    played = new.get_model("calls", "SandboxCall").objects.get()
    assert (played.leg, played.held, played.keys, played.heard) == (0, False, "", [])


def test_calls_that_they_queue_while_the_migration_runs_get_their_queue(before, newest):
    migrate([("calls", "0003_queues_and_dispositions")])
    menu_id, ids = make_past(before)
    call = migrate(newest).get_model("calls", "Call").objects.get(pk=ids["queued"])
    assert (call.queue_id, call.waits_since) == (menu_id, AT)


def test_what_was_interrupted_is_finished_the_next_time(newest):
    """As after a crash between two statements, which leaves some of the indexes there."""
    migrate([("calls", "0003_queues_and_dispositions")])
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX offers_to_lapse ON calls_offer (expires_at) WHERE status = 'open'")
        cursor.execute("DROP INDEX calls_waiting_in_a_menu")
        if connection.vendor == "postgresql":
            cursor.execute("CREATE INDEX offers_of_an_agent ON calls_offer (agent_id)")
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'offers_of_an_agent'::regclass")
    migrate(newest)
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "calls_offer")
    assert {"offers_to_lapse", "offers_of_an_agent", "offers_of_a_transfer"} <= set(found)
    assert found["offers_of_an_agent"]["columns"] == ["agent_id", "offered_at"]


def test_nobody_waits_while_tables_in_use_get_indexes_and_checks(newest):
    """PostgreSQL builds without keeping writers out, and rewrites no table; SQLite has no words for it."""
    in_steps = connection.vendor == "postgresql"
    files = stored_in()
    for targets in (BEFORE, newest):
        with CaptureQueriesContext(connection) as queries:
            migrate(targets)
        said = [query["sql"] for query in queries if any(f'"{table}"' in query["sql"] for table in IN_USE)]
        builds = [sql for sql in said if sql.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))]
        checks = [sql for sql in said if sql.startswith("ALTER TABLE") and " CHECK (" in sql]
        assert builds
        assert [sql for sql in builds if ("CONCURRENTLY" in sql) != in_steps] == []
        assert [sql for sql in checks if not sql.endswith("NOT VALID")] == []
        assert len([sql for sql in said if "VALIDATE CONSTRAINT" in sql]) == len(checks) == int(in_steps)
        assert [sql for sql in said if in_steps and "ALTER COLUMN" in sql and " TYPE " in sql] == []
    assert stored_in() == files
