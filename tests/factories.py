"""Rows for tests, made directly: for the states that no request brings about at once."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from agents.models import Agent, Language, OutboundNumber, User
from agents.serializers import agent_snapshot
from calls.models import Call, FailReason, Status
from calls.models.call import OVER, WITH_AGENT
from ccai.heartbeat import DESK, give_steady_sign
from ccai.times import now
from menus.models import AgentGroup, Menu

numbers = count(1)


def make_agent(email: str | None = None, *, active: bool = True, status: str = "available", **columns: Any) -> Agent:
    """An agent with a login, available unless said otherwise."""
    # Names that sort in the order in which the agents are made.
    number = f"{next(numbers):05}"
    user = User.objects.create(
        email=email or f"agent{number}@example.com", first_name="Agent", last_name=number, is_active=active
    )
    return Agent.objects.create(user=user, status=status, **columns)


def make_person(role: str) -> User:
    """Somebody who works in the back office with that role, and is no agent."""
    person = User.objects.create(email=f"{role}{next(numbers)}@example.com", is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    return person


def look_for_pages(until: datetime, seconds: int = 120) -> None:
    """Web processes have looked which pages are open, for so long and without a gap, until the moment `until`."""
    for ago in range(seconds, -1, -15):
        give_steady_sign(DESK, until - timedelta(seconds=ago))


def make_menu(name: str = "Sales", *, agents: list[Agent] | None = None, **columns: Any) -> Menu:
    """An open mobile menu; with `agents`, they are its one group."""
    menu = Menu.objects.create(**{"name": name, "menu_type": "mobile_menu", **columns})
    if agents is not None:
        AgentGroup.objects.create(menu=menu, name="Group 1").agents.set(agents)
    return menu


def make_center() -> None:
    """A live English and one outbound number, without which no call is made."""
    Language.objects.get_or_create(code="en")
    OutboundNumber.objects.get_or_create(number="+13392195276", defaults={"is_default": True})


def make_call(status: str, *, save: bool = True, **columns: Any) -> Call:
    """A call that stands at `status`, with all that the database wants of such a call."""
    at = now()
    call = Call(status=status, call_type="Voice Inbound (API)", lang="en", end_user_number="+12025550123")
    call.created_at = call.updated_at = at
    if status == Status.SCHEDULED:
        call.scheduled_at = at + timedelta(hours=1)
    call.menu = columns.pop("menu", None) or make_menu()
    call.selected_menu, call.menu_path = call.menu.snapshot(), call.menu.path()
    call.queue, call.queued_at, call.waits_since = call.menu, at, at
    if status in WITH_AGENT:
        call.agent = columns.pop("agent", None) or make_agent()
        call.agent_info, call.assigned_at, call.voip_provider = agent_snapshot(call.agent), at, "sandbox"
    if status == Status.CONNECTED:
        call.connected_at = at
    if status in OVER:
        call.ends_at = at
    if status in (Status.FAILED, Status.RECOVERED):
        call.fail_reason = FailReason.UNKNOWN
    for column, value in columns.items():
        setattr(call, column, value)
    if save:
        call.save()
    return call
