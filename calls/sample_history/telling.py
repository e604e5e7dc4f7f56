"""Tells what became of calls, one after the other."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.conf import settings

from calls.models import CallType, Status
from calls.sample_history.center import Center, Customer
from calls.sample_history.endings import ENDINGS, LONGEST_TALK
from calls.sample_history.shares import OUTBOUND, SCHEDULED, Card, spread
from calls.sample_history.steps import AROUND_A_TALK, LONGEST_WAIT, Steps
from calls.sample_history.story import Story
from menus.models import Menu

NEEDS_NO_AGENT = (
    Status.DEFLECTED,
    Status.ACTION_ONLY_FINISHED,
    Status.VOICEMAIL_RECEIVED,
    Status.VOICEMAIL_READ,
)


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

    def deal(self, cards: Counter[Card], moments: Sequence[datetime]) -> list[Card]:
        """A card for each of `moments`: calls that wait for an agent come while a menu is open, if there is room."""
        dealt: list[Card | None] = [None] * len(moments)
        suitable: dict[CallType, list[int]] = {}
        for call_type in sorted({call_type for status, call_type in cards if _waits_at_once(status, call_type)}):
            desks_for = partial(self.center.desks_for, call_type, state=Menu.State.OPEN)
            suitable[call_type] = [place for place, at in enumerate(moments) if desks_for(at=at)]
            self.draw.shuffle(suitable[call_type])
        anywhen: list[Card] = []
        # Those with the fewest open hours come first.
        for card in sorted(cards, key=lambda card: len(suitable.get(card[1], moments))):
            room = iter(suitable[card[1]] if _waits_at_once(*card) else ())
            for _call in range(cards[card]):
                place = next((place for place in room if dealt[place] is None), None)
                if place is None:
                    anywhen.append(card)
                else:
                    dealt[place] = card
        self.draw.shuffle(anywhen)
        return [card or anywhen.pop() for card in dealt]

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
        story = self._steps.begin(CallType.OUTBOUND, at, failed.customer)
        story.parent = failed
        ENDINGS[Status.FINISHED](self._steps, story)
        story.end_stays()
        failed.at = story.at
        failed.move(Status.RECOVERED, "called_back")
        return story


def _waits_at_once(status: Status, call_type: CallType) -> bool:
    """Whether such a call waits for an agent as soon as it is made."""
    return status not in NEEDS_NO_AGENT and call_type not in OUTBOUND and call_type not in SCHEDULED
