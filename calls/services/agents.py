"""What an agent's leaving means for the calls they are held out, dial or talk in."""

from datetime import datetime

from django.db import transaction

from agents import availability
from agents.models import Agent, User
from calls import offers
from calls.services import dial_prompts
from ccai.announcing import announce_on_commit
from ccai.times import now


def deactivate(agent: Agent, at: datetime | None = None) -> bool:
    """Nobody can log in as `agent`, who is offline and holds nothing up any more; False where that was so already.

    What they were offered goes on to others at once, their dial prompts have lapsed, and their page asks for a login.
    A call that was assigned to them and not dialled yet is given back by the clock within a second
    (`settling.give_back_from_vanished`); one in which they talk goes on to its end.
    """
    at = at or now()
    with transaction.atomic():
        left = bool(User.objects.filter(pk=agent.user_id, is_active=True).update(is_active=False))
        let_go(agent, at)
    return left


def let_go(agent: Agent, at: datetime) -> None:
    """`agent`, whose login is not active any more, is offline, and what was held out to them is so to others."""
    with transaction.atomic():
        offers.withdraw_from(agent, at)
        dial_prompts.lapse_of(agent, at)
        availability.set_status(agent, Agent.Status.OFFLINE, at)
        announce_on_commit([agent.pk])
