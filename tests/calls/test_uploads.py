"""POST /calls/{id}/photos and /calls/{id}/videos: what the end user sends is told by its content."""

import asyncio
import base64
import json
import threading

import pytest
from django.core.files.storage import default_storage
from django.db import connections

from calls.models import Call, Photo, Video
from ccai.api.limits import MAX_ENVELOPE
from ccai.asgi import application
from tests.api_client import BASE, ApiClient
from tests.calls.sent_files import IMAGES, JPEG, MP4, OTHERS, PNG, QUICKTIME, VIDEOS, file_form, form, part
from tests.factories import make_call

ONLY_IMAGES = "Only images are accepted (JPEG, PNG, GIF, WebP, HEIC)"
ONLY_VIDEOS = "Only videos are accepted (MP4, QuickTime, WebM, 3GPP)"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Files are kept where nothing else is."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def call():
    return make_call("connected")


def stored(media):
    """The files that are kept."""
    return sorted(path for path in media.rglob("*") if path.is_file())


def refusal(response):
    return response.status_code, response.json()


class TestPhotos:
    def test_a_photo_is_kept_and_is_shown_on_the_call(self, api, call, client):
        response = api.post(f"/calls/{call.pk}/photos", **file_form(JPEG))
        assert response.status_code == 201
        shown = response.json()
        assert list(shown) == ["id", "photo_type", "url"]
        assert (shown["id"], shown["photo_type"]) == (Photo.objects.get().pk, "photo")
        [photo] = api.get(f"/calls/{call.pk}").json()["photos"]
        assert (photo["id"], photo["photo_type"]) == (shown["id"], "photo")
        for url in (shown["url"], photo["url"]):
            opened = client.get(url)
            assert (opened.status_code, b"".join(opened), opened.headers["Content-Type"]) == (200, JPEG, "image/jpeg")

    def test_a_screenshot_is_called_one(self, api, call):
        response = api.post(f"/calls/{call.pk}/photos", **file_form(PNG, part("photo_type", "screenshot")))
        assert response.json()["photo_type"] == "screenshot"
        assert Photo.objects.get().photo_type == "screenshot"

    @pytest.mark.parametrize(("extension", "content"), [(key, one) for key, many in IMAGES.items() for one in many])
    def test_every_kind_of_picture_is_told_by_its_content_whatever_it_is_called(self, api, call, extension, content):
        sent = file_form(content, filename="../../evil.html", content_type="text/html")
        assert api.post(f"/calls/{call.pk}/photos", **sent).status_code == 201
        name = Photo.objects.get().file.name
        assert name.startswith(f"photos/{call.pk}-")
        assert name.endswith(f".{extension}")
        assert "evil" not in name

    @pytest.mark.parametrize("content", [*OTHERS.values(), MP4, QUICKTIME], ids=[*OTHERS, "MP4", "QuickTime"])
    def test_what_is_no_picture_is_refused_whatever_it_says_of_itself(self, api, call, content, media):
        sent = file_form(content, filename="picture.jpg", content_type="image/jpeg")
        assert refusal(api.post(f"/calls/{call.pk}/photos", **sent)) == (400, {"message": ONLY_IMAGES})
        assert stored(media) == []
        assert not Photo.objects.exists()

    def test_a_call_is_changed_by_a_photo_for_those_who_poll(self, api, call):
        before = api.get(f"/calls/{call.pk}").json()["updated_at"]
        api.post(f"/calls/{call.pk}/photos", **file_form(JPEG))
        assert api.get(f"/calls/{call.pk}").json()["updated_at"] > before

    def test_twenty_are_taken_and_no_more(self, api, call, media):
        for _photo in range(20):
            assert api.post(f"/calls/{call.pk}/photos", **file_form(JPEG)).status_code == 201
        refused = api.post(f"/calls/{call.pk}/photos", **file_form(JPEG))
        assert refusal(refused) == (400, {"message": f"Call {call.pk} has 20 photos already"})
        assert len(stored(media)) == Photo.objects.count() == 20


class TestVideos:
    def test_a_video_is_kept_and_is_shown_on_the_call(self, api, call, client):
        response = api.post(f"/calls/{call.pk}/videos", **file_form(MP4))
        assert response.status_code == 201
        assert list(response.json()) == ["id", "url"]
        [video] = api.get(f"/calls/{call.pk}").json()["videos"]
        assert video["id"] == response.json()["id"] == Video.objects.get().pk
        opened = client.get(video["url"])
        assert (b"".join(opened), opened.headers["Content-Type"]) == (MP4, "video/mp4")

    @pytest.mark.parametrize(("extension", "content"), [(key, one) for key, many in VIDEOS.items() for one in many])
    def test_every_kind_of_video_is_told_by_its_content(self, api, call, extension, content):
        assert api.post(f"/calls/{call.pk}/videos", **file_form(content, filename="a.png")).status_code == 201
        assert Video.objects.get().file.name.endswith(f".{extension}")

    @pytest.mark.parametrize("content", [*OTHERS.values(), JPEG], ids=[*OTHERS, "JPEG"])
    def test_what_is_no_video_is_refused(self, api, call, content, media):
        sent = file_form(content, filename="video.mp4", content_type="video/mp4")
        assert refusal(api.post(f"/calls/{call.pk}/videos", **sent)) == (400, {"message": ONLY_VIDEOS})
        assert stored(media) == []

    def test_five_are_taken_and_no_more(self, api, call):
        for _video in range(5):
            assert api.post(f"/calls/{call.pk}/videos", **file_form(MP4)).status_code == 201
        refused = api.post(f"/calls/{call.pk}/videos", **file_form(MP4))
        assert refusal(refused) == (400, {"message": f"Call {call.pk} has 5 videos already"})


class TestRefusals:
    """In the documented order: each request has every later fault as well."""

    WRONG = file_form(b"text", part("photo_type", "selfie"))

    def test_an_unknown_call_is_not_found_before_the_form_is_read(self, api):
        for path in ("photos", "videos"):
            response = api.post(f"/calls/9999/{path}", {"file": "x"})
            assert refusal(response) == (404, {"message": "Call 9999 is not found"})

    @pytest.mark.parametrize("content_type", ["application/json", "image/jpeg", "application/x-www-form-urlencoded"])
    def test_another_content_type_is_415(self, api, call, content_type):
        response = api.post(f"/calls/{call.pk}/photos", raw=b"x" * 100, content_type=content_type)
        assert refusal(response) == (415, {"message": "Content type must be multipart/form-data"})
        assert response.headers["X-Error-Code"] == "content_type_not_multipart"

    @pytest.mark.parametrize(
        ("path", "setting"), [("photos", "CCAI_PHOTO_MAX_BYTES"), ("videos", "CCAI_VIDEO_MAX_BYTES")]
    )
    def test_a_file_of_the_limit_is_taken_and_one_byte_more_is_413(self, api, call, settings, media, path, setting):
        head = JPEG if path == "photos" else MP4
        setattr(settings, setting, 200_000)
        fits, too_large = (file_form(head + bytes(200_000 - len(head) + more)) for more in (0, 1))
        assert api.post(f"/calls/{call.pk}/{path}", **fits).status_code == 201
        refused = api.post(f"/calls/{call.pk}/{path}", **too_large)
        assert refusal(refused) == (413, {"message": "Request body is too large"})
        assert len(stored(media)) == 1

    def test_a_form_with_too_much_beside_its_file_is_413(self, api, call, settings):
        settings.CCAI_PHOTO_MAX_BYTES = 1_000
        sent = form(part("padding", b" " * (MAX_ENVELOPE + 1_000)), part("file", JPEG, "a.jpg"))
        assert api.post(f"/calls/{call.pk}/photos", **sent).status_code == 413

    @pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
    def test_a_form_that_cannot_be_read_is_said(self, api, call, content_type):
        response = api.post(f"/calls/{call.pk}/photos", raw=b"x", content_type=content_type)
        assert refusal(response) == (400, {"message": "Request body is not valid multipart/form-data"})

    @pytest.mark.parametrize(
        "sent",
        [
            form(part("photo_type", "selfie")),
            form(part("file", "text"), part("photo_type", "selfie")),
            form(part("picture", JPEG, "a.jpg")),
            form(part("file", JPEG, "")),
        ],
        ids=["no file", "a text", "another name", "nothing chosen"],
    )
    def test_a_file_is_required(self, api, call, sent):
        assert refusal(api.post(f"/calls/{call.pk}/photos", **sent)) == (400, {"message": "file is required"})

    def test_of_two_files_none_is_taken(self, api, call, media):
        sent = form(part("file", JPEG, "a.jpg"), part("file", JPEG, "b.jpg"))
        assert refusal(api.post(f"/calls/{call.pk}/photos", **sent)) == (400, {"message": "file is not well formed"})
        assert stored(media) == []

    def test_a_photo_type_that_is_none_is_said_before_the_content(self, api, call):
        response = api.post(f"/calls/{call.pk}/photos", **self.WRONG)
        assert refusal(response) == (400, {"message": "photo_type is not well formed"})

    def test_the_content_is_judged_before_the_end_of_the_call(self, api):
        call = make_call("finished")
        assert refusal(api.post(f"/calls/{call.pk}/photos", **file_form(b"x"))) == (400, {"message": ONLY_IMAGES})

    @pytest.mark.parametrize("status", ["finished", "failed", "deflected", "voicemail_received", "cancelled"])
    def test_a_call_that_has_ended_takes_nothing_more(self, api, status, media):
        call = make_call(status)
        for path, content in (("photos", JPEG), ("videos", MP4)):
            refused = api.post(f"/calls/{call.pk}/{path}", **file_form(content))
            assert refusal(refused) == (400, {"message": "Call has ended"})
        assert stored(media) == []

    def test_nothing_is_left_on_disk_of_what_was_refused(self, api, call, settings, tmp_path):
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        settings.CCAI_PHOTO_MAX_BYTES = 100_000
        for sent in (
            file_form(bytes(50_000)),
            file_form(bytes(150_000)),
            file_form(bytes(300_000)),
            form(part("file", JPEG, "a"), part("file", JPEG, "b")),
        ):
            assert api.post(f"/calls/{call.pk}/photos", **sent).status_code in (400, 413)
        assert list(tmp_path.glob("*.upload*")) == []

    def test_nobody_sends_without_a_token_and_nothing_can_be_read_there(self, api, call):
        assert api.with_(token="wrong").post(f"/calls/{call.pk}/photos", **file_form(JPEG)).status_code == 401
        assert api.get(f"/calls/{call.pk}/photos").status_code == 405
        assert api.post(f"/calls/{call.pk}/photos/", **file_form(JPEG)).status_code == 201


def ask(path, token, body, headers=()):
    """What the ASGI application answers to a form that comes in pieces of 64 KiB: status and body."""
    pieces = [body[place : place + 65_536] for place in range(0, len(body), 65_536)]
    credentials = base64.b64encode(f"demo:{token}".encode())
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": BASE + path,
        "query_string": b"",
        "headers": [(b"host", b"demo.localhost"), (b"authorization", b"Basic " + credentials), *headers],
    }
    answer = []

    async def receive():
        if not pieces:
            await asyncio.sleep(3_600)
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message):
        answer.append(message)

    asyncio.run(application(scope, receive, send))
    return answer[0]["status"], json.loads(b"".join(message.get("body", b"") for message in answer[1:]))


@pytest.mark.django_db(transaction=True)
class TestOverTheWire:
    """As the server hands them on: in pieces, whether their length is said or not."""

    def test_more_than_other_bodies_may_have_comes_through(self, api_token, call):
        sent = file_form(JPEG + bytes(3_000_000))
        kind = [(b"content-type", sent["content_type"].encode())]
        for headers in (kind, [*kind, (b"content-length", str(len(sent["raw"])).encode())]):
            status, shown = ask(f"/calls/{call.pk}/photos", api_token.secret, sent["raw"], headers)
            assert (status, shown["photo_type"]) == (201, "photo")
        assert {default_storage.size(photo.file.name) for photo in Photo.objects.all()} == {len(JPEG) + 3_000_000}

    def test_what_is_over_the_limit_is_413_and_is_dropped_as_it_comes(self, api_token, call, settings):
        settings.CCAI_PHOTO_MAX_BYTES = 1_000_000
        sent = file_form(JPEG + bytes(5_000_000))
        kind = [(b"content-type", sent["content_type"].encode())]
        for headers in (kind, [*kind, (b"content-length", str(len(sent["raw"])).encode())]):
            answer = ask(f"/calls/{call.pk}/photos", api_token.secret, sent["raw"], headers)
            assert answer == (413, {"message": "Request body is too large"})
        assert not Photo.objects.exists()

    def test_paths_that_take_no_files_keep_their_limit(self, api_token, call):
        sent = file_form(bytes(3_000_000))
        kind = [(b"content-type", b"application/json")]
        assert ask(f"/calls/{call.pk}/feedback/photos", api_token.secret, sent["raw"], kind)[0] == 404
        assert ask("/calls", api_token.secret, sent["raw"], kind)[0] == 413


@pytest.mark.django_db(transaction=True)
def test_of_many_photos_at_once_no_more_are_kept_than_a_call_may_have(api_token, media):
    call = make_call("connected")
    for number in range(17):
        Photo.objects.create(call=call, file=f"photos/{number}.jpg")
    start = threading.Barrier(8)
    statuses = []

    def send():
        start.wait()
        statuses.append(ApiClient(api_token.secret).post(f"/calls/{call.pk}/photos", **file_form(JPEG)).status_code)
        connections.close_all()

    threads = [threading.Thread(target=send) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * 3 + [400] * 5
    assert Photo.objects.filter(call=call).count() == 20
    assert len(stored(media)) == 3
    assert Call.objects.get().photos.count() == 20
