"""The parts of an agent's page that change by themselves, as HTML: what a page loads with, is answered and is sent.

Each part is an element with an id, which takes the place of the one with the same id (desk.js).
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString

from agents.models import Agent
from calls.desk.queues import Board
from calls.desk.state import CallFacts, Desk, read_desks
from calls.services.flags import FLAGS

# What an agent may say they are doing, with the icon of it. The others are the system's to say.
STATUSES = (
    (Agent.Status.AVAILABLE, "check_circle"),
    (Agent.Status.UNAVAILABLE, "do_not_disturb_on"),
    (Agent.Status.BREAK, "coffee"),
    (Agent.Status.MEAL, "restaurant"),
    (Agent.Status.WRAP_UP, "edit_note"),
    (Agent.Status.OFFLINE, "power_settings_new"),
)
FLAG_NAMES = {
    "verified_customer": ("verified_user", translation.gettext_lazy("Verified")),
    "bad_actor": ("gpp_bad", translation.gettext_lazy("Bad actor")),
    "repeat_customer": ("repeat", translation.gettext_lazy("Repeat")),
}


class Drawn(NamedTuple):
    """The parts that show what an agent is doing: the status switch, and the middle of the page."""

    status: SafeString
    main: SafeString

    def __str__(self) -> str:
        return self.status + self.main


class Shared(NamedTuple):
    """What an offer shows of its call, and until when it stands."""

    top: SafeString
    facts: SafeString


def draw_desks(agent_ids: Collection[int], at: datetime) -> dict[int, Drawn]:
    """What each of these agents is doing, in the language that is active. Nothing for who may not log in any more."""
    drawn: dict[object, Shared] = {}
    return {agent_id: draw_desk(desk, drawn) for agent_id, desk in read_desks(agent_ids, at).items()}


def draw_desk(desk: Desk, drawn: dict[object, Shared]) -> Drawn:
    """What an agent is doing. `drawn` keeps what is the same for all who are offered a call: they may be hundreds."""
    context: dict[str, object] = {"desk": desk}
    if desk.facts is not None:
        context |= {"facts": desk.facts, "call": desk.facts.call, "flags": flags_of(desk.facts)}
    if desk.offer is not None and desk.facts is not None:
        alike = (desk.offer.call_id, desk.offer.transfer_id, desk.offer.expires_at, desk.sees_callers)
        if alike not in drawn:
            drawn[alike] = Shared(
                render_to_string("desk/offer_top.html", context), render_to_string("desk/caller.html", context)
            )
        context["shared"] = drawn[alike]
    return Drawn(render_to_string("desk/status.html", context), render_to_string("desk/desk.html", context))


def draw_board(board: Board) -> SafeString:
    """The part that shows the queues."""
    return render_to_string("desk/queues.html", {"board": board})


def flags_of(facts: CallFacts) -> list[tuple[str, str, object, bool]]:
    """Each customer flag: its name on the wire, its icon, its name for people, and whether it is set."""
    return [(flag, *FLAG_NAMES[flag], getattr(facts.call, flag)) for flag in FLAGS]
