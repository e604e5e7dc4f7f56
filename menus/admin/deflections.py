"""What becomes of calls that a menu does not take, on its page: one choice for each occasion."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django import forms
from django.db.models import Field, Model, TextField
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from ccai.admin import PhoneFields
from menus.admin.choosing import MenuFields
from menus.models import DeflectionOption, Menu

# A message is a sentence or two.
SHORT_TEXTS: Mapping[type[Field], Mapping[str, Any]] = {
    TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
}
Occasion = DeflectionOption.Occasion
Kind = DeflectionOption.Kind


class Card(NamedTuple):
    """One occasion on the page."""

    occasion: Occasion
    icon: str
    title: Promise
    explanation: Promise
    form: forms.ModelForm


TITLES = {
    Occasion.AFTER_HOURS: (
        "bedtime",
        _("After hours"),
        _("Callers who come while the menu is closed by its hours, or in an emergency."),
    ),
    Occasion.REDIRECTION: (
        "alt_route",
        _("Redirection"),
        _("While it is switched on, nobody gets into this menu's queue, whatever its hours say."),
    ),
    Occasion.OVER_CAPACITY: (
        "group_add",
        _("Over capacity"),
        _("Callers for whom too many wait already, or who have waited too long."),
    ),
}
# What is needed on an occasion alone.
ONLY = {"redirected": Occasion.REDIRECTION, "after_seconds": Occasion.OVER_CAPACITY}
# What a kind needs that only some occasions have.
NEEDED_BY = {"to_menu": Kind.QUEUE, "to_number": Kind.PHONE}


class DeflectionForm(forms.ModelForm):
    """The option for one occasion. Choosing nothing takes it away."""

    redirected = forms.BooleanField(label=_("Redirect calls now"), required=False, widget=UnfoldBooleanSwitchWidget)
    may_redirect = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["occasion"].widget = forms.HiddenInput()
        kind = self.fields["kind"]
        kind.required = False
        # An inline knows the state of the switch from its row; one that is new begins switched off.
        self.fields["redirected"].disabled = not self.may_redirect
        self.fields["redirected"].initial = self.instance.pk is not None and self.instance.active
        occasion = self["occasion"].value()
        if occasion in Occasion.values:
            self.narrow(Occasion(occasion))

    def narrow(self, occasion: Occasion) -> None:
        """Offer what this occasion may have, and ask for what that needs."""
        kinds = DeflectionOption.KINDS[occasion]
        nothing = _("Nothing: they wait on") if occasion == Occasion.OVER_CAPACITY else _("Nothing of its own")
        self.fields["kind"].widget.choices = [("", nothing), *((kind.value, kind.label) for kind in kinds)]
        for name, kind in NEEDED_BY.items():
            if kind not in kinds:
                del self.fields[name]
        for name, only in ONLY.items():
            if occasion != only:
                del self.fields[name]

    def has_changed(self) -> bool:
        """An occasion without an option, for which none is chosen, is left alone."""
        if self.instance.pk is None and not self["kind"].data:
            return False
        return super().has_changed()

    def clean(self) -> dict[str, Any] | None:
        """A redirection begins switched off: whoever switches it on is remembered."""
        cleaned = super().clean()
        if self.instance.pk is None and self.cleaned_data.get("occasion") == Occasion.REDIRECTION:
            self.instance.active = False
        return cleaned

    def switched(self) -> bool | None:
        """Whether the redirection is to be switched on or off; None where it is left as it is."""
        option = self.instance
        if option.pk is None or "redirected" not in self.fields or self.fields["redirected"].disabled:
            return None
        wanted = bool(self.cleaned_data.get("redirected"))
        return wanted if wanted != option.active else None


class DeflectionFormSet(forms.BaseInlineFormSet):
    """One form for each occasion; those that have an option come first, as formsets want it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = {option.occasion for option in self.get_queryset()}
        self.initial_extra = [{"occasion": occasion} for occasion in Occasion if occasion not in there]

    def _should_delete_form(self, form: forms.ModelForm) -> bool:
        """An option whose kind is emptied goes."""
        if form.instance.pk is not None and hasattr(form, "cleaned_data") and not form.cleaned_data.get("kind"):
            return True
        return super()._should_delete_form(form)  # type: ignore[misc]

    def switches(self) -> Iterator[bool]:
        """True or False where the redirection that was stored is to be switched on or off."""
        for form in self.forms:
            if form in self.deleted_forms or not isinstance(form, DeflectionForm) or not form.is_valid():
                continue
            on = form.switched()
            if on is not None:
                yield on

    def cards(self) -> Iterator[Card]:
        """The occasions in their own order, each with its form."""
        order = list(Occasion)
        forms_of = {str(form["occasion"].value()): form for form in self.forms}
        for occasion in order:
            if occasion in forms_of:
                yield Card(occasion, *TITLES[occasion], forms_of[occasion])


class DeflectionOptionInline(MenuFields, PhoneFields, StackedInline):
    """What becomes of calls the menu does not take: one option for each occasion."""

    model = DeflectionOption
    form = DeflectionForm
    formset = DeflectionFormSet
    template = "admin/menus/menu/deflections.html"
    fk_name = "menu"
    max_num = len(Occasion)
    menu_fields = ("to_menu",)
    phone_fields = ("to_number",)
    verbose_name_plural = _("closed or full")
    formfield_overrides = SHORT_TEXTS
    fields = ("occasion", "redirected", "kind", "message", "to_menu", "to_number", "after_seconds")
    tab = True

    def get_extra(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> int:
        """An empty form for each occasion that has no option."""
        return len(Occasion) - (len(obj.deflection_options.all()) if isinstance(obj, Menu) else 0)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Who only looks sees the columns."""
        if self.has_change_permission(request, obj):
            return self.fields
        return ("occasion", "active", "kind", "message", "to_menu", "to_number", "after_seconds")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may change what becomes of calls may say that nothing does."""
        return self.has_change_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        """Who may not redirect sees the switch, and cannot move it."""
        formset = super().get_formset(request, obj, **kwargs)
        # Of this formset's own form class: its fields are shared with every other.
        formset.form.may_redirect = request.user.has_perm("menus.close_menu")
        return formset
