"""Twilio's lines in our books: each begins before Twilio is asked, and goes forward only."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from calls.models import TwilioLine

State = TwilioLine.State

FORWARD = (State.ASKED, State.RINGING, State.UP, State.OVER)


def of_call(provider: str, call_id: int) -> QuerySet[TwilioLine]:
    """All lines that the call has, or had, there."""
    return TwilioLine.objects.filter(provider=provider, call_ref=call_id)


def living(provider: str, call_id: int) -> QuerySet[TwilioLine]:
    """The lines of the call that are not over, as far as we know."""
    return of_call(provider, call_id).exclude(state=State.OVER).order_by("pk")


def newest(provider: str, call_id: int, leg: int = 0) -> TwilioLine | None:
    """The last line that was rung, or came in, for that leg."""
    return of_call(provider, call_id).filter(leg=leg).order_by("attempt").last()


def is_newest(line: TwilioLine) -> bool:
    """Whether no other line has been rung for its leg since."""
    return not of_call(line.provider, line.call_ref).filter(leg=line.leg, attempt__gt=line.attempt).exists()


def begin(provider: str, call_id: int, *, leg: int, to: str, shown: str) -> TwilioLine:
    """A line that Twilio is going to be asked for: another attempt than all before."""
    with transaction.atomic():
        last = of_call(provider, call_id).filter(leg=leg).aggregate(last=Max("attempt"))["last"] or 0
        return TwilioLine.objects.create(
            provider=provider, call_ref=call_id, leg=leg, attempt=last + 1, to_number=to, from_number=shown
        )


def adopt(line: TwilioLine, sid: str) -> bool:
    """`line` is Twilio's `sid`; False, and nothing changes, where it is another one already, or that is another's."""
    if line.sid == sid:
        return True
    if line.sid or TwilioLine.objects.filter(sid=sid).exists():
        return False
    taken = TwilioLine.objects.filter(pk=line.pk, sid="").update(sid=sid)
    line.refresh_from_db(fields=["sid"])
    return bool(taken) or line.sid == sid


def is_mistakable(line: TwilioLine, since: datetime) -> bool:
    """Whether other lines between the same numbers were asked for after `since` whose ids at Twilio we do not know."""
    alike = TwilioLine.objects.filter(
        provider=line.provider, sid="", to_number=line.to_number, from_number=line.from_number, created_at__gte=since
    )
    return alike.exclude(pk=line.pk).exclude(state=State.OVER).exists()


def advance(line: TwilioLine, state: str, at: datetime) -> bool:
    """`line` has come to `state`; False where it had come as far, or farther, before."""
    before = FORWARD[: FORWARD.index(State(state))]
    columns: dict[str, object] = {"state": state}
    if state == State.UP:
        columns["answered_at"] = at
    elif state == State.OVER:
        columns["over_at"] = at
    moved = TwilioLine.objects.filter(pk=line.pk, state__in=before).update(**columns)
    return bool(moved)


def note_told(line: TwilioLine, told: str) -> None:
    """The end user's line does `told` from now on."""
    TwilioLine.objects.filter(pk=line.pk).update(told=told)
