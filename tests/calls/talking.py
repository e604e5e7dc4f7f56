"""Calls on which somebody talks, for the tests of what can be done then."""

from agents.models import Engagement
from calls.models import Call, CallEvent, Offer, Participant, SandboxCall
from calls.services import apply_voip_event
from calls.voip.base import VoipEvent, VoipEventKind
from ccai.times import now

# The sandbox's end user who talks until somebody else hangs up.
PATIENT = "+1 202-555-5007"


def post_inbound(api, menu, number=PATIENT):
    """The id of a call that waits in `menu`'s queue."""
    response = api.post("/calls", {"call_type": "IncomingCall", "menu_id": menu.pk, "end_user_number": number})
    assert response.status_code == 201, response.json()
    return response.json()["id"]


def begin_talk(api, clock, menu, number=PATIENT):
    """A call of `menu`, whose agent answers automatically, with both sides on since this second."""
    call_id = post_inbound(api, menu, number)
    clock.tick()
    clock.pass_by(1)
    call = Call.objects.get(pk=call_id)
    assert (call.status, call.connected_at) == ("connected", now())
    return call


def begin_outbound_talk(api, clock, agent, number=PATIENT):
    """A call that `agent` placed, with both sides on since this second."""
    body = {"call_type": "OutboundCall", "agent_email": agent.user.email, "end_user_number": number}
    call_id = api.post("/calls", body).json()["id"]
    clock.tick()
    clock.pass_by(1)
    call = Call.objects.get(pk=call_id)
    assert (call.status, call.connected_at) == ("connected", now())
    return call


def report(call, kind, **details):
    """The call's provider reports something; whether it changed anything."""
    call.refresh_from_db()
    provider = details.pop("provider", call.voip_provider)
    at = details.pop("at", now())
    return apply_voip_event(VoipEvent(VoipEventKind(kind), call.pk, provider, at, **details))


def trail(call):
    """The statuses a call has had, in order."""
    return list(CallEvent.objects.filter(call=call).order_by("pk").values_list("new", flat=True))


def stays(call, **which):
    """The stays in a call, in order."""
    return list(Participant.objects.filter(call=call, **which).order_by("pk"))


def offer_to(agent):
    """The one open offer that `agent` has."""
    return Offer.objects.get(agent=agent, status="open")


def engaged():
    """The ids of the agents whose time is taken."""
    return set(Engagement.objects.filter(ended_at=None).values_list("agent_id", flat=True))


def line(call):
    """The call as its sandbox provider has it."""
    return SandboxCall.objects.get(call_ref=call.pk)
