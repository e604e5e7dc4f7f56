"""The end user's own line: whether it is with a provider, what it is told, and the end of it while the call goes on."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from calls import lifecycle, orders
from calls.models import Call, Participant, VoipOrder

# The stay of an end user whose line is with the provider: it came in by itself, or was dialled and answered.
IS_UP = (
    Q(type=Participant.Type.END_USER)
    & (Q(on_line_at__isnull=False) | Q(status=Participant.Status.CONNECTED))
    & ~Q(status=Participant.Status.FINISHED)
)


def stays_on_line(calls: Iterable[Call]) -> QuerySet[Participant]:
    """The end users of `calls` whose line is with the provider."""
    return Participant.objects.filter(IS_UP, call__in=[call.pk for call in calls])


def on_line(calls: Iterable[Call]) -> set[int]:
    """The ids of those of `calls` whose end user is on the line."""
    return set(stays_on_line(calls).values_list("call_id", flat=True))


def up_since(call: Call) -> datetime | None:
    """Since when the end user of `call` is on the line; None where they are not."""
    stay = stays_on_line([call]).first()
    return (stay.on_line_at or stay.connected_at) if stay else None


def tell(calls: Iterable[Call], at: datetime) -> None:
    """The end user's line of each of `calls` is told, after the commit, what comes next."""
    orders.give_all(calls, VoipOrder.Kind.INSTRUCT, at)


def hang_up(calls: Iterable[Call], at: datetime) -> None:
    """Whatever lines `calls` have are ended after the commit."""
    orders.give_all(calls, VoipOrder.Kind.HANG_UP, at)


def reach(calls: Iterable[Call], at: datetime) -> None:
    """The end user of each of `calls` is rung after the commit, once, and told what the line is for."""
    orders.give_all(calls, VoipOrder.Kind.REACH, at)


def leave_line(calls: Iterable[Call], at: datetime) -> None:
    """The end users of `calls` are off the line, and wait to be called: that stay is over, and a new one begins."""
    for stay in list(stays_on_line(calls)):
        lifecycle.leave(stay, at)
        stay.save()
        Participant.objects.create(call_id=stay.call_id, type=stay.type, end_user_id=stay.end_user_id)
