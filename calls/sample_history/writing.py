"""Writes many past calls, oldest first."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count as numbers
from itertools import islice, pairwise
from math import ceil
from random import Random

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Max

from agents.models import Agent, Engagement
from calls.models import Call, CallEvent, DeflectionDetail, Hold, Offer, OfferEvent, Participant, Status, Transfer
from calls.sample_history.center import Center, find_customers
from calls.sample_history.endings import MESSAGE
from calls.sample_history.repeating import repeat
from calls.sample_history.shares import Card, arrivals, deal_cards
from calls.sample_history.shifts import write_shifts
from calls.sample_history.story import Story
from calls.sample_history.telling import Teller, longest_call
from calls.voip.sandbox import generate_recording
from ccai.times import now, to_milliseconds

SEED = 1
BATCH = 1_000
WEEK = timedelta(weeks=1)
DAYS = 14
CALLS_AN_AGENT_A_DAY = 30
# Calls that are told one by one; beyond that, weeks are repeated.
TOLD = 60_000
# The share of them that does not come again, on the average of all times.
LEFT_OUT = 0.1
# Calls that are called back about are over by then, and are called back and due in what is left of an hour.
LEEWAY = timedelta(hours=1)
MESSAGE_SECONDS = 3


def make_calls(
    count: int,
    *,
    days: int = DAYS,
    until: datetime | None = None,
    seed: int = SEED,
    told: int = TOLD,
    progress: Callable[[int], None] | None = None,
) -> int:
    """The center has `count` calls more, all over, of the `days` days before `until` (now). Returns how many.

    They are made from what the center has, the same from the same center and `seed`, and written in batches, each in a
    transaction; `progress` is told how many there are after each. About `told` of them, those of the last weeks, are
    told call by call; the weeks before are these once more, each time with other calls left out. Nothing is written,
    and NobodyToCall raised, where the center has no menu or nobody who could have taken a call.
    """
    until = to_milliseconds(until or now())
    draw = Random(seed)  # noqa: S311 - nothing is kept secret by it
    center = Center()
    due_by = until - longest_call(center)
    last = due_by - LEEWAY
    weeks, times = plan(count, days, told)
    told = count if times == 1 else ceil(count * (1 + LEFT_OUT) / times)
    begin = last - weeks * WEEK if times > 1 else min(until - timedelta(days=days), last)
    cards = deal_cards(told)
    moments = list(arrivals(draw, cards.total(), begin, last, center.zone))
    teller = Teller(center, find_customers(draw, count, until - timedelta(days=days)), draw, due_by=due_by, until=until)
    stories = _tell(teller, teller.deal(cards, moments), moments)
    made = 0

    def made_more(number: int) -> None:
        nonlocal made
        made += number
        if progress:
            progress(made)

    before = Engagement.objects.aggregate(last=Max("pk"))["last"] or 0
    written = []
    while batch := list(islice(stories, BATCH)):
        _write(batch)
        written += [(story.call.pk, [one.pk for one in story.engagements]) for story in batch]
        made_more(len(batch))
    if times > 1:
        repeat(
            written,
            start=begin,
            end=until,
            earlier=[time * weeks * WEEK for time in range(1, times)],
            left_out=shares_of(draw, told * times - count, times - 1),
            zone=center.zone,
            progress=made_more,
        )
    write_shifts(before)
    return made


def days_for(count: int) -> int:
    """Over how many days so many calls are not too many for the agents there are."""
    return max(DAYS, ceil(count / CALLS_AN_AGENT_A_DAY / max(1, Agent.objects.count())))


def plan(count: int, days: int, told: int) -> tuple[int, int]:
    """How many weeks of `days` days are told, of `count` calls in all, and how many times they come."""
    if count <= told:
        return 0, 1
    weeks = max(1, days * told // count // 7)
    return weeks, max(1, round(days / 7 / weeks))


def shares_of(draw: Random, whole: int, parts: int) -> list[int]:
    """`whole` in so many `parts`, some of them large and some small."""
    weights = [draw.random() for _part in range(parts)]
    ends = [round(whole * sum(weights[:part]) / sum(weights)) for part in range(parts + 1)]
    return [end - start for start, end in pairwise(ends)]


def _tell(teller: Teller, cards: Sequence[Card], moments: Sequence[datetime]) -> Iterator[Story]:
    """A story for each of `cards` and its moment, and those that called back about one; in the order of time."""
    to_come: list[tuple[datetime, int, Story]] = []
    number = numbers()
    for card, at in zip(cards, moments, strict=True):
        while to_come and to_come[0][0] <= at:
            yield heappop(to_come)[-1]
        story = teller.tell(card, at)
        if card[0] == Status.RECOVERED:
            later = teller.call_back(story)
            heappush(to_come, (later.call.created_at, next(number), later))
        yield story
    while to_come:
        yield heappop(to_come)[-1]


@transaction.atomic
def _write(stories: Sequence[Story]) -> None:
    """The stories are in the tables, and the message that was left in some of them can be heard."""
    calls = [story.call for story in stories]
    if any(call.voicemail for call in calls) and not default_storage.exists(MESSAGE):
        default_storage.save(MESSAGE, ContentFile(generate_recording(MESSAGE_SECONDS)))
    _create(Engagement, [row for story in stories for row in story.engagements])
    _create(Call, calls)
    called_back = [story for story in stories if story.parent]
    for story in called_back:
        story.call.parent = story.parent.call if story.parent else None
    Call.objects.bulk_update([story.call for story in called_back], ["parent"])
    _create(Participant, [row for story in stories for row in story.participants])
    _create(CallEvent, [row for story in stories for row in story.events])
    _create(OfferEvent, [row for story in stories for row in story.offer_events])
    _create(Transfer, [row for story in stories for row in story.transfers])
    _create(Offer, [row for story in stories for row in story.offers])
    _create(Hold, [row for story in stories for row in story.holds])
    _create(DeflectionDetail, [row for story in stories for row in story.deflection_details])


def _create(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    model._default_manager.bulk_create(rows)
