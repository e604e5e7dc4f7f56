"""What becomes of a call that comes to a menu: the menu's queue, or what it gets instead of an agent.

A menu that is closed, redirected or has too many waiting deflects the call as its options say; one without an option
for the occasion says so in a message. Callers on the phone and scheduled calls that are due come in here (`admit`), and
callers who have waited too long are taken out again (`over_capacity`). POST /calls refuses instead, or queues.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from calls import lifecycle, offers, waiting
from calls.models import (
    Call,
    Deflection,
    DeflectionDetail,
    DisconnectedBy,
    FailReason,
    Participant,
    Status,
    VoicemailReason,
)
from calls.services import lines
from calls.voip import first_provider
from menus.models import DeflectionOption, Menu

Occasion = DeflectionOption.Occasion
Kind = DeflectionOption.Kind

BATCH = 200

# What a call is deflected to (contract section 2, `deflection`): by hours or redirection, and over capacity.
DEFLECTIONS = {
    Kind.MESSAGE: Deflection.AFTER_HOURS_MESSAGE_ONLY,
    Kind.VOICEMAIL: Deflection.AFTER_HOURS_VOICEMAIL,
    Kind.PHONE: Deflection.TEMP_REDIRECTION_PHONE,
    Kind.QUEUE: Deflection.TEMP_REDIRECTION_QUEUE,
}
OVER_CAPACITY = {
    Kind.MESSAGE: Deflection.OVER_CAPACITY_MESSAGE_ONLY,
    Kind.VOICEMAIL: Deflection.OVER_CAPACITY_VOICEMAIL,
    Kind.CALLBACK: Deflection.OVER_CAPACITY_CALLBACK,
    Kind.SCHEDULED_CALL: Deflection.OVER_CAPACITY_SCHEDULED_CALL,
}
OCCASIONS = {Menu.State.AFTER_HOURS: Occasion.AFTER_HOURS, Menu.State.MANUAL_REDIRECTION: Occasion.REDIRECTION}
# What the call's event gives as its cause.
CAUSES = {
    Occasion.AFTER_HOURS: "after_hours",
    Occasion.REDIRECTION: "manual_redirection",
    Occasion.OVER_CAPACITY: "over_capacity",
}


@dataclass(frozen=True)
class Detour:
    """A menu that does not take the call, on which occasion, and what it gives instead."""

    menu: Menu
    occasion: DeflectionOption.Occasion
    kind: DeflectionOption.Kind = Kind.MESSAGE
    onward: Menu | None = None  # QUEUE
    wait: timedelta = timedelta()  # SCHEDULED_CALL: until the call is made

    @property
    def deflection(self) -> Deflection:
        """The contract's word for it."""
        return word_for(self.occasion, self.kind)


@dataclass(frozen=True)
class Way:
    """Where calls go that come to a menu: by each of `detours`, one sending them on to the next, to `queue`; None where
    the last one gives something else. `room` says for how many of those that were asked about this holds."""

    detours: list[Detour]
    queue: Menu | None
    room: int


def word_for(occasion: str, kind: str) -> Deflection:
    """The contract's word for what a menu gives on this occasion, which has this kind."""
    words = OVER_CAPACITY if occasion == Occasion.OVER_CAPACITY else DEFLECTIONS
    return words[Kind(kind)]


def admit(calls: Sequence[Call], menu: Menu, at: datetime, *, cause: str) -> None:
    """`calls`, which come to `menu` at the moment `at`, wait in its queue, or are deflected as it says then.

    Those of a deleted menu come to its substitute; where it has none, they are `failed`, `menu_deleted`. A call that
    was deflected for want of capacity before is not so again. Call it in a transaction. Raises ValueError where the
    hours of a menu on the way cannot be read.
    """
    taker = menu.stand_in()
    if taker is None:
        refuse(calls, FailReason.MENU_DELETED, at, cause=cause)
        return
    been_put_off = [call for call in calls if call.deflection in OVER_CAPACITY.values()]
    others = [call for call in calls if call.deflection not in OVER_CAPACITY.values()]
    for batch, by_capacity in ((others, True), (been_put_off, False)):
        rest = batch
        while rest:
            way = find_way(taker, at, len(rest), by_capacity=by_capacity)
            # Where a queue has room for some, the others find it full.
            those, rest = rest[: way.room], rest[way.room :]
            if way.detours:
                deflect(those, way.detours, way.queue, at)
            elif way.queue is not None:
                _enqueue(those, way.queue, at, cause=cause)


def find_way(menu: Menu, at: datetime, many: int, *, by_capacity: bool) -> Way:
    """Where the first of `many` calls goes that come to `menu` one after the other, and how many go the same way.

    A redirection to a deleted menu leads to its substitute; one that leads nowhere, or back, is a message.
    """
    detours: list[Detour] = []
    seen: set[int] = set()
    here: Menu | None = menu
    while here is not None:
        seen.add(here.pk)
        detour, room = _turned_away(here, at, many, by_capacity=by_capacity)
        if detour is None:
            return Way(detours, here, room)
        if detour.onward is not None:
            onward = detour.onward.stand_in()
            if onward is None or onward.pk in seen:
                detour = replace(detour, kind=Kind.MESSAGE, onward=None)
            else:
                detour = replace(detour, onward=onward)
        detours.append(detour)
        here = detour.onward
    return Way(detours, None, many)


def turn_away(calls: Sequence[Call], menu: Menu, at: datetime) -> None:
    """`calls` are deflected as if `menu` were closed and had nothing but a message. Call it in a transaction."""
    deflect(calls, [Detour(menu, Occasion.AFTER_HOURS)], None, at)


def deflect(calls: Sequence[Call], detours: Sequence[Detour], queue: Menu | None, at: datetime) -> None:
    """`calls` are deflected by each of `detours`, and get what the last of them gives; `queue` is where that leads.

    Each has a detail for every menu that turned it away, and its line is told. Call it in a transaction.
    """
    GIVE[detours[-1].kind](calls, detours, queue, at)


def refuse(calls: Sequence[Call], reason: str, at: datetime, *, cause: str) -> None:
    """`calls` are `failed` for this reason, by the system; callers on the line are told and hung up."""
    moved = offers.leave_queue(
        calls, Status.FAILED, cause=cause, at=at, fail_reason=reason, disconnected_by=DisconnectedBy.SYSTEM
    )
    lines.tell(moved, at)


def over_capacity(at: datetime) -> int:
    """Callers on the phone who have waited as long as their queue lets them get what it gives instead. Returns how
    many. Those who were handed on by an agent, and those who were deflected so before, wait on."""
    callers = Call.objects.filter(
        Exists(
            Participant.objects.filter(
                call=OuterRef("pk"),
                type=Participant.Type.END_USER,
                status=Participant.Status.WAITING,
                on_line_at__isnull=False,
            )
        ),
        status=Status.QUEUED,
        connected_at=None,
    ).exclude(Q(voip_provider="") | Q(deflection__in=OVER_CAPACITY.values()))
    options = DeflectionOption.objects.filter(
        Exists(callers.filter(queue=OuterRef("menu"))),
        occasion=Occasion.OVER_CAPACITY,
        after_seconds__isnull=False,
    ).select_related("menu")
    done = 0
    for option in options:
        longest = timedelta(seconds=option.after_seconds or 0)
        with transaction.atomic():
            late = list(
                callers.filter(queue=option.menu, waits_since__lte=at - longest)
                .order_by("-priority", "waits_since", "pk")
                .select_for_update(skip_locked=True, of=("self",))[:BATCH]
            )
            if late:
                deflect(late, [_over_capacity_of(option.menu, option, timedelta())], None, at)
                done += len(late)
    return done


def leave_deleted_menus(at: datetime) -> int:
    """Calls that wait in the queue of a menu that is deleted by now wait in that of its substitute, where they keep
    their place; where it has none, they are `failed`, `menu_deleted`. Returns how many."""
    with transaction.atomic():
        lost = list(
            Call.objects.filter(status=Status.QUEUED, queue__in=Menu.objects.filter(deleted=True).values("pk"))
            .order_by("pk")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH]
        )
        deleted = Menu.objects.in_bulk({call.queue_id for call in lost if call.queue_id})
        for menu_id, menu in deleted.items():
            calls = [call for call in lost if call.queue_id == menu_id]
            substitute = menu.stand_in()
            if substitute is None:
                refuse(calls, FailReason.MENU_DELETED, at, cause="menu_deleted")
            else:
                _enqueue(calls, substitute, at, cause="menu_deleted")
    return len(lost)


def option_behind(call: Call) -> DeflectionOption | None:
    """The option that `call` was deflected by last, as it stands now; None where it is gone, or there was none."""
    detail = call.deflection_details.last()
    if detail is None or not detail.from_menu_path:
        return None
    menu_id = detail.from_menu_path["materialized_path"].rpartition("/")[2]
    options = DeflectionOption.objects.filter(menu=menu_id)
    # While a menu is redirected its hours do not matter.
    in_turn = sorted(options, key=lambda option: option.occasion != Occasion.REDIRECTION)
    return next((one for one in in_turn if word_for(one.occasion, _kind_of(one)) == detail.deflection), None)


def _turned_away(menu: Menu, at: datetime, many: int, *, by_capacity: bool) -> tuple[Detour | None, int]:
    """What `menu` gives the first of `many` calls that come at the moment `at`, None where it takes it; and how many
    of them get the same."""
    state = menu.state_at(at)
    if state != Menu.State.OPEN:
        occasion = OCCASIONS[Menu.State(state)]
        option = menu.option(occasion)
        if option is None:
            return Detour(menu, occasion), many
        onward = option.to_menu if option.kind == Kind.QUEUE else None
        return Detour(menu, occasion, _kind_of(option), onward), many
    option = menu.option(Occasion.OVER_CAPACITY) if by_capacity else None
    if option is None or option.after_seconds is None:
        return None, many
    wait = waiting.estimate([menu.pk], at)[menu.pk]
    room = wait.count_within(option.after_seconds, many)
    if room:
        return None, room
    return _over_capacity_of(menu, option, timedelta(seconds=wait.estimated_wait or 0)), many


def _over_capacity_of(menu: Menu, option: DeflectionOption, estimated: timedelta) -> Detour:
    """What `menu` gives a call that would wait for too long."""
    wait = max(estimated, timedelta(seconds=option.after_seconds or 0))
    return Detour(menu, Occasion.OVER_CAPACITY, _kind_of(option), wait=wait)


def _kind_of(option: DeflectionOption) -> DeflectionOption.Kind:
    """What `option` gives; a kind that its occasion does not have is a message."""
    kind = Kind(option.kind)
    return kind if kind in option.KINDS[Occasion(option.occasion)] else Kind.MESSAGE


def _enqueue(calls: Sequence[Call], queue: Menu, at: datetime, *, cause: str) -> None:
    """`calls` wait in `queue`, cast to its first group; callers on the line hear its message.

    Those that waited in another before are no longer offered to its agents, and keep their place in time.
    """
    groups = offers.groups_with_agents([queue.pk])[queue.pk]
    columns = offers.first_cast(queue, groups, at)
    move = offers.leave_queue if any(call.status == Status.QUEUED for call in calls) else lifecycle.transition_many
    moved = move(calls, Status.QUEUED, cause=cause, at=at, **columns)
    offers.record_cast(moved, groups, at)
    lines.tell(_those(moved, lines.on_line(moved)), at)


def _pass_through(
    calls: Sequence[Call], detours: Sequence[Detour], at: datetime, *, goes_on: bool, **columns: Any
) -> list[Call]:
    """Those of `calls` that are still where they were are `deflected`, each with its details. Returns them.

    `goes_on`: on the way to another status, in the same transaction.
    """
    moved = offers.leave_queue(
        calls,
        Status.DEFLECTED,
        cause=CAUSES[detours[0].occasion],
        at=at,
        goes_on=goes_on,
        deflection=detours[-1].deflection,
        **columns,
    )
    ways = {detour.menu.pk: detour.menu.path() for detour in detours}
    DeflectionDetail.objects.bulk_create(
        DeflectionDetail(
            call=call,
            deflection=detour.deflection,
            from_menu_path=call.menu_path if detour.menu.pk == call.menu_id else ways[detour.menu.pk],
        )
        for call in moved
        for detour in detours
    )
    return moved


def _give_message(calls: Sequence[Call], detours: Sequence[Detour], _queue: Menu | None, at: datetime) -> None:
    """It is over. Who is on the line hears why; nobody else is rung for that."""
    with_line = lines.on_line(calls)
    moved = _pass_through(calls, detours, at, goes_on=False, disconnected_by=DisconnectedBy.SYSTEM)
    lines.tell(_those(moved, with_line), at)


def _give_phone(calls: Sequence[Call], detours: Sequence[Detour], _queue: Menu | None, at: datetime) -> None:
    """It is over here: the line is joined to another phone; who has no line is rung for that, once."""
    with_line = lines.on_line(calls)
    moved = _pass_through(_those(calls, with_line), detours, at, goes_on=False, disconnected_by=DisconnectedBy.SYSTEM)
    lines.tell(moved, at)
    reached = _pass_through(
        _others(calls, with_line),
        detours,
        at,
        goes_on=False,
        disconnected_by=DisconnectedBy.SYSTEM,
        voip_provider=first_provider(),
    )
    lines.reach(reached, at)


def _give_voicemail(calls: Sequence[Call], detours: Sequence[Detour], _queue: Menu | None, at: datetime) -> None:
    """The end user leaves a message in the last menu's box; who has no line is rung for that, once."""
    with_line = lines.on_line(calls)
    last = detours[-1]
    is_full = last.occasion == Occasion.OVER_CAPACITY
    columns: dict[str, Any] = {
        "queue": last.menu,
        "voicemail_reason": VoicemailReason.OVER_CAPACITY if is_full else VoicemailReason.AFTER_HOURS,
        "cast_until": None,
    }
    cause = CAUSES[last.occasion]
    moved = _pass_through(calls, detours, at, goes_on=True)
    recording = lifecycle.transition_many(_those(moved, with_line), Status.VOICEMAIL, cause=cause, at=at, **columns)
    lines.tell(recording, at)
    reached = lifecycle.transition_many(
        _others(moved, with_line), Status.VOICEMAIL, cause=cause, at=at, voip_provider=first_provider(), **columns
    )
    Participant.objects.filter(call__in=[call.pk for call in reached], ended_at=None).update(dialled_at=at)
    lines.reach(reached, at)


def _give_queue(calls: Sequence[Call], detours: Sequence[Detour], queue: Menu | None, at: datetime) -> None:
    """The call waits in another menu's queue."""
    if queue is not None:
        _enqueue(_pass_through(calls, detours, at, goes_on=True), queue, at, cause="redirected")


def _give_callback(calls: Sequence[Call], detours: Sequence[Detour], _queue: Menu | None, at: datetime) -> None:
    """The caller hangs up and keeps their place: the call waits on without a line, and an agent's answer dials it.

    Who waits in this queue to be called back already is not twice: that call is `failed`, `eu_repeated_callback`.
    """
    menu = detours[-1].menu
    repeated = _asks_again(calls, menu)
    refuse(repeated, FailReason.EU_REPEATED_CALLBACK, at, cause="over_capacity")
    fresh = _others(calls, {call.pk for call in repeated})
    with_line = lines.on_line(fresh)
    waited = {call.pk for call in fresh if call.status == Status.QUEUED}
    moved = _pass_through(fresh, detours, at, goes_on=True)
    lines.leave_line(moved, at)
    lines.tell(_those(moved, with_line), at)
    # Who waited has been cast to agents already, and goes on from there.
    lifecycle.transition_many(_those(moved, waited), Status.QUEUED, cause="waits_for_callback", at=at)
    groups = offers.groups_with_agents([menu.pk])[menu.pk]
    columns = offers.first_cast(menu, groups, at)
    queued = lifecycle.transition_many(
        _others(moved, waited), Status.QUEUED, cause="waits_for_callback", at=at, **columns
    )
    offers.record_cast(queued, groups, at)


def _give_scheduled_call(calls: Sequence[Call], detours: Sequence[Detour], _queue: Menu | None, at: datetime) -> None:
    """The caller hangs up, and is called when there should be time for them."""
    with_line = lines.on_line(calls)
    moved = _pass_through(calls, detours, at, goes_on=True)
    lines.leave_line(moved, at)
    lines.tell(_those(moved, with_line), at)
    lifecycle.transition_many(
        moved,
        Status.SCHEDULED,
        cause="over_capacity",
        at=at,
        scheduled_at=at + detours[-1].wait,
        waits_since=None,
        cast_until=None,
    )


GIVE: dict[DeflectionOption.Kind, Callable[[Sequence[Call], Sequence[Detour], Menu | None, datetime], None]] = {
    Kind.MESSAGE: _give_message,
    Kind.PHONE: _give_phone,
    Kind.VOICEMAIL: _give_voicemail,
    Kind.QUEUE: _give_queue,
    Kind.CALLBACK: _give_callback,
    Kind.SCHEDULED_CALL: _give_scheduled_call,
}


def _asks_again(calls: Sequence[Call], menu: Menu) -> list[Call]:
    """Those of `calls` whose end user waits in the queue of `menu` to be called back already."""
    promised = set(
        Call.objects.filter(
            end_user__in={call.end_user_id for call in calls if call.end_user_id},
            status=Status.QUEUED,
            queue=menu,
            deflection=Deflection.OVER_CAPACITY_CALLBACK,
        )
        .exclude(pk__in=[call.pk for call in calls])
        .values_list("end_user_id", flat=True)
    )
    repeated = []
    for call in calls:
        if call.end_user_id in promised:
            repeated.append(call)
        elif call.end_user_id:
            promised.add(call.end_user_id)
    return repeated


def _those(calls: Sequence[Call], ids: set[int]) -> list[Call]:
    return [call for call in calls if call.pk in ids]


def _others(calls: Sequence[Call], ids: set[int]) -> list[Call]:
    return [call for call in calls if call.pk not in ids]
