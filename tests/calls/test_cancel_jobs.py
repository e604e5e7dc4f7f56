"""PATCH /calls/scheduled/cancel: many calls are cancelled by a job, one after the other (contract section 8)."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from calls import dispatch
from calls.models import Call, CallEvent, CancelJob, Participant
from calls.services import cancelling
from ccai.times import now
from tests.calls.talking import trail
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.usefixtures("center")

CANNOT = "Call can't be cancelled"


def ask_for(api, *call_ids):
    """A new job, as its answer shows it, and a function that asks how far it is."""
    response = api.patch("/calls/scheduled/cancel", {"call_ids": call_ids})
    assert response.status_code == 202, response.content
    job = response.json()
    assert response["Location"] == f"http://demo.localhost/apps/api/v1/jobs/{job['job_id']}"

    def get():
        answer = api.get(f"/jobs/{job['job_id']}")
        assert answer.status_code == 200
        return answer.json()

    assert get() == job
    return job, get


def make_scheduled(count, **columns):
    """As many scheduled calls of one menu."""
    menu = columns.pop("menu", None) or make_menu()
    unsaved = [make_call("scheduled", save=False, menu=menu, queue=None, **columns) for _call in range(count)]
    return Call.objects.bulk_create(unsaved)


def test_a_job_cancels_what_can_be_cancelled_and_says_why_the_rest_cannot(api, clock):
    one, two = make_scheduled(2)
    gone, waiting, over = make_call("cancelled"), make_call("queued"), make_call("finished")
    most = 2**63
    ids = [two.pk, over.pk, gone.pk, str(one.pk), 9_999, waiting.pk, most, -1]
    job, get = ask_for(api, *ids)
    assert job == {"job_id": job["job_id"], "status": "running", "cancelled": [], "failed": []}
    clock.tick()
    assert get() == {
        "job_id": job["job_id"],
        "status": "done",
        "cancelled": [two.pk, gone.pk, one.pk, waiting.pk],
        "failed": [
            {"id": over.pk, "message": CANNOT},
            {"id": 9_999, "message": "Call 9999 is not found"},
            {"id": most, "message": f"Call {most} is not found"},
            {"id": -1, "message": "Call -1 is not found"},
        ],
    }
    for call in (one, two, waiting):
        assert trail(call) == ["cancelled"]
        assert CallEvent.objects.get(call=call).by == "tests"
    assert trail(gone) == trail(over) == []


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({}, "call_ids is required", "call_ids_required"),
        ({"call_ids": None}, "call_ids is required", "call_ids_required"),
        ({"call_ids": []}, "call_ids is required", "call_ids_required"),
        ({"call_ids": 7}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": {"7": 7}}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": [7, "seven"]}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": [True]}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": [7.0]}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": [[7]]}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": ["9" * 5_000]}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": [None]}, "call_ids is not well formed", "call_ids_not_well_formed"),
        ({"call_ids": [*range(1, 1_002)]}, "call_ids has 1,000 ids at most", "too_many_call_ids"),
    ],
)
def test_what_is_no_list_of_calls_is_refused(api, body, message, code):
    refused = api.patch("/calls/scheduled/cancel", body)
    assert (refused.status_code, refused.json(), refused["X-Error-Code"]) == (400, {"message": message}, code)
    assert not CancelJob.objects.exists()


def test_a_call_that_is_named_twice_is_cancelled_once(api):
    (call,) = make_scheduled(1)
    _job, get = ask_for(api, call.pk, str(call.pk), call.pk)
    cancelling.carry_out_jobs(now())
    assert get()["cancelled"] == [call.pk]
    assert trail(call) == ["cancelled"]


def test_a_thousand_are_taken_and_carried_out_in_batches(api, monkeypatch):
    monkeypatch.setattr(cancelling, "BATCH", 4)
    make_scheduled(6)
    wanted = list(Call.objects.order_by("pk").values_list("pk", flat=True))
    _job, get = ask_for(api, *wanted, *range(100_000, 100_994))
    assert cancelling.carry_out_jobs(now()) == 4
    assert (get()["status"], get()["cancelled"]) == ("running", wanted[:4])


def test_a_job_nobody_knows_is_not_found(api):
    unknown = api.get("/jobs/00000000-0000-0000-0000-000000000000")
    assert (unknown.status_code, unknown["X-Error-Code"]) == (404, "job_not_found")
    assert unknown.json() == {"message": "Job 00000000-0000-0000-0000-000000000000 is not found"}
    assert api.get("/jobs/1").json() == {"message": "Resource not found"}


def test_a_job_is_forgotten_a_day_after_its_end(api, clock):
    call = make_call("queued")
    _job, _get = ask_for(api, call.pk)
    clock.jump(25 * 3_600)
    clock.tick()
    assert CancelJob.objects.get().cancelled == [call.pk]
    clock.jump(24 * 3_600)
    clock.tick()
    assert not CancelJob.objects.exists()


def test_a_worker_that_is_killed_in_the_middle_leaves_the_rest_to_the_next(api):
    calls = make_scheduled(6)
    _job, get = ask_for(api, *[call.pk for call in calls])
    steps = []

    def dies(execute, sql, params, many, context):
        if sql.startswith('UPDATE "calls_canceljob"'):
            steps.append(sql)
            if len(steps) == 3:
                raise SystemExit
        return execute(sql, params, many, context)

    with connection.execute_wrapper(dies), pytest.raises(SystemExit):
        cancelling.carry_out_jobs(now())
    assert get()["cancelled"] == [call.pk for call in calls[:2]]
    assert Call.objects.filter(status="cancelled").count() == 2
    cancelling.carry_out_jobs(now())
    assert (get()["status"], get()["cancelled"]) == ("done", [call.pk for call in calls])
    assert all(trail(call) == ["cancelled"] for call in calls)


def test_a_call_that_breaks_does_not_keep_a_job_from_the_others(api, caplog):
    broken, whole = make_scheduled(2)
    _job, get = ask_for(api, broken.pk, whole.pk)

    def breaks(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "calls_callevent"') and broken.pk in params:
            raise RuntimeError("a fault of ours")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(breaks):
        cancelling.carry_out_jobs(now())
    message = "Something went wrong here; the call was not changed"
    assert (get()["cancelled"], get()["failed"]) == ([whole.pk], [{"id": broken.pk, "message": message}])
    assert "a fault of ours" in caplog.text
    assert trail(broken) == []


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_and_two_jobs_each_call_is_cancelled_once(api):
    calls = make_scheduled(20)
    first, second = ([call.pk for call in calls], [call.pk for call in reversed(calls)])
    _job, get_first = ask_for(api, *first)
    _job, get_second = ask_for(api, *second)
    done = all_at_once(*[lambda: cancelling.carry_out_jobs(now())] * 4)
    assert sum(done) + cancelling.carry_out_jobs(now()) == 40
    for get, ids in ((get_first, first), (get_second, second)):
        assert (get()["status"], get()["cancelled"], get()["failed"]) == ("done", ids, [])
    assert Counter(CallEvent.objects.values_list("call", "new")) == {(call.pk, "cancelled"): 1 for call in calls}


@pytest.mark.django_db(transaction=True)
def test_of_a_job_and_the_clock_one_wins_each_call_and_the_other_is_told(api, settings):
    settings.CCAI_SANDBOX_RING_SECONDS = settings.CCAI_SANDBOX_TALK_SECONDS = 60
    menu = make_menu(agents=[make_agent(auto_answer=True) for _agent in range(8)])
    calls = make_scheduled(16, menu=menu, scheduled_at=now() - timedelta(seconds=1))
    for call in calls:
        call.participants.create(type="end_user")
    _job, get = ask_for(api, *[call.pk for call in calls])

    def due():
        # Without the job's own step, as on a worker that came a moment earlier.
        for step in dispatch.STEPS[1:]:
            step(now())

    ended = all_at_once(due, lambda: cancelling.carry_out_jobs(now()), due)
    assert [one for one in ended if isinstance(one, Exception)] == []
    cancelling.carry_out_jobs(now())
    job = get()
    assert job["status"] == "done"
    assert {one["message"] for one in job["failed"]} <= {CANNOT}
    assert sorted([*job["cancelled"], *(one["id"] for one in job["failed"])]) == [call.pk for call in calls]
    dialled = set(Participant.objects.exclude(dialled_at=None).values_list("call", flat=True))
    for call in calls:
        went = trail(call)
        if call.pk in job["cancelled"]:
            assert went in (["cancelled"], ["queued", "cancelled"])
            assert call.pk not in dialled
        else:
            assert went[:2] == ["queued", "assigned"]
            assert "cancelled" not in went
