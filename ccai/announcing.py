"""Telling open pages that something has changed for an agent: they look again at once instead of in a while.

An announcement says only whose page is stale. One that is lost costs seconds, since pages look by themselves too.
"""

from collections.abc import Iterable

import redis
from django.db import transaction

from ccai.redis import breaker, client

CHANNEL = "ccai:agents"


def announce(agent_ids: Iterable[int]) -> None:
    """Every web process that listens hears that these agents' pages are stale. Nothing where Redis does not answer."""
    names = " ".join(str(agent_id) for agent_id in sorted(set(agent_ids)))
    if not names or not breaker().closed():
        return
    try:
        client().publish(CHANNEL, names)
    except redis.RedisError as error:
        breaker().trip(error)


def announce_on_commit(agent_ids: Iterable[int]) -> None:
    """As `announce`, once what the current transaction wrote can be seen."""
    ids = set(agent_ids)
    if ids:
        transaction.on_commit(lambda: announce(ids))
