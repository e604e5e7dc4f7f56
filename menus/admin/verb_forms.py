"""What the pages of the verbs ask: where to, why, and where the calls that wait go."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from menus.models import Closing, Menu
from menus.tree import Where, in_order

# An em space: a list that drops down keeps it where others are cut off.
INDENT = "\u2003"
NOWHERE = "nowhere"


class TreeSelect(UnfoldAdminSelectWidget):
    """Menus in the order of the tree, indented; some are there for the looks and cannot be chosen."""

    unfit: Collection[int] = ()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option, which cannot be chosen where its menu is unfit."""
        option = super().create_option(name, value, *args, **kwargs)
        if str(value).isdecimal() and int(value) in self.unfit:
            option["attrs"]["disabled"] = True
        return option


class TreeField(forms.TypedChoiceField):
    """One of the menus that are given by `offer`, or None."""

    widget = TreeSelect

    def __init__(self, *, nothing: Any, **kwargs: Any) -> None:
        super().__init__(required=False, empty_value=None, **kwargs)
        self.nothing = nothing

    def must_choose(self) -> None:
        """No menu is an answer too, and none is given beforehand."""
        self.required = True
        self.error_messages["required"] = _("Choose where the calls that wait go, or that they end.")

    def without_menu(self) -> list[tuple[str, Any]]:
        """The choices that are no menu."""
        return [("", _("Choose…")), (NOWHERE, self.nothing)] if self.required else [("", self.nothing)]

    def offer(self, menus: Iterable[Menu], unfit: Collection[int]) -> None:
        """Choose among `menus`, which come in the order of siblings; people cannot choose those in `unfit`."""
        known = list(in_order(menus))
        by_id = {str(menu.pk): menu for menu, _depth in known}
        self.coerce = by_id.get
        self.choices = [*self.without_menu(), *((menu.pk, INDENT * depth + menu.name) for menu, depth in known)]
        self.widget.unfit = frozenset(unfit)


class MoveForm(forms.Form):
    """Where a menu goes."""

    other = TreeField(label=_("Menu"), nothing=_("The top of the tree"))
    where = forms.ChoiceField(
        label=_("Place"),
        choices=[
            (Where.LAST, _("Below it, after all others there")),
            (Where.FIRST, _("Below it, before all others there")),
            (Where.BEFORE, _("Beside it, right before it")),
            (Where.AFTER, _("Beside it, right after it")),
        ],
        initial=Where.LAST,
        widget=UnfoldAdminRadioSelectWidget,
    )


class CloseForm(forms.Form):
    """Why a menu is closed."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("For those who read it later. You may leave it empty."),
        required=False,
        max_length=Closing._meta.get_field("reason").max_length,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )


class DeleteForm(forms.Form):
    """Where the calls of a deleted menu go. While there are any, that is not taken as said before somebody says it."""

    substitute = TreeField(
        label=_("Calls that wait go to"),
        nothing=_("Nowhere: they end as failed, menu deleted"),
        help_text=_(
            "They keep their place in time there. So do calls that come later: scheduled ones, and those that other "
            "menus send here."
        ),
    )

    def __init__(self, *args: Any, has_calls: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_calls:
            self.fields["substitute"].must_choose()  # type: ignore[attr-defined]


class RestoreForm(forms.Form):
    """How much comes back."""

    branch = forms.BooleanField(
        label=_("And all deleted menus below it"), required=False, initial=True, widget=UnfoldBooleanWidget
    )
