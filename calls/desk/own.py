"""What is an agent's own. Anything else is not there for them: 404."""

from typing import Any

from django.http import Http404

from agents.models import Agent
from calls import services
from calls.models import Call, DialPrompt, Offer, Participant
from menus.models import Menu


def own_offer(agent: Agent, offer_id: int) -> Offer:
    """The offer, where it was made to this agent; 404 otherwise."""
    offer = Offer.objects.filter(pk=offer_id, agent=agent).select_related("agent__user", "call").first()
    if offer is None:
        raise Http404
    return offer


def own_prompt(agent: Agent, prompt_id: int) -> DialPrompt:
    """The dial prompt, where it waits for this agent; 404 otherwise."""
    prompt = DialPrompt.objects.filter(pk=prompt_id, agent=agent).select_related("agent__user", "engagement").first()
    if prompt is None:
        raise Http404
    return prompt


def own_call(agent: Agent, call_id: int) -> Call:
    """The call, where this agent is or was on it; 404 otherwise."""
    stays = Participant.objects.filter(call=call_id, agent=agent, type=Participant.Type.AGENT)
    call = Call.objects.filter(pk__in=stays.values("call")).first()
    if call is None:
        raise Http404
    return call


def own_voicemail(agent: Agent, call_id: int) -> Call:
    """The message, where it lies in a box of this agent; 404 otherwise."""
    call = services.voicemails_for(agent).filter(pk=call_id).first()
    if call is None:
        raise Http404
    return call


def missed_by(agent: Agent, call_id: int) -> Call:
    """The call, where this agent was offered it or was on it, or it came to a queue or lies in a voicemail box of
    theirs; 404 otherwise."""
    call = Call.objects.filter(pk=call_id).first()
    if call is None or not (
        call.agent_id == agent.pk
        or Offer.objects.filter(call=call, agent=agent).exists()
        or Participant.objects.filter(call=call, agent=agent).exists()
        or Menu.objects.filter(pk__in=[pk for pk in (call.menu_id, call.queue_id) if pk], groups__agents=agent).exists()
        or services.voicemails_for(agent).filter(pk=call_id).exists()
    ):
        raise Http404
    return call


def find(rows: Any, key: str | None) -> Any:
    """The one of `rows` with this id, as a form sends it; 404 where there is none."""
    row = rows.filter(pk=int(key)).first() if key and key.isdecimal() and len(key) < 19 else None
    if row is None:
        raise Http404
    return row
