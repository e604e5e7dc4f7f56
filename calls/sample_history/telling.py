"""Tells what became of calls, one after the other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from django.conf import settings

from calls.models import CallType, Status
from calls.sample_history.center import Center, Customer
from calls.sample_history.endings import ENDINGS, LONGEST_TALK
from calls.sample_history.shares import OUTBOUND, SCHEDULED, Card, spread
from calls.sample_history.steps import AROUND_A_TALK, LONGEST_WAIT, Steps
from calls.sample_history.story import Story
from menus.models import Menu


def longest_call(center: Center) -> timedelta:
    """No call takes longer from the moment it was made, or was due, to its end."""
    waits = max(settings.CCAI_UNANSWERED_CALL_EXPIRATION, settings.CCAI_SCHEDULED_CALL_EXPIRATION, LONGEST_WAIT)
    rounds = max(sum((group.timeout for group in desk.groups), timedelta(0)) for desk in center.desks)
    return timedelta(seconds=waits + LONGEST_TALK + 10 * AROUND_A_TALK) + rounds


class Teller:
    """Tells stories of one center. Scheduled calls are due by `due_by`, and nothing happens after `until`."""

    def __init__(
        self, center: Center, customers: Sequence[Customer], draw: Random, *, due_by: datetime, until: datetime
    ) -> None:
        self.center = center
        self.customers = customers
        self.draw = draw
        self.due_by = due_by
        self._steps = Steps(center, draw, due_by=due_by, until=until)

    def suits(self, card: Card, at: datetime) -> bool:
        """Whether such a call is likely at the moment `at`: one that waits for an agent meets an open menu."""
        status, call_type = card
        if call_type in OUTBOUND or call_type in SCHEDULED or status in (Status.DEFLECTED, Status.ACTION_ONLY_FINISHED):
            return True
        return bool(self.center.desks_for(call_type, at, Menu.State.OPEN))

    def tell(self, card: Card, at: datetime) -> Story:
        """A call that was made at `at`, of this type, and ended so. `recovered` is its failure until now."""
        status, call_type = card
        # A few customers call often, most now and then.
        customer = self.customers[int(len(self.customers) * self.draw.random() ** 1.5)]
        story = self._steps.begin(call_type, at, customer)
        ENDINGS[status](self._steps, story)
        story.end_stays()
        return story

    def call_back(self, failed: Story) -> Story:
        """The call that made up for `failed`, which is `recovered` now that this one has finished."""
        at = failed.at + timedelta(milliseconds=int(spread(self.draw, 600, least=60, most=3_600) * 1_000))
        at = max(failed.at, min(at, self.due_by - timedelta(minutes=1)))
        story = self._steps.begin(CallType.SCHEDULED_API, at, failed.customer)
        story.parent = failed
        ENDINGS[Status.FINISHED](self._steps, story)
        story.end_stays()
        failed.at = story.at
        failed.move(Status.RECOVERED, "called_back")
        return story
