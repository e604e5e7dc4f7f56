"""Who is free, and what takes an agent's time: the only writer of an agent's status and of engagements.

An agent's time is one thing. Whoever wants some of it locks the agent's row, looks, and opens an Engagement; the
database refuses a second open one.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from agents import webhooks
from agents.models import Agent, Engagement, StatusChange
from ccai import heartbeat
from ccai.announcing import announce_on_commit
from ccai.times import now


def set_status(
    agent: Agent,
    status: str,
    at: datetime | None = None,
    *,
    only_from: Collection[str] = Agent.Status.values,
    until: datetime | None = None,
) -> bool:
    """The agent's status is `status` from `at` on, with a line in the history; False where it was that already.

    Nothing changes where the agent is none of `only_from` any more: what a person chooses meanwhile holds. A wrap-up is
    over at `until`, where that is given. During a call the new status takes effect after it: an open engagement
    outshines any status.
    """
    at = at or now()
    with transaction.atomic():
        webhooks.catch_up(agent.pk)
        changed = (
            Agent.objects.filter(pk=agent.pk, status__in=only_from)
            .exclude(status=status)
            .update(status=status, status_since=at, idle_since=at, wrap_up_until=until)
        )
        if changed:
            StatusChange.objects.create(agent_id=agent.pk, status=status, at=at)
            agent.status, agent.status_since, agent.idle_since = status, at, at
            announce_on_commit([agent.pk])
            webhooks.record_status(agent)
    return bool(changed)


def free(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Those of `agents` who are active, available, and held by no call, offer or dial prompt."""
    return agents.filter(
        ~Exists(Engagement.objects.filter(agent=OuterRef("pk"), ended_at=None)),
        user__is_active=True,
        status=Agent.Status.AVAILABLE,
    )


def lock_free(agents: QuerySet[Agent]) -> list[Agent]:
    """Those of `agents` who are active, available and not engaged, locked until the transaction ends.

    Agents whom another transaction is engaging right now are passed over, not waited for. Engagements are read once
    more after the locks are held, so that one committed in between is seen.
    """
    locked = list(free(agents).select_related("user").select_for_update(skip_locked=True, of=("self",)))
    taken = set(
        Engagement.objects.filter(agent__in=[agent.pk for agent in locked], ended_at=None).values_list(
            "agent_id", flat=True
        )
    )
    return [agent for agent in locked if agent.pk not in taken]


def engage(agent: Agent, kind: str, at: datetime) -> Engagement | None:
    """The agent's time is taken, and the Engagement that takes it; None where the agent is not free (any more).

    Call it in a transaction: what the time is taken for commits with it, or not at all. Another transaction that
    is engaging the agent is waited for.
    """
    locked = Agent.objects.select_for_update().filter(pk=agent.pk, status=Agent.Status.AVAILABLE).first()
    if locked is None or Engagement.objects.filter(agent=agent, ended_at=None).exists():
        return None
    announce_on_commit([agent.pk])
    return Engagement.objects.create(agent=agent, kind=kind, started_at=at)


def engage_locked(agents: Iterable[Agent], kind: str, at: datetime) -> dict[int, Engagement]:
    """An Engagement for each of `agents`, by agent id. They come from `lock_free`, in the same transaction."""
    engagements = Engagement.objects.bulk_create(Engagement(agent=agent, kind=kind, started_at=at) for agent in agents)
    announce_on_commit([engagement.agent_id for engagement in engagements])
    return {engagement.agent_id: engagement for engagement in engagements}


def become_call(engagement_id: int) -> None:
    """What was an offer or a dial prompt is a call from now on; the agent was never free in between."""
    Engagement.objects.filter(pk=engagement_id, ended_at=None).update(kind=Engagement.Kind.CALL)


def release(engagement_ids: Collection[int], at: datetime) -> int:
    """The agents have their time back, and are idle since `at`. Returns how many engagements ended.

    An offer that came to nothing makes nobody less idle.
    """
    if not engagement_ids:
        return 0
    open_ones = Engagement.objects.filter(pk__in=engagement_ids, ended_at=None)
    kinds = dict(open_ones.values_list("agent_id", "kind"))
    worked = [agent_id for agent_id, kind in kinds.items() if kind != Engagement.Kind.OFFER]
    Agent.objects.filter(pk__in=worked).update(idle_since=at)
    announce_on_commit(kinds)
    return open_ones.update(ended_at=at)


def miss_calls(agent_ids: Collection[int], at: datetime) -> None:
    """Those of the agents who are available have missed a call, and are offered none until they say they are back."""
    for agent in Agent.objects.filter(pk__in=agent_ids, status=Agent.Status.AVAILABLE):
        set_status(agent, Agent.Status.MISSED_CALL, at, only_from=[Agent.Status.AVAILABLE])


def mark_seen(agent_ids: Collection[int], at: datetime) -> None:
    """The pages of these agents are open at `at`.

    Who is being written to by somebody else this moment is marked the next time, so that nobody waits for this.
    """
    with transaction.atomic():
        idle_rows = Agent.objects.filter(pk__in=agent_ids).select_for_update(skip_locked=True)
        Agent.objects.filter(pk__in=idle_rows.values("pk")).update(seen_at=at)


def miss_vanished(at: datetime) -> int:
    """Available agents whose page has not been seen for CCAI_AGENT_GONE_SECONDS are unresponsive. Returns how many.

    Who is on a call is not missed until it is over; who has never opened the page is not missed at all. Nobody is
    missed while no pages can be seen, because the web processes are down, and everybody has as long to come back then.
    """
    last_seen = at - timedelta(seconds=settings.CCAI_AGENT_GONE_SECONDS)
    on_call = Engagement.objects.filter(agent=OuterRef("pk"), ended_at=None, kind=Engagement.Kind.CALL)
    vanished = Agent.objects.filter(~Exists(on_call), status=Agent.Status.AVAILABLE, seen_at__lt=last_seen)
    if not vanished.exists():
        return 0
    looking_since = heartbeat.steady_since(heartbeat.DESK, at)
    if looking_since is None or looking_since > last_seen:
        return 0
    with transaction.atomic():
        missed = list(vanished.select_for_update(skip_locked=True))
        for agent in missed:
            set_status(agent, Agent.Status.UNRESPONSIVE, at, only_from=[Agent.Status.AVAILABLE])
    return len(missed)


def begin_wrap_ups(agent_ids: Collection[int], at: datetime) -> None:
    """Those of the agents who are available are in wrap-up until CCAI_WRAP_UP_SECONDS after `at`, where that is not 0.

    Who has chosen another status during the call has it now, without a wrap-up. A report of the past writes the history
    on from now: who copies it reads on from the last line (GET /manager/api/v1/agent_activity_logs).
    """
    if not settings.CCAI_WRAP_UP_SECONDS:
        return
    until = at + timedelta(seconds=settings.CCAI_WRAP_UP_SECONDS)
    for agent in Agent.objects.filter(pk__in=agent_ids, status=Agent.Status.AVAILABLE):
        set_status(agent, Agent.Status.WRAP_UP, max(at, now()), only_from=[Agent.Status.AVAILABLE], until=until)


def end_wrap_ups(at: datetime) -> int:
    """Agents whose wrap-up is over are available again. Returns how many."""
    with transaction.atomic():
        rested = list(
            Agent.objects.filter(status=Agent.Status.WRAP_UP, wrap_up_until__lte=at).select_for_update(skip_locked=True)
        )
        for agent in rested:
            set_status(agent, Agent.Status.AVAILABLE, at, only_from=[Agent.Status.WRAP_UP])
    return len(rested)
