"""The API of what end users and programs say of a call: photos, videos, feedback, data parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from calls import services
from calls.errors import FILE_REQUIRED
from calls.files.serving import file_url
from calls.models import Call, Photo
from calls.serializers import masked, photo_object, video_object
from calls.views import find_call
from ccai.api.parsing import Form, read_form
from ccai.api.views import ApiView
from ccai.errors import NOT_WELL_FORMED, Refused
from ccai.personal import HIDDEN

NAME = "file"


@contextmanager
def form_with_file(request: Request, most: int) -> Iterator[Form]:
    """The form that `request` carries, with one file of at most `most` bytes, called `file`.

    Refused, in this order: another content type (415), too large (413), no such form, no file, more than one.
    """
    form = read_form(request._request, NAME, most)
    try:
        if not form.files:
            raise Refused(FILE_REQUIRED)
        if len(form.files) > 1:
            raise Refused(NOT_WELL_FORMED, field=NAME)
        yield form
    finally:
        form.close()


class PhotosView(ApiView):
    """`/calls/{id}/photos`."""

    masked = staticmethod(masked)

    def post(self, request: Request, call_id: str) -> Response:
        """POST: 201 and the photo as the call object shows it."""
        call = find_call(Call.objects.all(), call_id)
        with form_with_file(request, settings.CCAI_PHOTO_MAX_BYTES) as form:
            photo_type = form.fields.get("photo_type", "").strip() or Photo.PhotoType.PHOTO
            with services.photo_to_add(call, form.files[0], photo_type) as add:

                def write() -> Response:
                    return Response(self.as_seen(photo_object(add(), file_url(request))), status=201)

                return self.once(write)


class VideosView(ApiView):
    """`/calls/{id}/videos`."""

    masked = staticmethod(masked)

    def post(self, request: Request, call_id: str) -> Response:
        """POST: 201 and the video as the call object shows it."""
        call = find_call(Call.objects.all(), call_id)
        with (
            form_with_file(request, settings.CCAI_VIDEO_MAX_BYTES) as form,
            services.video_to_add(call, form.files[0]) as add,
        ):

            def write() -> Response:
                return Response(self.as_seen(video_object(add(), file_url(request))), status=201)

            return self.once(write)


class FeedbackView(ApiView):
    """`/calls/{id}/feedback`."""

    masked = staticmethod(masked)

    def patch(self, request: Request, call_id: str) -> Response:
        """PATCH: what is given replaces what was there; both come back."""
        call = find_call(Call.objects.all(), call_id)
        body = self.read_body()
        return self.once(lambda: Response(self.as_seen(services.set_feedback(call, body))))


class DataParametersView(ApiView):
    """`/calls/{id}/data_parameters` (contract section 10)."""

    @staticmethod
    def masked(answer: dict[str, Any]) -> dict[str, Any]:
        """The map without its values: nobody knows what is in them."""
        return dict.fromkeys(answer, HIDDEN)

    def get(self, request: Request, call_id: str) -> Response:
        """GET: the whole map."""
        return Response(self.as_seen(find_call(Call.objects.all(), call_id).data_parameters))

    def patch(self, request: Request, call_id: str) -> Response:
        """PATCH: the body is merged into the map, which comes back whole; a null removes its key."""
        call = find_call(Call.objects.all(), call_id)
        body = self.read_body()
        return self.once(lambda: Response(self.as_seen(services.set_data_parameters(call, body))))
