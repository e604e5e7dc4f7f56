"""Callers on the phone: their line comes in, they walk the menus by keys, wait, and may give up at any place.

While a call is `selecting`, `menu`, `selected_menu` and `menu_path` say where in the tree the caller stands: a menu
with others below it until a leaf is chosen. So a caller who gives up is remembered with the menu they gave up in.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from agents.languages import covers
from agents.models import Language
from calls import lifecycle, offers
from calls.models import (
    Call,
    CallEvent,
    CallType,
    Deflection,
    DisconnectedBy,
    FailReason,
    Participant,
    RecordingPermission,
    Status,
)
from calls.models.call import OVER
from calls.services import checks, deflecting, end_users, lines, voicemail
from calls.services.checks import DEFAULT_LANGUAGE
from calls.voip.base import Instruction, InstructionKind
from ccai.times import now
from menus import spoken
from menus.models import DeflectionOption, Menu
from menus.spoken import choices

log = logging.getLogger(__name__)

BATCH = 200
# The key that turns waiting in the queue into leaving a message.
VOICEMAIL_KEY = "*"


def answer_phone(
    *,
    number: str,
    menu: Menu,
    provider: str,
    support_number: str = "",
    lang: str | None = None,
    at: datetime | None = None,
    begun: Callable[[Call], None] | None = None,
) -> Call:
    """A line from `number` (E.164) has come in at `provider`: its call is `selecting`, and hears `menu`'s message.

    A menu with no choices is entered at once: the caller waits in its queue, or gets what it gives instead.
    Nobody waits for the CRM: the clock asks it afterwards whose number it is. `begun` is told of the call in its
    transaction: what it keeps of the line is kept with the call, or not at all.
    """
    at = at or now()
    with transaction.atomic():
        call = Call(
            status=Status.SELECTING,
            call_type=CallType.INBOUND_IVR,
            lang=lang or choose_language(menu),
            menu=menu,
            selected_menu=menu.snapshot(),
            menu_path=menu.path(),
            end_user=end_users.of_caller(number),
            end_user_number=number,
            support_number=support_number,
            voip_provider=provider,
        )
        lifecycle.begin(call, "line_came_in", at)
        Participant.objects.create(
            call=call, type=Participant.Type.END_USER, end_user=call.end_user, on_line_at=at, dialled_at=at
        )
        if begun is not None:
            begun(call)
        _enter(call, menu, at)
    return call


def choose_language(menu: Menu) -> str:
    """The language of a caller who has not said which: the default where `menu` is served in it, else its first."""
    live = list(Language.objects.filter(state=Language.State.LIVE).order_by("code").values_list("code", flat=True))
    spoken = set(menu.languages.values_list("code", flat=True))
    codes = [code for code in live if not spoken or covers(spoken, code)]
    return DEFAULT_LANGUAGE if not codes or covers(codes, DEFAULT_LANGUAGE) else codes[0]


def press_key(call: Call, key: str, at: datetime) -> bool:
    """The caller has pressed `key` (0 to 9, * or #): a menu below, or the same prompt again; in the queue, a message.

    False where it changes nothing: a report that comes twice or late, or a call in which keys mean nothing.
    Call it in a transaction that has locked `call`.
    """
    if call.status == Status.QUEUED:
        return key == VOICEMAIL_KEY and not _is_of_before(call, at) and voicemail.leave_message(call, at)
    if call.status != Status.SELECTING or call.menu is None or _is_old(call, at):
        return False
    _enter(call, _chosen(call.menu, key) or call.menu, at)
    return True


def answer_to_key(call: Call, key: str) -> str:
    """What is said to a caller to whom `key` is no choice where they stand; "" where it is one, or keys choose nothing.

    Ask before the key is pressed.
    """
    if call.status != Status.SELECTING or call.menu is None or _chosen(call.menu, key):
        return ""
    with translation.override(call.lang):
        return str(spoken.NO_CHOICE)


def caller_left(call: Call, at: datetime) -> bool:
    """The caller has hung up, or their line is gone, before an agent had the call: `failed`, with the reason that fits.

    False where it changes nothing: nobody was on the line (any more), or an agent has the call.
    Call it in a transaction that has locked `call`.
    """
    if call.status == Status.VOICEMAIL:
        return voicemail.hang_up_without_message(call, at)
    if call.status not in GIVEN_UP or not lines.on_line([call]):
        return False
    offers.leave_queue(
        [call],
        Status.FAILED,
        cause="ended_by_end_user",
        at=at,
        fail_reason=GIVEN_UP[Status(call.status)],
        disconnected_by=DisconnectedBy.END_USER,
    )
    return True


def abandon_menus(at: datetime) -> int:
    """Callers who have pressed no key for too long are hung up: `failed`, `eu_in_menu_abandoned`. Returns how many."""
    with transaction.atomic():
        late = list(Call.objects.overdue(at, Status.SELECTING)[:BATCH])
        moved = lifecycle.transition_many(
            late,
            Status.FAILED,
            cause="no_choice_made",
            at=at,
            fail_reason=FailReason.EU_IN_MENU_ABANDONED,
            disconnected_by=DisconnectedBy.SYSTEM,
        )
        lines.hang_up(moved, at)
    return len(late)


def current_instruction(call: Call) -> Instruction | None:
    """What the end user's line is to do where `call` stands now; None where it is with an agent's, and left alone."""
    with translation.override(call.lang):
        if call.status in OVER:
            return _last_words(call)
        tell = INSTRUCTIONS.get(Status(call.status))
        return tell(call) if tell else None


def _chosen(menu: Menu, key: str) -> Menu | None:
    """The menu below `menu` that `key` chooses; None where it is no choice."""
    below = choices(menu)
    chosen = int(key) if key.isdecimal() and key.isascii() else 0
    return below[chosen - 1] if 0 < chosen <= len(below) else None


def _is_old(call: Call, at: datetime) -> bool:
    """True where a key pressed at `at` is no later than the last one, with which the deadline began anew."""
    if call.deadline_at is None:
        return False
    last = call.deadline_at - timedelta(seconds=settings.CCAI_SELECTING_DEADLINE)
    return last != call.created_at and at <= last


def _is_of_before(call: Call, at: datetime) -> bool:
    """True where a key pressed at `at` was pressed before `call`, which is queued, came to its queue the last time."""
    queued = CallEvent.objects.filter(call=call, new=Status.QUEUED).order_by("pk").last()
    # A call that was queued when it came in has no key before that; its provider's clock is behind.
    return queued is not None and call.created_at < queued.at and at < queued.at


def _enter(call: Call, menu: Menu, at: datetime) -> None:
    """The caller stands in `menu`: they are told of its choices, or have chosen, where it has none.

    A menu whose hours cannot be read is as good as closed: nobody is kept on the line for that.
    """
    below = choices(menu)
    columns = {
        "menu": menu,
        "selected_menu": menu.snapshot(),
        "menu_path": menu.path(),
        "deadline_at": at + timedelta(seconds=settings.CCAI_SELECTING_DEADLINE),
    }
    if not below:
        columns["outbound_number"] = checks.choose_menus_number(menu)
        columns["recorded"] = checks.is_recorded(menu, RecordingPermission.NOT_ASKED)
    for column, value in columns.items():
        setattr(call, column, value)
    Call.objects.filter(pk=call.pk, status=Status.SELECTING).update(**columns, updated_at=now())
    if below and not menu.deleted:
        lines.tell([call], at)
        return
    try:
        with transaction.atomic():
            deflecting.admit([call], menu, at, cause="menu_chosen")
    except ValueError:
        log.exception("menu %s: whether it is open cannot be told; look at its hours", menu.pk)
        deflecting.turn_away([call], menu, at)


def _prompt(call: Call) -> Instruction:
    """The message of the menu in which the caller stands; where it has none, its choices."""
    text = spoken.prompt(call.menu, choices(call.menu)) if call.menu else ""
    return Instruction(InstructionKind.GATHER, text)


def _wait(call: Call) -> Instruction:
    """The message of the queue, how to leave one instead, and music. Whose line was to be ended, to be called back, is
    told that."""
    if not lines.on_line([call]):
        return _goodbye(call)
    once = str(spoken.STAR_FOR_A_MESSAGE) if call.status == Status.QUEUED else ""
    return Instruction(InstructionKind.WAIT, call.queue.output_msg if call.queue else "", once=once)


def _record(call: Call) -> Instruction:
    """What the deflection says, and a message is recorded."""
    option = deflecting.option_behind(call)
    text = option.message if option and option.kind == DeflectionOption.Kind.VOICEMAIL else ""
    return Instruction(InstructionKind.RECORD, text or str(spoken.LEAVE_A_MESSAGE))


def _goodbye(call: Call) -> Instruction:
    """What the deflection says, and the end of the line."""
    option = deflecting.option_behind(call)
    return Instruction(InstructionKind.END, (option.message if option else "") or _sentence_of(call.deflection))


def _last_words(call: Call) -> Instruction:
    """The call is over: why, or the other phone that takes it."""
    if call.status == Status.DEFLECTED:
        option = deflecting.option_behind(call)
        if option and option.kind == DeflectionOption.Kind.PHONE:
            return Instruction(InstructionKind.DIAL, option.message, option.to_number)
        return _goodbye(call)
    if call.fail_reason == FailReason.EU_REPEATED_CALLBACK:
        return Instruction(InstructionKind.END, _("We have noted your call already, and will call you back."))
    if call.fail_reason == FailReason.MENU_DELETED:
        return Instruction(InstructionKind.END, _("Nobody can take your call here any more. Please call again."))
    return Instruction(InstructionKind.END)


def _sentence_of(deflection: str) -> str:
    """What a caller hears of this deflection where its menu has no words for it."""
    return str(SENTENCES.get(deflection, spoken.NOBODY))


# What is said of each deflection that is not simply closed.
SENTENCES: dict[str, Promise] = {
    Deflection.OVER_CAPACITY_CALLBACK: spoken.BUSY[DeflectionOption.Kind.CALLBACK],
    Deflection.OVER_CAPACITY_SCHEDULED_CALL: spoken.BUSY[DeflectionOption.Kind.SCHEDULED_CALL],
    Deflection.OVER_CAPACITY_MESSAGE_ONLY: spoken.BUSY[DeflectionOption.Kind.MESSAGE],
}

# Why a call failed whose caller gave up there.
GIVEN_UP = {Status.SELECTING: FailReason.EU_IN_MENU_ABANDONED, Status.QUEUED: FailReason.EU_ABANDONED}

INSTRUCTIONS: dict[Status, Callable[[Call], Instruction]] = {
    Status.SELECTING: _prompt,
    Status.QUEUED: _wait,
    Status.ASSIGNED: _wait,
    Status.SCHEDULED: _goodbye,
    Status.VOICEMAIL: _record,
}
