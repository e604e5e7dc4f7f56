"""The form of an agent and of the login that goes with it."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from agents.admin.users import refuse_taken_address
from agents.logins import OF_SOMEBODY_WITH_MORE, why_not_deactivated
from agents.models import Agent, User
from agents.roles import AGENT, give_role, may_change, may_give, role_of
from ccai.phones import parse_line


class AgentForm(forms.ModelForm):
    """An agent together with the user who logs in as the agent."""

    email = User._meta.get_field("email").formfield(
        widget=UnfoldAdminEmailInputWidget(),
        help_text=_("The address to log in with. Where a user has it already, the agent becomes that user's."),
    )
    first_name = User._meta.get_field("first_name").formfield(widget=UnfoldAdminTextInputWidget())
    last_name = User._meta.get_field("last_name").formfield(widget=UnfoldAdminTextInputWidget())
    active = forms.BooleanField(
        label=_("Active"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Untick when the person leaves: nobody can log in as the agent, and no call is offered."),
    )
    invite = forms.BooleanField(
        label=_("Invite"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Sends the person a link to choose a password by. You can do so later, too."),
    )
    USER_FIELDS = {"email": "email", "first_name": "first_name", "last_name": "last_name", "active": "is_active"}
    # Who saves the form.
    by: ClassVar[User]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name, column in self.USER_FIELDS.items():
                self.initial.setdefault(name, getattr(self.instance.user, column))

    def clean(self) -> dict[str, Any] | None:
        """Nobody changes the login of somebody who may do more, and nobody deactivates themselves."""
        cleaned = super().clean()
        login = self.instance.user if self.instance.pk else self._found_login()
        if (login is None or becomes_agent(login)) and not may_give(AGENT, self.by):
            self.add_error("email", _("An agent may do more than you. Ask somebody who may do as much to add one."))
        if login is None:
            return cleaned
        columns = self.USER_FIELDS.items()
        changed = [name for name, column in columns if self.cleaned_data.get(name) != getattr(login, column)]
        if changed and not may_change(login, self.by):
            self.add_error(changed[0], str(OF_SOMEBODY_WITH_MORE))
        elif "active" in changed and login.is_active and (why_not := why_not_deactivated(login, self.by)):
            self.add_error("active", str(why_not))
        return cleaned

    def _found_login(self) -> User | None:
        """The login that is there already for the address of a new agent."""
        return User.objects.filter(email__iexact=self.cleaned_data.get("email", "")).first()

    def clean_email(self) -> str:
        """An address that no other agent has, nor, once the agent has a login, anyone else."""
        email = self.cleaned_data["email"]
        if self.instance.pk:
            refuse_taken_address(email, self.instance.user)
        elif Agent.objects.filter(user__email__iexact=email).exists():
            raise ValidationError(_("There is an agent with this address already."), code="unique")
        return email

    def clean_sip_address(self) -> str:
        """Something that rings, as providers want it; or nothing."""
        given: str = self.cleaned_data["sip_address"]
        line = parse_line(given) if given else ""
        if line is None:
            raise ValidationError(
                _("Write a phone number with + and the country code, such as +1 339-219-5276, or a SIP address."),
                code="invalid",
            )
        return line

    def save_user(self) -> User:
        """The agent's user is what the form says; a new agent's is made where nobody has the address."""
        data = self.cleaned_data
        if self.instance.pk:
            user = self.instance.user
        else:
            user = self._found_login() or User.objects.create_user(data["email"])
        for name, column in self.USER_FIELDS.items():
            setattr(user, column, data[name])
        user.save(update_fields=list(self.USER_FIELDS.values()))
        if becomes_agent(user):
            give_role(user, AGENT)
        return user


def becomes_agent(login: User) -> bool:
    """Whether the login gets the role of agents as soon as it is an agent's: it has no role, and no other rights."""
    return role_of(login) is None and not login.is_staff
