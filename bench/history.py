"""A center's past: many finished calls, put into the tables directly.

The first of them are made one by one and written in bulk; the database itself repeats these for the time after, since
Python takes a minute for a hundred thousand calls.
"""

import math
import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.db import connection, models, transaction

from agents.models import Agent
from agents.serializers import agent_snapshot
from calls.models import (
    Call,
    CallType,
    Deflection,
    Disposition,
    EndUser,
    FailReason,
    OfferEvent,
    Participant,
    Status,
)
from calls.models.call import OVER
from calls.sample_history.later import later
from ccai.times import now, to_milliseconds
from menus.models import Menu

PAST = timedelta(days=730)
MADE = 10_000  # calls at most; the others repeat them
BATCH = 5_000
# Of a hundred calls, how many end so; the rest are rarer.
STATUSES = {
    Status.FINISHED: 80,
    Status.FAILED: 10,
    Status.CANCELLED: 4,
    Status.DEFLECTED: 3,
    Status.VOICEMAIL_READ: 2,
    Status.VOICEMAIL_RECEIVED: 0.8,
    Status.RECOVERED: 0.2,
}
FAIL_REASONS = {
    FailReason.EU_NO_ANSWER: 50,
    FailReason.EU_BUSY: 25,
    FailReason.EXPIRED: 20,
    FailReason.VOIP_CONN_TIMEOUT: 5,
}
CALL_TYPES = {
    CallType.INBOUND_IVR: 40,
    CallType.INBOUND_API: 20,
    CallType.OUTBOUND_API: 20,
    CallType.SCHEDULED_API: 12,
    CallType.INBOUND_MOBILE: 8,
}
LANGUAGES = {"en": 80, "es": 15, "ko": 5}
WITHOUT_AGENT = (Status.CANCELLED, Status.DEFLECTED, Status.VOICEMAIL_READ, Status.VOICEMAIL_RECEIVED)
CALLS_PER_END_USER = 5
# One customer is a company: this share of all calls is with its number, and half of these are about one ticket.
COMPANY = 0.02
COMPANY_NUMBER = "+12022000000"
COMPANY_TICKET = "T-0"
WITH_TICKET = 0.3
# Of the finished calls, how many are rated, and how many have an outcome; of all, how many customers are flagged.
RATED, WITH_OUTCOME = 0.2, 0.6
VERIFIED, BAD_ACTOR, REPEATED = 0.3, 0.001, 0.05
OUTCOMES = ("Sold", "Refund", "Question answered", "Wrong number", "Never chosen")


def write_history(calls: int) -> int:
    """About so many calls of the last two years, oldest first, each with two participants and an offer event.

    Returns how many they are. The tables were empty before.
    """
    times = math.ceil(calls / MADE)
    made = calls // times
    span = timedelta(seconds=PAST.total_seconds() // times)
    draw = random.Random(calls)  # the same past each time
    customers = made // CALLS_PER_END_USER
    end_users = EndUser.objects.bulk_create(
        (EndUser(number=number_of(customer), name=f"Customer {customer}") for customer in range(customers * times)),
        batch_size=BATCH,
    )[:customers]
    outcomes = [
        Disposition.objects.get_or_create(name=name, defaults={"position": position})[0]
        for position, name in enumerate(OUTCOMES)
    ]
    past = make_calls(made, span, draw, end_users, outcomes[:-1])
    while batch := list(islice(past, BATCH)):
        with transaction.atomic():
            Call.objects.bulk_create(batch)
            Participant.objects.bulk_create(participant for call in batch for participant in make_participants(call))
            OfferEvent.objects.bulk_create(
                OfferEvent(call=call, casting_time=call.created_at, group="Group 1") for call in batch
            )
    for time in range(1, times):
        with transaction.atomic():
            for model, key in ((Call, "id"), (Participant, "call_id"), (OfferEvent, "call_id")):
                repeat(model, key, made, time=time, span=span, end_users=end_users)
    return made * times


def number_of(customer: int) -> str:
    """The phone number of the customer who was met as the so many'th, from 0, which is the company."""
    return f"+1202{2_000_000 + customer}"


def repeat(
    model: type[models.Model], key: str, made: int, *, time: int, span: timedelta, end_users: list[EndUser]
) -> None:
    """Write the rows of the first `made` calls once more, `time` spans of time later. `key` is the call's id there.

    Each time other people call; the company remains. `end_users` are those of the first calls.
    """
    seconds = int(span.total_seconds()) * time
    others, company = len(end_users) * time, end_users[0]
    values = {}
    for field in model._meta.concrete_fields:
        column = connection.ops.quote_name(field.attname)
        if field.attname == key:
            values[column] = f"{column} + {made * time}"
        elif field.attname == "end_user_id":
            values[column] = f"CASE WHEN {column} = {company.pk} THEN {column} ELSE {column} + {others} END"
        elif field.attname == "end_user_number":
            other = f"'+' || (CAST(substr({column}, 2) AS bigint) + {others})"
            values[column] = f"CASE WHEN {column} = '{company.number}' THEN {column} ELSE {other} END"
        elif isinstance(field, models.DateTimeField):
            values[column] = later(column, seconds)
        elif not field.primary_key:
            values[column] = column
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM {table} WHERE {key} <= {made} ORDER BY id",
            [],
        )


def make_calls(
    count: int, span: timedelta, draw: random.Random, end_users: list[EndUser], outcomes: list[Disposition]
) -> Iterator[Call]:
    """So many calls of the first `span` of the past, unsaved."""
    agents = [(agent, agent_snapshot(agent)) for agent in Agent.objects.select_related("user")]
    menus = [(menu, menu.snapshot(), menu.path()) for menu in Menu.objects.order_by("pk")]
    popularity = [1 / rank for rank in range(1, len(menus) + 1)]
    statuses, fail_reasons, call_types, languages = (
        draw.choices(list(shares), list(shares.values()), k=count)
        for shares in (STATUSES, FAIL_REASONS, CALL_TYPES, LANGUAGES)
    )
    since, apart = now() - PAST, span / count
    for number in range(count):
        # One call in fifty comes in the same millisecond as the one before it.
        at = to_milliseconds(since + (number - (number % 50 == 1)) * apart)
        menu, selected_menu, menu_path = draw.choices(menus, popularity)[0]
        status, call_type = statuses[number], call_types[number]
        agent, agent_info = (None, None) if status in WITHOUT_AGENT else draw.choice(agents)
        is_company = draw.random() < COMPANY
        end_user = end_users[0] if is_company else draw.choice(end_users)
        call = Call(
            lang=languages[number],
            call_type=call_type,
            status=status,
            created_at=at,
            updated_at=at,
            queued_at=at,
            menu=menu,
            selected_menu=selected_menu,
            menu_path=menu_path,
            agent=agent,
            agent_info=agent_info,
            end_user=end_user,
            end_user_number=end_user.number,
            outbound_number="+12025550100",
            out_ticket_id=draw_ticket(draw, count, is_company=is_company),
            offer_type=menu.offer_type,
            cast_level=1,
        )
        settle(call, fail_reasons[number], draw)
        remark(call, draw, outcomes)
        yield call


def settle(call: Call, fail_reason: str, draw: random.Random) -> None:
    """The columns that follow from how the call ended."""
    call.wait_duration = draw.randrange(60)
    answered = call.created_at + timedelta(seconds=call.wait_duration)
    if call.agent:
        call.assigned_at = answered
    if call.call_type == CallType.SCHEDULED_API:
        call.scheduled_at = call.created_at + timedelta(hours=draw.randrange(1, 72))
    if call.status in (Status.FAILED, Status.RECOVERED):
        call.fail_reason = fail_reason
    if call.status == Status.DEFLECTED:
        call.deflection = Deflection.AFTER_HOURS_MESSAGE_ONLY
    if call.status == Status.FINISHED:
        call.connected_at, call.call_duration, call.voip_provider = answered, draw.randrange(10, 900), "sandbox"
    if call.status in OVER:
        call.ends_at = call.updated_at = answered + timedelta(seconds=call.call_duration)


def remark(call: Call, draw: random.Random, outcomes: list[Disposition]) -> None:
    """What is said of the call afterwards, and of the customer."""
    if call.status == Status.FINISHED:
        if draw.random() < RATED:
            call.rating = draw.randint(1, 5)
            call.has_feedback = draw.random() < 0.1
        if draw.random() < WITH_OUTCOME:
            call.disposition = draw.choice(outcomes)
    call.verified_customer = draw.random() < VERIFIED
    call.bad_actor = draw.random() < BAD_ACTOR
    call.repeat_customer = draw.random() < REPEATED


def make_participants(call: Call) -> Iterator[Participant]:
    """The end user, and the agent or, where none took the call, the virtual agent; both have left."""
    columns = {
        "call": call,
        "status": Participant.Status.FINISHED,
        "connected_at": call.connected_at,
        "ended_at": call.ends_at,
        "call_duration": call.call_duration if call.connected_at else None,
        "hold_duration": 0 if call.connected_at else None,
        "fail_reason": call.fail_reason,
    }
    kind = Participant.Type.AGENT if call.agent else Participant.Type.VIRTUAL_AGENT
    yield Participant(type=kind, agent=call.agent, **columns)
    yield Participant(type=Participant.Type.END_USER, end_user=call.end_user, **columns)


def draw_ticket(draw: random.Random, calls: int, *, is_company: bool) -> str | None:
    """The ticket a call is about, if any."""
    if is_company:
        return COMPANY_TICKET if draw.random() < 0.5 else None
    return f"T-{draw.randrange(1, calls // 10)}" if draw.random() < WITH_TICKET else None
