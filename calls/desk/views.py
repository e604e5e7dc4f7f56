"""What an agent does on the page: read the request, one verb, show what holds now. Every verb is a POST."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agents import availability
from agents.models import Agent
from calls import services
from calls.crm import crm
from calls.crm.base import CrmTicket, CrmUnavailable
from calls.desk.access import for_agents
from calls.desk.callers import sees_callers
from calls.desk.own import find, missed_by, own_call, own_offer, own_prompt
from calls.desk.queues import Board, Boards
from calls.desk.showing import STATUSES, draw_board, draw_desks
from calls.desk.targets import find_targets
from calls.desk.words import GONE, in_words
from calls.models import Disposition, Transfer
from calls.services import checks
from ccai.errors import Refused
from ccai.personal import masked_phone
from ccai.times import now
from menus.models import Menu

# More than the longest name that somebody looks for.
LONGEST_NAME = 100

Params = ParamSpec("Params")
AgentView = Callable[Concatenate[HttpRequest, Agent, Params], HttpResponseBase]


@require_safe
@for_agents
def page(request: HttpRequest, agent: Agent) -> HttpResponse:
    """GET /desk/: the page, with all that it shows at first."""
    at = now()
    availability.mark_seen([agent.pk], at)
    board = Boards().read([agent.pk], at).get(agent.pk, Board())
    context = {
        "agent": agent,
        "desk": draw_desks([agent.pk], at).get(agent.pk),
        "board": draw_board(board),
        "numbers": checks.agents_numbers(agent),
        "server_now": at,
        "statuses": STATUSES,
    }
    return render(request, "desk/page.html", context)


def verb(view: Callable[Concatenate[HttpRequest, Agent, Params], str | Promise | None]) -> Any:
    """A view that does `view`, and answers with what the agent's page shows then.

    What `view` returns is said on the page; a refusal is said there too, kindly, with its own status. What is not
    this agent's is gone: 404.
    """

    @require_POST
    @for_agents
    @wraps(view)
    def wrapper(request: HttpRequest, agent: Agent, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponse:
        status, level = 200, "done"
        try:
            said = view(request, agent, *args, **kwargs)
        except Refused as refusal:
            status, level, said = refusal.status, "refused", in_words(refusal)
        except Http404:
            status, level, said = 404, "refused", GONE
        response = HttpResponse(str(draw_desks([agent.pk], now()).get(agent.pk, "")), status=status)
        if said:
            response.headers["X-Desk-Say"] = json.dumps([level, str(said)])
        return response

    return wrapper


@verb
def set_status(request: HttpRequest, agent: Agent) -> None:
    """POST /desk/status: what the agent says they are doing."""
    status = request.POST.get("status", "")
    if status not in dict(STATUSES):
        raise Http404
    availability.mark_seen([agent.pk], now())
    availability.set_status(agent, status)


# --- What has the agent's time -----------------------------------------------------------------------------------


@verb
def accept(request: HttpRequest, agent: Agent, offer_id: int) -> None:
    """POST /desk/offers/{id}/accept."""
    services.accept_offer(own_offer(agent, offer_id))


@verb
def decline(request: HttpRequest, agent: Agent, offer_id: int) -> None:
    """POST /desk/offers/{id}/decline."""
    services.decline_offer(own_offer(agent, offer_id))


@require_safe
@for_agents
def prompt_form(request: HttpRequest, agent: Agent, prompt_id: int) -> HttpResponse:
    """GET /desk/prompts/{id}: the form of a dial prompt. The CRM is asked which numbers the ticket's contact has."""
    prompt = own_prompt(agent, prompt_id)
    ticket: CrmTicket | None = None
    crm_is_down = False
    if prompt.ticket_id:
        try:
            ticket = crm().find_ticket(prompt.ticket_id)
        except CrmUnavailable:
            crm_is_down = True
    contact = ticket.contact if ticket else None
    if not sees_callers(agent):
        prompt.end_user_number, contact = masked_phone(prompt.end_user_number) or "", None
    context = {
        "prompt": prompt,
        "ticket_url": ticket.url if ticket else None,
        "contact": contact,
        "crm_is_down": crm_is_down,
        "numbers": checks.agents_numbers(agent),
    }
    return render(request, "desk/prompt_form.html", context)


@verb
def use_prompt(request: HttpRequest, agent: Agent, prompt_id: int) -> None:
    """POST /desk/prompts/{id}/use: the call is placed, with the numbers chosen."""
    number = request.POST.get("typed_number", "").strip() or request.POST.get("end_user_number", "")
    services.use_dial_prompt(
        own_prompt(agent, prompt_id),
        outbound_number=request.POST.get("outbound_number") or None,
        end_user_number=number or None,
    )


@verb
def drop_prompt(request: HttpRequest, agent: Agent, prompt_id: int) -> None:
    """POST /desk/prompts/{id}/drop: it is not called."""
    services.drop_dial_prompt(own_prompt(agent, prompt_id))


# --- On a call ---------------------------------------------------------------------------------------------------


@verb
def hold(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/hold."""
    services.hold(own_call(agent, call_id), agent)


@verb
def resume(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/resume."""
    services.resume(own_call(agent, call_id), agent)


@verb
def hang_up(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/hang-up."""
    services.hang_up(own_call(agent, call_id), agent)


@require_safe
@for_agents
def targets(request: HttpRequest, agent: Agent, call_id: int) -> HttpResponse:
    """GET /desk/calls/{id}/targets?q=: whom the call may be handed on to."""
    own_call(agent, call_id)
    words = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_NAME]
    context = {"call_id": call_id, "words": words, **find_targets(agent, words, now())}
    return render(request, "desk/targets.html", context)


@verb
def transfer(request: HttpRequest, agent: Agent, call_id: int) -> str | None:
    """POST /desk/calls/{id}/transfer: to an agent, warm or cold, or to a menu."""
    call = own_call(agent, call_id)
    if to_menu := request.POST.get("to_menu"):
        services.transfer(call, agent, to_menu=find(Menu.objects.filter(deleted=False), to_menu))
        return _("Handed on.")
    to_agent = find(Agent.objects.filter(user__is_active=True).select_related("user"), request.POST.get("to_agent"))
    services.transfer(call, agent, to_agent=to_agent, kind=request.POST.get("kind", Transfer.Kind.COLD))
    return None


@verb
def complete_transfer(request: HttpRequest, agent: Agent, call_id: int) -> str:
    """POST /desk/calls/{id}/complete-transfer."""
    services.complete_transfer(own_call(agent, call_id), agent)
    return _("Handed on.")


@verb
def cancel_transfer(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/cancel-transfer."""
    services.cancel_transfer(own_call(agent, call_id), agent)


@verb
def set_flag(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/flag: one customer flag is set, or not."""
    flag = request.POST.get("flag", "")
    services.set_customer_flags(own_call(agent, call_id), {flag: request.POST.get("on") == "true"})


@verb
def write_note(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/note: what the agent writes about the call, who had the version `seen` before them."""
    services.write_note(own_call(agent, call_id), agent, request.POST.get("text", ""), seen=request.POST.get("seen"))


@verb
def set_disposition(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/disposition: what came of the call; nothing, where none is chosen."""
    chosen = request.POST.get("disposition")
    disposition = find(Disposition.objects.all(), chosen) if chosen else None
    services.set_disposition(own_call(agent, call_id), agent, disposition)


# --- Calling -----------------------------------------------------------------------------------------------------


@verb
def dial(request: HttpRequest, agent: Agent) -> None:
    """POST /desk/dial: a call by hand."""
    services.dial(
        agent,
        end_user_number=request.POST.get("end_user_number", "").strip(),
        outbound_number=request.POST.get("outbound_number") or None,
    )


@verb
def call_back(request: HttpRequest, agent: Agent, call_id: int) -> None:
    """POST /desk/calls/{id}/call-back: the end user of a call that was missed, that failed, or of a message."""
    services.call_back(missed_by(agent, call_id), agent, outbound_number=request.POST.get("outbound_number") or None)
