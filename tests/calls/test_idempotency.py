"""`Idempotency-Key`: what is sent again is answered again, and done once (contract section 9)."""

import re
import threading
import tracemalloc
from collections import Counter
from datetime import timedelta
from typing import ClassVar

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.urls import get_resolver

from agents.models import Engagement, OutboundNumber
from calls.models import Call, CallEvent, CancelJob, DialPrompt, EndUser, Photo, Video
from ccai.api.idempotency import without
from ccai.asgi import application
from ccai.models import ApiToken, IdempotencyKey
from ccai.times import now
from tests.admin.test_permissions import pages
from tests.api.test_limits import CHUNK, ask, scope_of
from tests.calls.sent_files import BOUNDARY, JPEG, MP4, file_form, part
from tests.calls.talking import begin_talk
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = pytest.mark.django_db

NUMBER = "+1 202-555-0123"
USED = "Idempotency key was used with another request"
NOT_WELL_FORMED = "Idempotency-Key is not well formed"


def with_key(key="a key"):
    return {"headers": {"Idempotency-Key": key}}


def is_replay(response):
    return response.headers.get("Idempotent-Replayed") == "true"


def said(response):
    """All of an answer that a program goes by."""
    headers = {name: value for name, value in response.items() if name != "Idempotent-Replayed"}
    return response.status_code, response.content, headers


def outbound(agent="ana@example.com"):
    return {"call_type": "OutboundCall", "agent_email": agent, "end_user_number": NUMBER}


@pytest.fixture
def ana(center):
    return make_agent("ana@example.com")


class TestEveryVerbThatWrites:
    """One request of each is sent twice."""

    def twice(self, api, method, path, body=None, **sent):
        first, second = (getattr(api, method)(path, body, **sent, **with_key(path)) for _time in range(2))
        assert first.status_code in (200, 201, 202, 204), first.content
        assert not is_replay(first)
        assert is_replay(second)
        assert said(first) == said(second)
        assert IdempotencyKey.objects.filter(key=path).count() == 1
        return first

    def test_all_of_them(self, api, clock, center):
        menu = make_menu(agents=[make_agent(auto_answer=True)])
        call = begin_talk(api, clock, menu)
        make_agent("ana@example.com")
        make_agent("kim@example.com")
        scheduled, other = make_call("scheduled", menu=menu), make_call("scheduled", menu=menu)
        later = (now() + timedelta(hours=2)).isoformat()
        own, planned = f"/calls/{call.pk}", f"/calls/scheduled/{scheduled.pk}"
        parameters = self.twice(api, "patch", f"{own}/data_parameters", {"a": 1})
        assert parameters.json() == {"a": 1}
        self.twice(api, "patch", f"{own}/customer_flag", {"bad_actor": True})
        self.twice(api, "patch", f"{own}/feedback", {"rating": 5})
        self.twice(api, "post", f"{own}/photos", **file_form(JPEG))
        self.twice(api, "post", f"{own}/videos", **file_form(MP4))
        self.twice(api, "post", f"{own}/transfers", {"to_agent_email": "kim@example.com"})
        assert (Photo.objects.count(), Video.objects.count(), call.transfers.count()) == (1, 1, 1)
        self.twice(api, "patch", planned, {"scheduled_at": later})
        assert CallEvent.objects.filter(call=scheduled).count() == 1
        cancelled = self.twice(api, "patch", f"{planned}/cancel", {})
        assert cancelled.json()["status"] == "cancelled"
        gone = api.patch(f"{planned}/cancel", {}, **with_key("cancelled already"))
        again = api.patch(f"{planned}/cancel", {}, **with_key("cancelled already"))
        assert (gone.status_code, gone.content, is_replay(again)) == (204, b"", True)
        assert said(gone) == said(again)
        job = self.twice(api, "patch", "/calls/scheduled/cancel", {"call_ids": [other.pk]})
        assert job["Location"].endswith(f"/apps/api/v1/jobs/{CancelJob.objects.get().job_id}")
        made = self.twice(api, "post", "/calls", outbound())
        assert Call.objects.filter(pk=made.json()["id"], status="assigned").exists()

        tried = [key.removesuffix("/") for key in IdempotencyKey.objects.values_list("key", flat=True)]
        missing = [
            route
            for route, view in pages(get_resolver())
            if route.startswith("apps/api/v1/")
            and any(hasattr(getattr(view, "cls", None), verb) for verb in ("post", "patch"))
            and not any(re.fullmatch(route.removeprefix("apps/api/v1"), path) for path in tried)
        ]
        assert missing == []

    def test_a_prompt_that_waits_for_the_agent(self, api, ana):
        OutboundNumber.objects.update(is_default=False)
        OutboundNumber.objects.create(number="+12025550199")
        answer = self.twice(api, "post", "/calls", outbound())
        assert (answer.status_code, answer.json()) == (202, outbound())
        assert DialPrompt.objects.count() == Engagement.objects.count() == 1

    def test_what_a_token_may_not_see_any_more_is_masked_in_the_repeat(self, api, center):
        call = make_call("connected", end_user=EndUser.objects.create(identifier="kim", out_contact_id="c-1"))
        scheduled = make_call("scheduled", menu=make_menu(), end_user=call.end_user)
        own = f"/calls/{call.pk}"
        requests = [
            ("patch", f"{own}/data_parameters", {"body": {"a": 1}}),
            ("patch", f"{own}/feedback", {"body": {"rating": 5, "comment": "Ann was kind."}}),
            ("post", f"{own}/photos", file_form(JPEG)),
            ("patch", f"/calls/scheduled/{scheduled.pk}/cancel", {"body": {}}),
            ("patch", f"/calls/scheduled/{scheduled.pk}/cancel", {"body": {}}),
        ]
        for number, (method, path, sent) in enumerate(requests):
            assert b"\xe2\x80\xa2" not in getattr(api, method)(path, **sent, **with_key(str(number))).content
        ApiToken.objects.update(personal_data=False)
        again = [
            getattr(api, method)(path, **sent, **with_key(str(number)))
            for number, (method, path, sent) in enumerate(requests)
        ]
        assert all(map(is_replay, again))
        assert again[0].json() == {"a": "•••"}
        assert again[1].json() == {"rating": 5, "comment": "A•••"}
        assert again[2].json() == {"id": Photo.objects.get().pk, "photo_type": "photo", "url": None}
        assert again[3].json() == api.get(f"/calls/{scheduled.pk}").json()
        assert again[3].json()["end_user"] == {
            "id": call.end_user.pk,
            "identifier": "k•••",
            "out_contact_id": "c•••",
        }
        assert (again[4].status_code, again[4].content) == (204, b"")


class TestWhatIsARepeat:
    def test_an_agent_who_is_on_the_first_call_is_no_reason_to_refuse_the_repeat(self, api, ana):
        first = api.post("/calls", outbound(), **with_key())
        assert api.post("/calls", outbound(), **with_key("another")).status_code == 400
        assert said(api.post("/calls/", outbound(), **with_key())) == said(first)
        assert Call.objects.count() == 1

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("post", "/calls", {**outbound(), "lang": "en"}),
            ("patch", "/calls/{call}/data_parameters", {"a": 1}),
            ("patch", "/calls/{call}/customer_flag", {"bad_actor": True}),
            ("post", "/calls", None),
        ],
    )
    def test_another_method_path_or_body_is_refused(self, api, ana, method, path, body):
        call_id = api.post("/calls", outbound(), **with_key()).json()["id"]
        refused = getattr(api, method)(path.format(call=call_id), body, **with_key())
        assert (refused.status_code, refused.json()) == (422, {"message": USED})
        assert refused["X-Error-Code"] == "idempotency_key_used"
        call = Call.objects.get()
        assert (call.data_parameters, call.bad_actor) == ({}, False)

    def test_keys_are_of_a_token(self, api, ana):
        other = ApiToken(name="other")
        secret = other.make_token()
        other.save()
        api.post("/calls", outbound(), **with_key())
        assert api.with_(token=secret).post("/calls", outbound(), **with_key()).status_code == 400
        assert api.with_(token=secret).patch("/calls/1/feedback", {}, **with_key()).status_code != 422

    def test_after_a_refusal_the_key_may_be_used_again_even_for_something_else(self, api, ana):
        ana.engagements.create(kind="call", started_at=now())
        refused = api.post("/calls", outbound(), **with_key())
        assert refused.json() == {"message": "Agent is not available to take this call"}
        assert not IdempotencyKey.objects.exists()
        ana.engagements.update(ended_at=now())
        made = api.post("/calls", outbound(), **with_key())
        assert (made.status_code, is_replay(made)) == (201, False)
        assert is_replay(api.post("/calls", outbound(), **with_key()))

    def test_after_24_hours_a_key_is_new_and_the_clock_forgets_it(self, api, clock):
        call = make_call("connected")
        path = f"/calls/{call.pk}/data_parameters"
        api.patch(path, {"a": 1}, **with_key())
        api.patch(path, {"a": 1}, **with_key("forgotten"))
        clock.jump(24 * 3_600 - 1)
        assert is_replay(api.patch(path, {"a": 1}, **with_key()))
        clock.jump(1)
        later = api.patch(path, {"a": 2}, **with_key())
        assert (later.json(), is_replay(later)) == ({"a": 2}, False)
        assert is_replay(api.patch(path, {"a": 2}, **with_key()))
        clock.tick(rounds=1)
        assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["a key"]

    def test_the_boundary_of_a_form_may_change_and_nothing_else(self, api):
        path = f"/calls/{make_call('connected').pk}/photos"
        sent = file_form(JPEG, part("photo_type", "photo"))
        first = api.post(path, **sent, **with_key())
        other = {name: value.replace(*change) for (name, value), change in zip(
            sent.items(), [(BOUNDARY.encode(), b"other"), (BOUNDARY, "other")], strict=True
        )}  # fmt: skip
        assert said(api.post(path, **other, **with_key())) == said(first)
        for changed in (file_form(JPEG, part("photo_type", "screenshot")), file_form(JPEG + b"!")):
            assert api.post(path, **changed, **with_key()).json() == {"message": USED}
        assert Photo.objects.count() == 1

    @pytest.mark.parametrize("size", [1, 3, 5, 100])
    def test_a_boundary_is_found_wherever_pieces_end(self, size):
        body = b"--xyz\r\nx--xy--xyz\r\n--xyz--"
        pieces = [body[place : place + size] for place in range(0, len(body), size)]
        assert b"".join(without(pieces, b"--xyz")) == b"\0\r\nx--xy\0\r\n\0--"


class TestKeys:
    @pytest.mark.parametrize("key", ["k", "k" * 255, "a b/c?\"'~!", "clé", "ключ".encode().decode("latin-1")])
    def test_printable_characters_are_a_key(self, api, center, key):
        path = f"/calls/{make_call('connected').pk}/data_parameters"
        api.patch(path, {"a": 1}, **with_key(key))
        assert is_replay(api.patch(path, {"a": 1}, **with_key(key)))

    @pytest.mark.parametrize("key", ["", "  ", "k" * 256, "a\tb", "a\x07b", "a\x7fb", "a\u00adb"])
    def test_anything_else_is_refused_and_nothing_done(self, api, key):
        call = make_call("connected")
        refused = api.patch(f"/calls/{call.pk}/data_parameters", {"a": 1}, **with_key(key))
        assert (refused.status_code, refused.json()) == (400, {"message": NOT_WELL_FORMED})
        assert refused["X-Error-Code"] == "idempotency_key_not_well_formed"
        assert Call.objects.get().data_parameters == {}

    def test_it_is_judged_after_who_asks_and_for_what_and_before_the_body(self, api):
        assert api.with_(user=None).post("/calls", {}, **with_key("")).status_code == 401
        assert api.post("/nothing", {}, **with_key("")).status_code == 404
        assert api.post("/teams", {}, **with_key("")).status_code == 405
        assert api.get("/calls", headers={"Idempotency-Key": ""}).status_code == 200
        assert api.post("/calls", raw=b"{", **with_key("")).json() == {"message": NOT_WELL_FORMED}
        assert api.post("/calls", raw=b"{", **with_key()).json() == {"message": "Request body is not valid JSON"}
        assert api.post("/calls", raw=b" " * 2_000_000, **with_key()).status_code == 413


class TestBothOrNeither:
    def test_what_breaks_before_the_answer_is_kept_leaves_neither_call_nor_key(self, api, ana):
        def breaks(execute, sql, params, many, context):
            if sql.startswith('UPDATE "ccai_idempotencykey"'):
                raise RuntimeError("the process has no more memory")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(breaks):
            assert api.post("/calls", outbound(), **with_key()).status_code == 500
        assert not Call.objects.exists()
        assert not Engagement.objects.exists()
        assert not IdempotencyKey.objects.exists()
        assert api.post("/calls", outbound(), **with_key()).status_code == 201

    @pytest.mark.django_db(transaction=True)
    def test_two_hundred_simultaneous_repeats_make_one_call(self, api):
        make_center()
        make_agent("ana@example.com")
        api.get("/calls")
        # As many as a database takes connections, as a pool of them does it.
        room = threading.BoundedSemaphore(60)

        def send():
            with room:
                try:
                    return api.post("/calls", outbound(), **with_key())
                finally:
                    connection.close()

        answers = all_at_once(*[send] * 200)
        assert Counter(map(type, answers)) == {type(answers[0]): 200}
        assert Counter(answer.status_code for answer in answers) == {201: 200}
        assert Counter(map(is_replay, answers)) == {True: 199, False: 1}
        assert len({answer.content for answer in answers}) == 1
        assert Call.objects.count() == Engagement.objects.count() == IdempotencyKey.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_a_repeat_waits_for_the_first_and_takes_its_place_where_that_is_refused(self, api):
        make_center()
        agents = [make_agent(f"agent{number}@example.com") for number in range(4)]
        agents[0].engagements.create(kind="call", started_at=now())
        # One key for four different calls: whoever comes first has it, and who is refused leaves it to the others.
        answers = all_at_once(
            *[lambda agent=agent: api.post("/calls", outbound(agent.user.email), **with_key()) for agent in agents]
        )
        assert Counter(answer.status_code for answer in answers[1:]) == {201: 1, 422: 2}
        assert answers[0].status_code in (400, 422)
        assert Call.objects.count() == 1


class Store(FileSystemStorage):
    """A store that says in which transactions it was asked to keep something."""

    asked_in_transactions: ClassVar[list[bool]] = []

    def _save(self, name, content):
        self.asked_in_transactions.append(connection.in_atomic_block)
        return super()._save(name, content)


@pytest.mark.django_db(transaction=True)
def test_a_file_is_stored_before_the_transaction_and_taken_away_where_that_fails(api, settings, tmp_path):
    files = {"BACKEND": f"{__name__}.Store", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    path = f"/calls/{make_call('connected').pk}/photos"

    def breaks(execute, sql, params, many, context):
        if sql.startswith('UPDATE "ccai_idempotencykey"'):
            raise RuntimeError("the process has no more memory")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(breaks):
        assert api.post(path, **file_form(JPEG), **with_key()).status_code == 500
    assert not Photo.objects.exists()
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    assert api.post(path, **file_form(JPEG), **with_key()).status_code == 201
    assert is_replay(api.post(path, **file_form(JPEG), **with_key()))
    assert Store.asked_in_transactions == [False, False]


@pytest.mark.django_db(transaction=True)
def test_a_large_video_is_hashed_and_kept_without_being_in_memory(api_token):
    call = make_call("connected")
    form = file_form(MP4 + bytes(24_000_000))
    scope = scope_of(f"/apps/api/v1/calls/{call.pk}/videos", api_token.secret)
    headers = {**dict(scope["headers"]), b"content-type": form["content_type"].encode(), b"idempotency-key": b"a key"}
    scope["headers"] = list(headers.items())
    raw = form["raw"]
    size = len(CHUNK)
    answers = []
    tracemalloc.start()
    try:
        for _time in range(2):
            chunks = (raw[place : place + size] for place in range(0, len(raw), size))
            start, body, *_rest = ask(application, scope, chunks)
            answers.append((start["status"], dict(start["headers"]).get(b"Idempotent-Replayed"), body["body"]))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [answer[:2] for answer in answers] == [(201, None), (201, b"true")]
    assert answers[0][2] == answers[1][2]
    assert Video.objects.count() == 1
    assert peak < 12_000_000
