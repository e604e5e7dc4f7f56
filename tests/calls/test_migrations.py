"""A center that is in use is brought up to date, and back, with calls waiting in it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

BEFORE = [("calls", "0001_initial"), ("agents", "0001_initial"), ("menus", "0001_initial")]
# While the newest migrations run.
HALFWAY = [("calls", "0003_queues_and_dispositions")]
# Tables that may have millions of rows, or that everything asks all the time.
IN_USE = ("calls_call", "calls_enduser", "calls_offer", "calls_participant", "calls_transfer", "agents_agent")
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


def stored_in():
    """The files of the tables in use: a table that PostgreSQL rewrites gets another one."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, relfilenode FROM pg_class WHERE relname = ANY(%s)", [list(IN_USE)])
        return dict(cursor.fetchall())


def make_call(apps, menu_id, status, **columns):
    """The id of a new call."""
    calls = apps.get_model("calls", "Call").objects
    return calls.create(status=status, call_type="Voice Inbound (API)", lang="en", menu_id=menu_id, **columns).pk


def make_past(apps):
    """A menu with a call that waits, one that an agent has, one that is to come and one that is over."""
    menu = apps.get_model("menus", "Menu").objects.create(name="Sales", menu_type="mobile_menu")
    user = apps.get_model("agents", "User").objects.create(email="kim@example.com")
    agent = apps.get_model("agents", "Agent").objects.create(user=user)
    return menu.pk, {
        "queued": make_call(apps, menu.pk, "queued", queued_at=AT),
        "connected": make_call(
            apps, menu.pk, "connected", queued_at=AT, assigned_at=AT + timedelta(minutes=1), agent=agent
        ),
        "scheduled": make_call(apps, menu.pk, "scheduled", scheduled_at=AT),
        "finished": make_call(apps, menu.pk, "finished", queued_at=AT, ends_at=AT),
    }


def test_a_center_in_use_is_brought_up_to_date_and_back(newest, subtests):
    """One walk there and back, for it takes long, with what is promised of it on the way."""
    old = migrate(BEFORE)
    files = stored_in()
    menu_id, ids = make_past(old)
    with CaptureQueriesContext(connection) as there:
        migrate(HALFWAY)
        ids["queued halfway"] = make_call(old, menu_id, "queued", queued_at=AT)
        new = migrate(newest)

    calls = new.get_model("calls", "Call").objects
    with subtests.test("calls that are under way get their queue, those that are queued meanwhile, too"):
        for name in ("queued", "connected", "queued halfway"):
            call = calls.get(pk=ids[name])
            assert (call.status, call.queue_id, call.waits_since) == (name.split()[0], menu_id, AT)
            assert (call.priority, call.data_parameters, call.feedback) == (0, {}, "")
        for status in ("scheduled", "finished"):
            call = calls.get(pk=ids[status])
            assert (call.status, call.queue_id, call.waits_since) == (status, None, None)
        with pytest.raises(IntegrityError, match="a_queued_call_has_a_queue_and_a_place_in_it"):
            calls.filter(pk=ids["queued"]).update(queue=None)
        dispositions = new.get_model("calls", "Disposition").objects.order_by("position")
        assert list(dispositions.values_list("name", flat=True)) == [
            "Resolved",
            "Needs follow-up",
            "Wrong number",
            "No answer",
        ]
    with subtests.test("processes of the release before go on writing"):
        ids["written later"] = write_as_before(old, new, menu_id, ids)
    calls.filter(pk=ids["queued"]).update(menu=None)  # as after a transfer of a call that chose no menu

    with CaptureQueriesContext(connection) as back:
        calls = migrate(BEFORE).get_model("calls", "Call").objects
    with subtests.test("on the way back calls lose their queue and nothing else"):
        statuses = {ids[name]: name.split()[0] for name in ids if name != "written later"}
        assert {call.pk: call.status for call in calls.all()} == {**statuses, ids["written later"]: "scheduled"}
        assert calls.get(pk=ids["queued"]).menu_id == menu_id
        with pytest.raises(IntegrityError, match="a_queued_call_has_a_menu_and_a_place_in_time"):
            calls.filter(pk=ids["queued"]).update(queued_at=None)
    with subtests.test("nobody waits while tables in use get indexes and checks"):
        for queries in (there, back):
            check_that_nobody_waits([query["sql"] for query in queries])
        assert stored_in() == files


def write_as_before(old, new, menu_id, ids):
    """Processes that know nothing of the new columns write rows, which have all that the new ones want. The id of a
    call that they made."""
    old_menu = old.get_model("menus", "Menu").objects.create(name="Support", menu_type="mobile_menu")
    old_call_id = make_call(old, menu_id, "scheduled", scheduled_at=AT)
    old_transfer = old.get_model("calls", "Transfer").objects.create(call_id=ids["connected"])
    old.get_model("calls", "SandboxCall").objects.create(
        provider="sandbox", call_ref=str(old_call_id), step="over", created_at=AT
    )
    agent_id = old.get_model("agents", "Agent").objects.get().pk
    engagement = old.get_model("agents", "Engagement").objects.create(agent_id=agent_id, kind="offer")
    old_offer = old.get_model("calls", "Offer").objects.create(
        call_id=ids["queued"], agent_id=agent_id, engagement=engagement, group="Group 1", round=1, level=1
    )
    assert new.get_model("menus", "Menu").objects.get(pk=old_menu.pk).priority == 0
    call = new.get_model("calls", "Call").objects.get(pk=old_call_id)
    assert (call.data_parameters, call.feedback, call.priority, call.voicemail.name) == ({}, "", 0, "")
    assert new.get_model("calls", "Transfer").objects.get(pk=old_transfer.pk).kind == "cold"
    assert new.get_model("calls", "Offer").objects.get(pk=old_offer.pk).alone is False
    played = new.get_model("calls", "SandboxCall").objects.get()
    assert (played.leg, played.held, played.keys, played.heard) == (0, False, "", [])
    return old_call_id


def check_that_nobody_waits(statements):
    """PostgreSQL builds without keeping writers out, and rewrites no table; SQLite has no words for it."""
    in_steps = connection.vendor == "postgresql"
    said = [sql for sql in statements if any(f'"{table}"' in sql for table in IN_USE)]
    builds = [sql for sql in said if sql.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))]
    checks = [sql for sql in said if sql.startswith("ALTER TABLE") and " CHECK (" in sql]
    assert builds
    assert [sql for sql in builds if ("CONCURRENTLY" in sql) != in_steps] == []
    assert [sql for sql in checks if not sql.endswith("NOT VALID")] == []
    assert len([sql for sql in said if "VALIDATE CONSTRAINT" in sql]) == len(checks) == int(in_steps)
    assert [sql for sql in said if in_steps and "ALTER COLUMN" in sql and " TYPE " in sql] == []


def test_what_was_interrupted_is_finished_the_next_time(newest):
    """As after a crash between two statements, which leaves some of the indexes there."""
    migrate(HALFWAY)
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
