"""What can be done to many agents at once, from their list; each verb says how many it changed and whom it did not."""

from collections import defaultdict
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from agents import availability
from agents.admin.agents import site_of
from agents.inviting import Sent, send_invitations
from agents.logins import OF_SOMEBODY_WITH_MORE, person, why_not_deactivated
from agents.models import Agent, Team, User
from agents.roles import may_change
from calls import services

# As many letters as somebody waits for.
MOST_LETTERS = 200
# As many names as a message says.
MOST_NAMES = 5

# Changes one agent; what keeps it from that, as a sentence, or None.
Verb = Callable[[Agent], "str | Promise | None"]


class TeamForm(forms.Form):
    """Which team."""

    team = forms.ModelChoiceField(
        Team.objects.all(), label=_("Team"), required=False, empty_label=_("No team"), widget=UnfoldAdminSelectWidget()
    )


class StatusForm(forms.Form):
    """Which status."""

    status = forms.ChoiceField(label=_("Status"), choices=Agent.Status.choices, widget=UnfoldAdminSelectWidget())


class BulkActions:
    """Mixed into the list of agents: its actions. All keep to the agents whom the person may see."""

    actions = ("put_in_team", "set_status", "activate", "deactivate", "allow_calls", "forbid_calls", "invite_all")

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Whether the person may set the status of agents."""
        return request.user.has_perm("agents.steer_agent")

    @action(description=_("Put in a team …"), permissions=["change"])
    def put_in_team(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponseBase | None:
        """Asks for a team; then they are in it."""
        form = TeamForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form, say("Put in a team"))
        team = form.cleaned_data["team"]

        def put(agent: Agent) -> str | None:
            if agent.team_id == (team.pk if team else None):
                return say("in the team already") if team else say("in no team already")
            Agent.objects.filter(pk=agent.pk).update(team=team)
            return None

        self._do(request, queryset, put)
        return None

    @action(description=_("Set the status …"), permissions=["steer"])
    def set_status(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponseBase | None:
        """Asks for a status; then they are of it. During a call it takes effect after it."""
        form = StatusForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form, say("Set the status"))
        status = form.cleaned_data["status"]

        def steer(agent: Agent) -> str | None:
            if not agent.user.is_active:
                return say("not active")
            return None if availability.set_status(agent, status) else say("of this status already")

        self._do(request, queryset, steer)
        return None

    @action(description=_("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """They can log in and take calls again."""

        def let_in(agent: Agent) -> str | Promise | None:
            if agent.user.is_active:
                return say("active already")
            if not may_change(agent.user, person(request)):
                return OF_SOMEBODY_WITH_MORE
            User.objects.filter(pk=agent.user_id).update(is_active=True)
            return None

        self._do(request, queryset, let_in)

    @action(description=_("Deactivate …"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponseBase | None:
        """Asks first; then they cannot log in and are offered nothing, and what they were offered goes to others."""
        if "confirmed" not in request.POST:
            words = _(
                "They cannot log in any more. What they are offered goes to others at once; "
                "a call in which they talk goes on to its end."
            )
            return self._ask(request, queryset, forms.Form(), say("Deactivate"), words)

        def let_go(agent: Agent) -> str | Promise | None:
            if why_not := why_not_deactivated(agent.user, person(request)):
                return why_not
            return None if services.deactivate(agent) else say("not active already")

        self._do(request, queryset, let_go)
        return None

    @action(description=_("Allow to place calls"), permissions=["change"])
    def allow_calls(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """They can place calls."""
        self._do(request, queryset, lambda agent: _place_calls(agent, True))

    @action(description=_("Forbid to place calls"), permissions=["change"])
    def forbid_calls(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """They cannot place calls."""
        self._do(request, queryset, lambda agent: _place_calls(agent, False))

    @action(description=_("Invite by e-mail …"), permissions=["change"])
    def invite_all(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponseBase | None:
        """Asks first; then those who have never logged in are sent a link to choose a password by."""
        if "confirmed" not in request.POST:
            words = _("Each who is active and has never logged in is sent a link to choose a password by.")
            return self._ask(request, queryset, forms.Form(), say("Invite by e-mail"), words)
        invited: list[User] = []

        def choose(agent: Agent) -> str | None:
            if not agent.user.is_active:
                return say("not active")
            if agent.user.last_login:
                return say("logged in already")
            if len(invited) >= MOST_LETTERS:
                return say("more than %(most)d at once; invite them next") % {"most": MOST_LETTERS}
            invited.append(agent.user)
            return None

        passed_by = self._run(queryset, choose)[1]
        self.tell(request, send_invitations(invited, site_of(request)))
        self._say_passed_by(request, passed_by)
        return None

    def tell(self, request: HttpRequest, outcome: Sent) -> None:
        """The next page says what became of invitations."""
        super().tell(request, outcome)  # type: ignore[misc]

    def _ask(
        self,
        request: HttpRequest,
        queryset: QuerySet[Agent],
        form: forms.Form,
        title: str,
        words: str | Promise = "",
    ) -> HttpResponseBase:
        """The page that asks for what the action needs, and sends the same action back with it."""
        count = queryset.count()
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "title": title,
            "words": words,
            "form": form,
            "count": count,
            "names": [str(agent) for agent in queryset[:MOST_NAMES]],
            "more": max(count - MOST_NAMES, 0),
            "action": request.POST["action"],
            "across": request.POST.get("select_across", "0"),
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/agents/agent/bulk.html", context)

    def _do(self, request: HttpRequest, queryset: QuerySet[Agent], verb: Verb) -> None:
        """`verb` has been done to each, and the next page says to how many."""
        count, passed_by = self._run(queryset, verb)
        if count:
            self.message_user(  # type: ignore[attr-defined]
                request,
                ngettext("%(count)d agent is changed.", "%(count)d agents are changed.", count) % {"count": count},
                messages.SUCCESS,
            )
        self._say_passed_by(request, passed_by)

    def _run(self, queryset: QuerySet[Agent], verb: Verb) -> tuple[int, dict[str, list[str]]]:
        """To how many `verb` was done, and who was passed by, by the reason."""
        count = 0
        passed_by: dict[str, list[str]] = defaultdict(list)
        for agent in queryset.select_related("user"):
            why_not = verb(agent)
            if why_not is None:
                count += 1
            else:
                passed_by[str(why_not).rstrip(".")].append(str(agent))
        return count, passed_by

    def _say_passed_by(self, request: HttpRequest, passed_by: dict[str, list[str]]) -> None:
        """The next page says who was passed by, and why."""
        for reason, names in passed_by.items():
            shown = ", ".join(names[:MOST_NAMES])
            if len(names) > MOST_NAMES:
                more = len(names) - MOST_NAMES
                shown = ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
                    "names": shown,
                    "count": more,
                }
            self.message_user(  # type: ignore[attr-defined]
                request,
                say("Passed by: %(names)s (%(reason)s).") % {"names": shown, "reason": reason},
                messages.WARNING,
            )


def _place_calls(agent: Agent, allowed: bool) -> str | None:
    """The agent may place calls, or may not; what keeps it from being changed."""
    if agent.can_place_calls == allowed:
        return say("may already") if allowed else say("may not already")
    Agent.objects.filter(pk=agent.pk).update(can_place_calls=allowed)
    return None
