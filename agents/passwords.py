"""The page behind the link of an invitation: choose a password, and be logged in."""

from typing import Any

from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse

from agents.models import Agent, User
from ccai.acting import Actor, acting
from ccai.middleware import client_address


class ChoosePassword(PasswordResetConfirmView):
    """`/invite/…`: nobody has to be logged in. A link that is used, expired or somebody's who left says so."""

    template_name = "invite/password.html"
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def get_user(self, uidb64: str) -> User | None:
        """The person the link was sent to; None where there is nobody, or nobody who may log in."""
        user: Any = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        """The password is that of the person, who chooses it; that it was changed is on record under their name."""
        user = form.user
        with acting(lambda: Actor(user.email, user.pk, client_address(self.request), "/invite/")):
            return super().form_valid(form)

    def get_success_url(self) -> str:
        """Agents go to their page, everybody else to the back office."""
        is_agent = Agent.objects.filter(user=self.user).exists()
        return reverse("desk:page" if is_agent else "admin:index")

    def get_form(self, form_class: Any = None) -> Any:
        """Without Django's own text of the rules, which the page shows as a list."""
        form = super().get_form(form_class)
        for name in ("new_password1", "new_password2"):
            form.fields[name].help_text = ""
            form.fields[name].widget.attrs |= {"aria-describedby": "password-rules"}
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the rules, one a line."""
        context = super().get_context_data(**kwargs)
        return {**context, "rules": password_validators_help_texts(), "person": self.user}
