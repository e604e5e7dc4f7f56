"""How much of a body Django gets to see, under ASGI."""

import asyncio
import base64
import json

import pytest
from django.test import Client

from agents.models import User
from ccai.api.limits import MAX_BODY, BodyLimit, max_form, max_page
from ccai.api.sessions import is_staff
from ccai.asgi import application
from ccai.center import parsing, tables
from tests.conftest import HOST

CHUNK = b" " * 65_536


def scope_of(path, token=""):
    credentials = base64.b64encode(f"demo:{token}".encode())
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [
            (b"host", b"demo.localhost"),
            (b"content-type", b"application/json"),
            (b"authorization", b"Basic " + credentials),
        ],
    }


def ask(asked, scope, chunks):
    """What the application `asked` answers to a body that comes in `chunks`: all messages that it sends."""
    body = iter(chunks)
    following = next(body)
    answer = []

    async def receive():
        nonlocal following
        if following is None:
            await asyncio.sleep(3_600)  # the client waits for its answer
        chunk, following = following, next(body, None)
        return {"type": "http.request", "body": chunk, "more_body": following is not None}

    async def send(message):
        answer.append(message)

    asyncio.run(asked(scope, receive, send))
    return answer


def seen(path, chunks, *, known=True):
    """The sizes of the chunks that an application behind the limit sees, of one whose token is `known`."""
    sizes = []

    async def look(scope, receive, send):
        more = True
        while more:
            message = await receive()
            sizes.append(len(message["body"]))
            more = message["more_body"]

    ask(BodyLimit(look, lambda header: known), scope_of(path), chunks)
    return sizes


def test_one_byte_more_than_is_allowed_is_seen_and_no_other():
    assert sum(seen("/apps/api/v1/calls", [CHUNK] * 1_000)) == MAX_BODY + 1
    assert seen("/apps/api/v1/calls", [b" " * MAX_BODY * 3]) == [MAX_BODY + 1]


def test_a_body_within_the_limit_is_seen_as_it_came():
    assert seen("/apps/api/v1/calls", [b"{", b"", b"}"]) == [1, 0, 1]
    assert seen("/apps/api/v1/calls", [CHUNK] * 16) == [len(CHUNK)] * 16


@pytest.mark.parametrize(("path", "setting"), [("photos", "CCAI_PHOTO_MAX_BYTES"), ("videos/", "CCAI_VIDEO_MAX_BYTES")])
def test_files_come_through_for_those_who_are_known_and_for_nobody_else(settings, path, setting):
    setattr(settings, setting, 3_000_000)
    path = f"/apps/api/v1/calls/514/{path}"
    assert sum(seen(path, [CHUNK] * 1_000)) == max_form(3_000_000) + 1
    assert sum(seen(path, [CHUNK] * 1_000, known=False)) == MAX_BODY + 1


@pytest.mark.parametrize("path", ["/calls/514/photos/1", "/calls/x/photos", "/calls/photos", "/calls/514/photos//"])
def test_paths_that_only_look_like_those_of_files_are_as_all_others(path):
    assert sum(seen(f"/apps/api/v1{path}", [CHUNK] * 100)) == MAX_BODY + 1


PAGES = ["/", "/desk/login", "/admin/login/", "/apps/api", "/apps/nowhere"]


@pytest.mark.parametrize("path", PAGES)
def test_no_other_path_takes_more_either(path):
    got = []

    async def look(scope, receive, send):
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            got.append(len(message["body"]))
        got.append(message["type"])

    start, body = ask(BodyLimit(look, lambda header: True), scope_of(path), [CHUNK] * 1_000)
    assert got == [len(CHUNK)] * 16 + ["http.disconnect"]
    assert (start["status"], body["body"]) == (413, b"Request body is too large")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "most"), [("/admin/agents/agent/import/", 5), ("/admin/center/", 10)])
def test_pages_take_files_of_those_who_work_there_and_of_nobody_else(path, most):
    admin = User.objects.create_superuser("admin@example.com", "a long password")
    agent = User.objects.create_user("agent@example.com", "a long password")

    def seen_of(user, path=path):
        browser = Client(SERVER_NAME=HOST)
        browser.force_login(user)
        cookies = f"sessionid={browser.cookies['sessionid'].value}".encode()
        scope = scope_of(path)
        scope["headers"] = [*scope["headers"], (b"cookie", cookies)]
        sizes = []

        async def look(scope, receive, send):
            while (message := await receive())["type"] == "http.request":
                sizes.append(len(message["body"]))

        start, _body = ask(BodyLimit(look, bool, is_staff), scope, [CHUNK] * 200)
        assert start["status"] == 413
        return sum(sizes)

    assert max_form(most * MAX_BODY) - len(CHUNK) <= seen_of(admin) <= max_form(most * MAX_BODY)
    assert seen_of(agent) <= MAX_BODY
    assert seen_of(admin, f"{path}x") <= MAX_BODY
    assert max_page("/admin/agents/agent/import/") == max_form(tables.MAX_BYTES)
    assert max_page("/admin/center/") == max_form(parsing.MAX_BYTES)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert seen_of(admin) <= MAX_BODY


@pytest.mark.parametrize("path", PAGES)
def test_a_body_within_the_limit_is_a_pages_as_it_came(path):
    assert seen(path, [CHUNK] * 16) == [len(CHUNK)] * 16


@pytest.mark.django_db(transaction=True)
def test_whoever_sends_a_page_too_much_gets_a_plain_answer():
    start, body = ask(application, scope_of("/admin/login/"), [CHUNK] * 40)
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (413, b"text/plain; charset=utf-8")
    assert body["body"] == b"Request body is too large"


def test_a_client_that_goes_away_is_told_of():
    messages = iter(
        [
            {"type": "http.request", "body": b" " * MAX_BODY * 2, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    received = []

    async def receive():
        return next(messages)

    async def look(scope, receive, send):
        received.append(await receive())

    asyncio.run(BodyLimit(look, bool)(scope_of("/apps/api/v1/calls"), receive, None))
    assert received == [{"type": "http.disconnect"}]


@pytest.mark.django_db(transaction=True)
def test_a_body_over_the_limit_is_refused_after_the_credentials(api_token):
    for token, status, sentence in (
        (api_token.secret, 413, "Request body is too large"),
        ("not-a-token-of-ours", 401, "Invalid credentials"),
    ):
        start, body, *_rest = ask(application, scope_of("/apps/api/v1/calls", token), [CHUNK] * 40)
        assert start["status"] == status
        assert json.loads(body["body"]) == {"message": sentence}


@pytest.mark.django_db(transaction=True)
def test_a_file_of_somebody_unknown_is_refused_by_the_credentials(api_token):
    start, body, *_rest = ask(application, scope_of("/apps/api/v1/calls/1/videos", "not-ours"), [CHUNK] * 40)
    assert (start["status"], json.loads(body["body"])) == (401, {"message": "Invalid credentials"})
    start, body, *_rest = ask(application, scope_of("/apps/api/v1/calls/1/videos", api_token.secret), [CHUNK] * 40)
    assert (start["status"], json.loads(body["body"])) == (404, {"message": "Call 1 is not found"})
