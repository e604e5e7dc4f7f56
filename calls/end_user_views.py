"""GET /end_users: the people on the other end, as programs read them, in the manner of contract section 7."""

from typing import TypedDict

import django_filters
from rest_framework.request import Request
from rest_framework.response import Response

from calls.models import EndUser
from ccai.api.authentication import shows_personal_data
from ccai.api.filters import AnyOf, narrowed, read_number, read_word, time_filters
from ccai.api.pagination import paginate
from ccai.api.views import ApiView
from ccai.personal import masked_text, shown_number
from ccai.shapes import Phone, Time
from ccai.times import wire_time

SORT_COLUMNS = {"created_at": "created_at", "id": "pk"}


class EndUserObject(TypedDict):
    """The end user object: the keys that a call shows of one, and these, in this order."""

    id: int
    identifier: str | None
    out_contact_id: str | None
    name: str | None
    number: Phone | None
    created_at: Time


def end_user_object(end_user: EndUser, *, clear: bool) -> EndUserObject:
    """`end_user` as the wire shows one; masked where it is not `clear`."""
    text = (lambda value: value) if clear else masked_text
    return EndUserObject(
        id=end_user.pk,
        identifier=text(end_user.identifier),
        out_contact_id=text(end_user.out_contact_id),
        name=text(end_user.name or None),
        number=shown_number(end_user.number or None, clear=clear),
        created_at=wire_time(end_user.created_at),
    )


class EndUserFilter(django_filters.FilterSet):
    """Filters of GET /end_users; by whole values alone, so they tell nobody what is masked."""

    number = AnyOf(reader=read_number)
    identifier = AnyOf(reader=read_word)
    out_contact_id = AnyOf(reader=read_word)

    class Meta:
        model = EndUser
        fields: list[str] = []


EndUserFilter.base_filters.update(time_filters(created_at="created_at"))


class EndUsersView(ApiView):
    """`/end_users`."""

    def get(self, request: Request) -> Response:
        """GET /end_users: a bare array of end user objects, filtered, sorted and by page."""
        page = paginate(narrowed(EndUser.objects.all(), request.query_params, EndUserFilter), request, SORT_COLUMNS)
        clear = shows_personal_data(request)
        return Response([end_user_object(end_user, clear=clear) for end_user in page.rows], headers=page.headers)
