"""Dial prompts: an outbound call that waits for its agent to choose a number. The only writer of their status."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from agents import availability
from agents.models import Agent, Engagement
from calls import errors
from calls.crm.base import CrmTicket
from calls.models import DialPrompt
from calls.services import checks
from calls.services.checks import Party
from calls.services.outbound import NewCall, begin_outbound
from ccai.errors import Refused
from ccai.times import now

BATCH = 200


def create(agent: Agent, party: Party, outbound_number: str, lang: str) -> DialPrompt:
    """A dial prompt waits on the agent's call adapter, and has the agent's time; "" stands for what is to be chosen.

    Refused where the agent is not free any more.
    """
    with transaction.atomic():
        at = now()
        engagement = checks.take_agents_time(agent, Engagement.Kind.DIAL_PROMPT, at)
        return DialPrompt.objects.create(
            agent=agent,
            engagement=engagement,
            lang=lang,
            ticket_id=party.ticket.ticket_id if party.ticket else None,
            end_user_number=party.number,
            outbound_number=outbound_number,
            created_at=at,
            expires_at=at + timedelta(seconds=settings.CCAI_DIAL_PROMPT_TTL),
        )


def use_dial_prompt(
    prompt: DialPrompt, *, outbound_number: str | None = None, end_user_number: str | None = None
) -> NewCall:
    """The prompt is used and its call is made, with the numbers the agent chose where the prompt left them open. While
    the CRM does not answer the call is with the number, whoever has it, and about the ticket.

    Refused where the prompt has lapsed or was used (409), and as POST /calls refuses a number.
    """
    agent = prompt.agent
    number = checks.find_agents_number(prompt.outbound_number or outbound_number or None, agent)
    if not number:
        raise Refused(errors.NO_OUTBOUND_NUMBER)
    ticket = _find_ticket(prompt.ticket_id) if prompt.ticket_id else None
    chosen = checks.read_number(prompt.end_user_number or end_user_number or "", errors.NOT_WELL_FORMED_OUTBOUND)
    party = Party(chosen, ticket, ticket.contact if ticket else None)
    with transaction.atomic():
        at = now()
        used = DialPrompt.objects.filter(pk=prompt.pk, status=DialPrompt.Status.OPEN, expires_at__gt=at).update(
            status=DialPrompt.Status.USED
        )
        if not used:
            raise Refused(errors.DIAL_PROMPT_IS_GONE)
        availability.become_call(prompt.engagement_id)
        new = begin_outbound(agent, prompt.engagement, party, number, prompt.lang, cause="dial_prompt", at=at)
        DialPrompt.objects.filter(pk=prompt.pk).update(call=new.call)
    return new


def drop_dial_prompt(prompt: DialPrompt, at: datetime | None = None) -> None:
    """The agent makes no call of it, and is free. Refused (409) where the prompt has lapsed or was used."""
    with transaction.atomic():
        open_one = DialPrompt.objects.filter(pk=prompt.pk, status=DialPrompt.Status.OPEN)
        if not open_one.update(status=DialPrompt.Status.LAPSED):
            raise Refused(errors.DIAL_PROMPT_IS_GONE)
        availability.release([prompt.engagement_id], at or now())


def lapse(at: datetime) -> int:
    """Prompts nobody has answered in time are lapsed, and their agents free. Returns how many."""
    return _lapse(DialPrompt.objects.filter(expires_at__lte=at), at)


def lapse_of(agent: Agent, at: datetime) -> int:
    """Prompts that wait for `agent`, who is leaving, are lapsed. Returns how many."""
    return _lapse(DialPrompt.objects.filter(agent=agent), at)


def _find_ticket(ticket_id: str) -> CrmTicket:
    try:
        return checks.find_ticket(ticket_id)
    except Refused as refused:
        if refused.code != errors.CRM_NOT_REACHABLE.code:
            raise
        return CrmTicket(ticket_id, None, None)


def _lapse(prompts: QuerySet[DialPrompt], at: datetime) -> int:
    """The open ones of `prompts` that nobody is using this moment are lapsed, and their agents free."""
    with transaction.atomic():
        lapsing = list(
            prompts.filter(status=DialPrompt.Status.OPEN)
            .order_by("expires_at")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        DialPrompt.objects.filter(pk__in=[prompt.pk for prompt in lapsing]).update(status=DialPrompt.Status.LAPSED)
        availability.release([prompt.engagement_id for prompt in lapsing], at)
    return len(lapsing)
