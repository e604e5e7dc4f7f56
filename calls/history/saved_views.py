"""Views of the history that people keep: each its owner's to change, and everybody's to see where it is shared."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from agents.models import User
from calls.models import SavedView
from ccai.personal import sees_personal_data


def views_for(user: User) -> list[SavedView]:
    """The views that `user` sees: their own first, then those that others share.

    What others searched for may be a name or a number of an end user's: such a view is shown to those alone who may
    see personal data.
    """
    seen = SavedView.objects.filter(Q(owner=user) | Q(shared=True)).select_related("owner")
    views = sorted(seen, key=lambda view: (view.owner_id != user.pk, view.name.casefold(), view.pk))
    if not sees_personal_data(user):
        views = [view for view in views if view.owner_id == user.pk or "q" not in QueryDict(view.query)]
    for view in views:
        view.is_own = view.owner_id == user.pk  # type: ignore[attr-defined]
    return views


def own_view(user: User, pk: int) -> SavedView:
    """The view of that id, which is `user`'s own; 404 where it is not."""
    return get_object_or_404(SavedView, pk=pk, owner=user)


class ViewForm(forms.ModelForm):
    """The name of a view, and whether others see it. A person has a name once."""

    class Meta:
        model = SavedView
        fields = ("name", "shared")

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.owner = owner

    def clean_name(self) -> str:
        """The name, which no other view of the owner's has."""
        name = self.cleaned_data["name"]
        if SavedView.objects.filter(owner=self.instance.owner, name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("You have a view called %(name)s already."), params={"name": name})
        return name


class NewViewForm(ViewForm):
    """A name for what is asked for now; `query` is the query of the address that asks for it."""

    query = forms.CharField(required=False, widget=forms.HiddenInput)
