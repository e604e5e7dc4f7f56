"""Pages of logins and of the permissions that several logins have together."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from agents.models import User
from ccai.admin import CenterAdmin, clock_time

admin.site.unregister(Group)


def refuse_taken_address(email: str, user: User | None) -> None:
    """Raise ValidationError where somebody other than `user` logs in with this address, in whatever case."""
    others = User.objects.filter(email__iexact=email)
    if user is not None:
        others = others.exclude(pk=user.pk)
    if others.exists():
        raise ValidationError(_("Somebody logs in with this address already. Write another one."), code="unique")


class NewUserForm(UserCreationForm):
    """A login: an e-mail address and a password."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        """An address nobody has yet."""
        email = self.cleaned_data["email"]
        refuse_taken_address(email, None)
        return email


class UserForm(UserChangeForm):
    """A person who logs in."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, type[forms.Field]] = {}

    def clean_email(self) -> str:
        """An address nobody else has."""
        email = self.cleaned_data["email"]
        refuse_taken_address(email, self.instance)
        return email


@admin.register(User)
class UserAdmin(DjangoUserAdmin, CenterAdmin):
    """Who can log in, known by e-mail address."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "full_name", "is_active", "is_staff", "is_superuser", "last_seen")
    list_filter = (
        ("is_active", BooleanRadioFilter),
        ("is_staff", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
        ("groups", RelatedDropdownFilter),
    )
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    readonly_fields = ("last_seen", "joined")
    fieldsets = (
        (None, {"fields": ("email", "password", ("first_name", "last_name"))}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Important dates"), {"fields": (("last_seen", "joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)

    @display(description=_("name"), ordering="first_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    @display(description=_("last login"), ordering="last_login")
    def last_seen(self, user: User) -> str | None:
        """When the person last logged in; nothing where that never was."""
        return clock_time(user.last_login)

    @display(description=_("date joined"), ordering="date_joined")
    def joined(self, user: User) -> str | None:
        """When the login was made."""
        return clock_time(user.date_joined)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, CenterAdmin):
    """Permissions that several people have together."""
