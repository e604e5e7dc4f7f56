"""Lists and pages of people, for those who may see who they are and for those who may not."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.http import HttpRequest

from ccai.personal import sees_personal_data


def masked(rows: QuerySet, masks: Mapping[str, Callable[[Any], Any]]) -> QuerySet:
    """`rows`, with what they say of a person masked as soon as they are read: whatever shows them shows that."""

    class MaskedRows(ModelIterable):
        def __iter__(self) -> Iterator[Model]:
            for row in super().__iter__():
                for name, mask in masks.items():
                    setattr(row, name, mask(getattr(row, name)))
                yield row

    rows = rows.all()
    rows._iterable_class = MaskedRows
    return rows


class Masked:
    """Mixed into an admin: the columns in `masks` are masked for those who may not see personal data, who change
    nothing then, and cannot ask for them by the address of the list, which would tell what they are."""

    masks: Mapping[str, Callable[[Any], Any]]
    masked_search_help_text: Any = None  # what can be searched for then

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, which says what this person can search for."""
        changelist = super().get_changelist_instance(request)  # type: ignore[misc]
        if not sees_personal_data(request.user):
            changelist.search_help_text = self.masked_search_help_text
        return changelist

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """The rows, as this person sees them."""
        rows = super().get_queryset(request)  # type: ignore[misc]
        return rows if sees_personal_data(request.user) else masked(rows, self.masks)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody saves what they do not see."""
        return bool(super().has_change_permission(request, obj)) and sees_personal_data(request.user)  # type: ignore[misc]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """A column that is masked is no filter."""
        if lookup.partition("__")[0] in self.masks and not (request and sees_personal_data(request.user)):
            return False
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]


class PersonalThroughout:
    """Mixed into an admin: nothing of it is for those who may not see personal data."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """With the permission to see personal data."""
        return bool(super().has_view_permission(request, obj)) and sees_personal_data(request.user)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for seeing."""
        return bool(super().has_add_permission(request)) and sees_personal_data(request.user)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for seeing."""
        return bool(super().has_change_permission(request, obj)) and sees_personal_data(request.user)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for seeing."""
        return bool(super().has_delete_permission(request, obj)) and sees_personal_data(request.user)  # type: ignore[misc]
