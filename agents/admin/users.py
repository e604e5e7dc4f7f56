"""Pages of logins and of the permissions that several logins have together."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import ValidationError
from django.db.models import ManyToManyField, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from agents.models import User
from agents.roles import NAMES, PERMISSIONS, give_role, may_change, may_give, role_of
from ccai.admin import CenterAdmin, clock_time

admin.site.unregister(Group)


def refuse_taken_address(email: str, user: User | None) -> None:
    """Raise ValidationError where somebody other than `user` logs in with this address, in whatever case."""
    others = User.objects.filter(email__iexact=email)
    if user is not None:
        others = others.exclude(pk=user.pk)
    if others.exists():
        raise ValidationError(_("Somebody logs in with this address already. Write another one."), code="unique")


class RoleField(forms.ChoiceField):
    """One of the roles that `by` may give, or none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Role"), required=False, widget=UnfoldAdminSelectWidget(), **kwargs)

    def offer(self, by: User | AnonymousUser, *, now: str | None = None) -> None:
        """Let somebody choose who may do what `by` may; `now` is the role as it is."""
        roles = [role for role in PERMISSIONS if role == now or may_give(role, by)]
        self.choices = [("", _("None")), *((role, NAMES[role]) for role in roles)]
        self.initial = now or ""


class NewUserForm(UserCreationForm):
    """A login: an e-mail address, a password, and a role."""

    role = RoleField()
    # Who saves the form.
    by: ClassVar[User | AnonymousUser]

    class Meta:
        model = User
        fields = ("email",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].offer(self.by)

    def clean_email(self) -> str:
        """An address nobody has yet."""
        email = self.cleaned_data["email"]
        refuse_taken_address(email, None)
        return email


class UserForm(UserChangeForm):
    """A person who logs in."""

    role = RoleField(
        help_text=_(
            "What the person may do. Viewers and supervisors can be limited to teams and branches; who changes logins "
            "sees everything."
        )
    )
    by: ClassVar[User | AnonymousUser]

    class Meta:
        model = User
        fields = "__all__"
        help_texts: ClassVar = {
            "is_staff": _(
                "Whether the person can log in to the back office. A role decides that: what is ticked here holds for "
                "those without one."
            )
        }
        field_classes: dict[str, type[forms.Field]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields["role"].offer(self.by, now=role_of(self.instance))

    def clean_email(self) -> str:
        """An address nobody else has."""
        email = self.cleaned_data["email"]
        refuse_taken_address(email, self.instance)
        return email


@admin.register(User)
class UserAdmin(DjangoUserAdmin, CenterAdmin):
    """Who can log in, known by e-mail address.

    Nobody gives more than they have: a login is changed by those who may do all that it may; what goes beyond a role
    (superusers, groups, single permissions) is seen and given by superusers alone; and nobody changes what they
    themselves may do and see.
    """

    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "full_name", "shown_role", "is_active", "is_superuser", "last_seen")
    list_filter = (
        ("is_active", BooleanRadioFilter),
        ("is_staff", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
        ("groups", RelatedDropdownFilter),
    )
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    readonly_fields = ("last_seen", "joined", "shown_role")
    autocomplete_fields = ("limited_to_teams",)
    add_fieldsets = ((None, {"fields": ("email", "role", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With their groups, which say the role."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Who is a superuser is shown to superusers."""
        return [name for name in self.list_display if name != "is_superuser" or request.user.is_superuser]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """As the columns."""
        return [one for one in self.list_filter if one[0] != "is_superuser" or request.user.is_superuser]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """What the person may do, as far as whoever looks may give it."""
        if obj is None:
            return self.add_fieldsets
        is_own = obj.pk == request.user.pk
        may = ["is_active", "shown_role" if is_own or not self.has_change_permission(request, obj) else "role"]
        more = ["is_superuser", "is_staff", "groups", "user_permissions"] if request.user.is_superuser else []
        return (
            (None, {"fields": ("email", "password", ("first_name", "last_name"))}),
            (_("Permissions"), {"fields": (*may, "limited_to_teams", *more)}),
            (_("Important dates"), {"fields": (("last_seen", "joined"),)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody takes anything from themselves, nor gives it."""
        own = ("is_active", "limited_to_teams", "is_superuser", "is_staff", "groups", "user_permissions")
        is_own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, *own) if is_own else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A form that knows who saves it."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        # What a form declares is read from what was sent even where no page shows it.
        if "role" not in flatten_fieldsets(self.get_fieldsets(request, obj)):
            form.base_fields.pop("role")
        return form

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """An address of the list tells nobody but superusers who is one, and who may do what beside a role."""
        is_secret = lookup.startswith(("is_superuser", "user_permissions"))
        may_see = request is not None and request.user.is_superuser
        return (may_see or not is_secret) and super().lookup_allowed(lookup, value, request)

    def formfield_for_manytomany(self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        """Beside a role there are other groups; the roles' own are given as roles."""
        if db_field.name == "groups":
            kwargs["queryset"] = Group.objects.exclude(name__in=PERMISSIONS)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever may change logins changes those that may do no more."""
        return super().has_change_permission(request, obj) and (obj is None or may_change(obj, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for changes; and nobody deletes themselves."""
        is_own = obj is not None and obj.pk == request.user.pk
        return (
            super().has_delete_permission(request, obj)
            and not is_own
            and (obj is None or may_change(obj, request.user))
        )

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """The role that was chosen is the person's; the form has written the other groups."""
        user = form.instance
        role = form.cleaned_data.get("role") if "role" in form.fields else role_of(user)
        super().save_related(request, form, formsets, change)
        give_role(user, role)

    @display(description=_("role"))
    def shown_role(self, user: User) -> str | None:
        """The role's name; nothing where there is none."""
        role = role_of(user)
        return role and str(NAMES[role]).partition(":")[0]

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
class GroupAdmin(DjangoGroupAdmin, CenterAdmin):  # type: ignore[misc]
    """Permissions that several people have together. A group gives whatever somebody puts into it, so it is superusers
    who do; and the groups of the roles are as agents/roles.py has them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Superusers, and nobody the groups of the roles."""
        return bool(request.user.is_superuser) and (obj is None or obj.name not in PERMISSIONS)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """As for changes."""
        return self.has_change_permission(request, obj)
