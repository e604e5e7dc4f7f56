"""The Calls API: parse, one verb, show (contract sections 4 and 6 to 8)."""

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from calls import services, waiting
from calls.errors import CALL_NOT_FOUND, JOB_NOT_FOUND
from calls.files.serving import file_url
from calls.filters import filter_calls
from calls.models import Call, CancelJob
from calls.serializers import CallObject, CallParts, call_object, job_object, masked, transfer_object
from ccai.api.authentication import shows_personal_data
from ccai.api.pagination import paginate
from ccai.api.views import ApiView
from ccai.errors import Refused
from ccai.times import now
from menus.errors import NO_SUCH_MENU
from menus.models import Menu

SORT_COLUMNS = {"created_at": "created_at", "updated_at": "updated_at"}


def find_call(calls: QuerySet[Call], call_id: str) -> Call:
    """The one of `calls` with this id; refused with "Call 9999 is not found" (404)."""
    # Beyond 64 bits there is no id, and no database would take the number.
    call = calls.filter(pk=int(call_id)).first() if len(call_id) < 19 else None
    if call is None:
        raise Refused(CALL_NOT_FOUND, call_id=call_id)
    return call


def shown(request: Request, call: Call, parts: CallParts | None = None) -> CallObject:
    """The call object, masked for a token that does not show personal data; `parts` where they were not read along."""
    return call_object(call, parts or CallParts.of(call), file_url(request), clear=shows_personal_data(request))


class CallsView(ApiView):
    """`/calls`."""

    masked = staticmethod(masked)

    def get(self, request: Request) -> Response:
        """GET /calls: a bare array of call objects, filtered, sorted and by page (contract section 7)."""
        page = paginate(filter_calls(Call.objects.with_parts(), request.query_params), request, SORT_COLUMNS)
        return Response([shown(request, call) for call in page.rows], headers=page.headers)

    def post(self, request: Request) -> Response:
        """POST /calls: 201 and the call, or 202 and the request's echo where the agent must act first (section 4)."""
        prepared = services.prepare_call(self.read_body())

        def write() -> Response:
            made = prepared.write()
            if isinstance(made, services.Prompted):
                return Response(made.echo, status=202)
            return Response(shown(request, made.call, made.parts), status=201)

        return self.once(write)


class CallView(ApiView):
    """`/calls/{id}`."""

    def get(self, request: Request, call_id: str) -> Response:
        """GET /calls/{id}: the call object."""
        return Response(shown(request, find_call(Call.objects.with_parts(), call_id)))


class CallCancelView(ApiView):
    """`/calls/scheduled/{id}/cancel` (contract section 8)."""

    masked = staticmethod(masked)

    def patch(self, request: Request, call_id: str) -> Response:
        """PATCH: 200 and the call, `cancelled`; 204 where it was so before."""
        call = find_call(Call.objects.all(), call_id)

        def write() -> Response:
            if not services.cancel_call(call):
                return Response(status=204)
            return Response(shown(request, find_call(Call.objects.with_parts(), call_id)))

        return self.once(write)


class CallsCancelView(ApiView):
    """`/calls/scheduled/cancel` (contract section 8)."""

    def patch(self, request: Request) -> Response:
        """PATCH: 202 and the job that cancels the calls, one after the other; `Location` says where to ask for it."""
        call_ids = services.read_call_ids(self.read_body())

        def write() -> Response:
            job = services.cancel_later(call_ids)
            location = request.build_absolute_uri(reverse("job", args=[job.job_id]))
            return Response(job_object(job), status=202, headers={"Location": location})

        return self.once(write)


class JobView(ApiView):
    """`/jobs/{job_id}` (contract section 8)."""

    def get(self, request: Request, job_id: str) -> Response:
        """GET: how far the job is. Any token of the center may ask, for 24 hours from its end."""
        job = CancelJob.objects.filter(job_id=job_id).first()
        if job is None:
            raise Refused(JOB_NOT_FOUND, job_id=job_id)
        return Response(job_object(job))


class ScheduledCallView(ApiView):
    """`/calls/scheduled/{id}` (contract section 8)."""

    masked = staticmethod(masked)

    def patch(self, request: Request, call_id: str) -> Response:
        """PATCH: the call is due at another time; 200 and the call."""
        call = find_call(Call.objects.all(), call_id)
        body = self.read_body()

        def write() -> Response:
            services.request_move(call, body)
            return Response(shown(request, find_call(Call.objects.with_parts(), call_id)))

        return self.once(write)


class CustomerFlagView(ApiView):
    """`/calls/{id}/customer_flag` (contract section 6)."""

    def get(self, request: Request, call_id: str) -> Response:
        """GET: all three flags."""
        return Response(services.customer_flags(find_call(Call.objects.all(), call_id)))

    def patch(self, request: Request, call_id: str) -> Response:
        """PATCH: the flags given are set; all three come back."""
        call = find_call(Call.objects.all(), call_id)
        body = self.read_body()
        return self.once(lambda: Response(services.set_customer_flags(call, body)))


class TransfersView(ApiView):
    """`/calls/{id}/transfers`."""

    def post(self, request: Request, call_id: str) -> Response:
        """POST: the call is being handed on by its agent; 201 and the transfer."""
        call = find_call(Call.objects.select_related("agent__user"), call_id)
        body = self.read_body()
        return self.once(lambda: Response(transfer_object(services.request_transfer(call, body)), status=201))


class MenuWaitView(ApiView):
    """`/menus/{id}/wait`."""

    def get(self, request: Request, menu_id: str) -> Response:
        """GET: how long a new caller would wait in the menu's queue, in whole seconds. Deleted menus are not found."""
        # Beyond 64 bits there is no id, as in `find_call`.
        menu = Menu.objects.filter(pk=int(menu_id), deleted=False).first() if len(menu_id) < 19 else None
        if menu is None:
            raise Refused(NO_SUCH_MENU, menu_id=menu_id)
        wait = waiting.estimate([menu.pk], now())[menu.pk]
        return Response(
            {
                "estimated_wait": wait.estimated_wait,
                "queued": wait.queued,
                "available_agents": wait.available_agents,
            }
        )
