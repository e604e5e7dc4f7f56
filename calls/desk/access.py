"""Who may see the agents' page: active users who are agents, staff or not."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from agents import availability
from agents.models import Agent

Params = ParamSpec("Params")


def agent_of(request: HttpRequest) -> Agent | None:
    """The agent who has logged in, or None."""
    if not request.user.is_authenticated:
        return None
    return Agent.objects.filter(user=request.user.pk).select_related("user").first()


def for_agents(
    view: Callable[Concatenate[HttpRequest, Agent, Params], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Params], HttpResponseBase]:
    """`view`, which gets the agent who has logged in; others are asked to log in, or told that they are no agent."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponseBase:
        agent = agent_of(request)
        if agent is not None:
            return view(request, agent, *args, **kwargs)
        if request.user.is_authenticated:
            return render(request, "desk/no_agent.html", status=403)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Redirect": reverse("desk:login")})
        return redirect_to_login(request.get_full_path(), reverse("desk:login"))

    return wrapper


class LoginForm(AuthenticationForm):
    """E-mail address and password. Somebody who is no agent is told so, and not logged in."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The e-mail address or the password is wrong. Capitals matter in the password."),
        "no_agent": _("You are no agent of this center. Ask an admin to make you one, or use the admin pages."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail address")
        for name in self.fields:
            self.fields[name].widget.attrs["class"] = "input"

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse who is not active, or no agent."""
        super().confirm_login_allowed(user)
        if not Agent.objects.filter(user=user).exists():
            raise forms.ValidationError(self.error_messages["no_agent"], code="no_agent")


class Login(LoginView):
    """`/desk/login/`."""

    form_class = LoginForm
    template_name = "desk/login.html"
    redirect_authenticated_user = True
    next_page = "desk:page"


@require_POST
def log_out(request: HttpRequest) -> HttpResponseRedirect:
    """POST /desk/logout/: the session is over, and the agent offline: on a call, from its end on."""
    agent = agent_of(request)
    if agent is not None:
        availability.set_status(agent, Agent.Status.OFFLINE)
    logout(request)
    return redirect("desk:login")
