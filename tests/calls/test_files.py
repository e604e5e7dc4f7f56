"""GET /files/{token}: recordings, photos and videos, whole and in part (RFC 9110, section 14)."""

import asyncio
import warnings

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from calls.files.serving import file_path
from ccai.asgi import application
from tests.factories import make_call

CONTENT = bytes(range(256)) * 1_000
SIZE = len(CONTENT)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def path():
    """Where a recording opens."""
    return file_path(default_storage.save("recordings/1.wav", ContentFile(CONTENT)))


@pytest.fixture
def opened(client, path):
    """What a browser gets that asks for `Range`, and perhaps more."""

    def get(asked=None, **headers):
        response = client.get(path, headers={**({"Range": asked} if asked else {}), **headers})
        return response.status_code, b"".join(response), response.headers

    return get


def test_without_a_range_it_is_sent_whole(opened):
    status, body, headers = opened()
    assert (status, body) == (200, CONTENT)
    assert (headers["Content-Length"], headers["Accept-Ranges"]) == (str(SIZE), "bytes")
    assert "Content-Range" not in headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100000-200000", 100_000, 200_000),
        ("bytes=250000-", 250_000, SIZE - 1),
        ("bytes=0-", 0, SIZE - 1),
        ("Bytes=5-9", 5, 9),
        ("bytes=255990-999999999", 255_990, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        ("bytes=-999999999", 0, SIZE - 1),
    ],
)
def test_a_range_is_sent_as_it_was_asked_for(opened, asked, first, last):
    status, body, headers = opened(asked)
    assert (status, body) == (206, CONTENT[first : last + 1])
    assert headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert headers["Content-Length"] == str(last + 1 - first)
    assert headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=999999999-"])
def test_a_range_that_the_file_does_not_have_is_416(opened, asked):
    status, body, headers = opened(asked)
    assert (status, body) == (416, b"")
    assert headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-4", "bytes=", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=--5", "1-2"]
)
def test_what_is_no_range_or_are_several_is_answered_with_the_whole(opened, asked):
    status, body, _headers = opened(asked)
    assert (status, body) == (200, CONTENT)


def test_a_range_of_a_file_that_is_another_now_is_not_sent(opened):
    etag = opened()[2]["ETag"]
    assert opened("bytes=0-9", **{"If-Range": etag})[:2] == (206, CONTENT[:10])
    assert opened("bytes=0-9", **{"If-Range": '"another"'})[:2] == (200, CONTENT)
    assert opened("bytes=0-9", **{"If-Range": "Mon, 02 Mar 2026 09:00:00 GMT"})[:2] == (200, CONTENT)


def test_head_says_how_long_it_is_and_sends_nothing(client, path):
    response = client.head(path, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response.content) == (200, b"")
    assert (response.headers["Content-Length"], response.headers["Accept-Ranges"]) == (str(SIZE), "bytes")
    assert response.headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize(
    ("name", "content_type", "disposition"),
    [
        ("recordings/a.wav", "audio/wav", "inline"),
        ("photos/a.jpg", "image/jpeg", "inline"),
        ("photos/a.heic", "image/heic", "inline"),
        ("videos/a.mp4", "video/mp4", "inline"),
        ("videos/a.3gp", "video/3gpp", "inline"),
        ("recordings/a.html", "application/octet-stream", "attachment"),
        ("photos/a.svg", "application/octet-stream", "attachment"),
        ("recordings/a", "application/octet-stream", "attachment"),
    ],
)
def test_a_browser_shows_kinds_that_are_ours_and_runs_nothing(client, name, content_type, disposition):
    response = client.get(file_path(default_storage.save(name, ContentFile(b"<script>alert(1)</script>"))))
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Content-Disposition"] == disposition
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert b"".join(response) == b"<script>alert(1)</script>"


def test_only_signed_paths_that_are_not_too_old_open_what_is_there(client, path, clock):
    for wrong in (path[:-1], path[:-3] + "abc", "/files/recordings", file_path("recordings/none.wav")):
        response = client.get(wrong)
        assert (response.status_code, response.json()) == (404, {"message": "Resource not found"})
    assert client.post(path).status_code == 405
    clock.jump(3_601)
    assert client.get(path).status_code == 404


def test_the_url_in_the_call_object_plays(api, client, path):
    call = make_call("finished", recording="recordings/1.wav")
    url = api.get(f"/calls/{call.pk}").json()["recording_url"]
    assert b"".join(client.get(url, headers={"Range": "bytes=10-19"})) == CONTENT[10:20]


def ask(path, *, method="GET", headers=()):
    """The messages of the ASGI application's answer, and the warnings on the way."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"demo.localhost"), *headers],
    }
    answer = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if asked:
            return asked.pop()
        return await asyncio.sleep(3_600)

    async def send(message):
        answer.append(message)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(application(scope, receive, send))
    return answer, [str(warning.message) for warning in warned]


def test_the_server_sends_a_file_piece_by_piece_and_warns_of_nothing(path):
    (start, *pieces), warned = ask(path)
    bodies = [piece.get("body", b"") for piece in pieces]
    assert start["status"] == 200
    assert b"".join(bodies) == CONTENT
    assert max(map(len, bodies)) <= 65_536
    assert [said for said in warned if "Streaming" in said] == []


def test_the_server_sends_a_range(path):
    (start, *pieces), _warned = ask(path, headers=[(b"range", b"bytes=70000-200000")])
    assert start["status"] == 206
    assert b"".join(piece.get("body", b"") for piece in pieces) == CONTENT[70_000:200_001]
