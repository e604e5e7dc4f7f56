"""The sandbox provider: dials nobody, and plays the end user by the last four digits of the number.

    5001 busy · 5002 no answer · 5003 wrong number · 5006 rejects
    5004 the first provider errs, the next connects · 5005 every provider errs
    5007 answers, and talks until somebody else hangs up
    any other: rings CCAI_SANDBOX_RING_SECONDS, answers, talks CCAI_SANDBOX_TALK_SECONDS, hangs up

Agents' lines answer at once. Callers on the phone (`manage.py ring`) press the keys they were given, one each time they
have been told something. Its calls stand in the database, so a restart loses none, and it is driven by the same clock
as all else.
"""

import io
import logging
import math
import struct
import wave
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction

from calls.models import DisconnectedBy, FailReason, SandboxCall
from calls.voip.base import (
    Deliver,
    DialOrder,
    Instruction,
    InstructionKind,
    VoipError,
    VoipEvent,
    VoipEventKind,
    VoipProvider,
    VoipState,
)
from ccai.times import now

log = logging.getLogger(__name__)

Step = SandboxCall.Step

# How the end user behind a number disappoints.
DISAPPOINTMENTS = {
    "5001": FailReason.EU_BUSY,
    "5002": FailReason.EU_NO_ANSWER,
    "5003": FailReason.EU_WRONG_NUMBER,
    "5006": FailReason.EU_REJECTED,
}
FIRST_PROVIDER_ERRS = "5004"
EVERY_PROVIDER_ERRS = "5005"

STAYS_ON_THE_LINE = "5007"
# How long a message takes that a caller leaves.
MESSAGE_SECONDS = timedelta(seconds=2)

# Where nobody is on the line any more.
ENDED = (Step.OVER, Step.RECORDING_IS_READY)

# How soon a step that failed is tried again.
TRY_AGAIN = timedelta(seconds=5)

SAMPLE_RATE = 8_000  # per second
TONE = 440  # Hz


def generate_recording(seconds: float = 1.0) -> bytes:
    """A WAV file: a quiet tone, one channel, 16 bits."""
    samples = (int(4_000 * math.sin(2 * math.pi * TONE * n / SAMPLE_RATE)) for n in range(int(SAMPLE_RATE * seconds)))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLE_RATE)
        recording.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()


class SandboxProvider(VoipProvider):
    """A provider that plays both ends."""

    def ring(self, call_id: int, *, from_number: str, keys: str = "", patience: float | None = None) -> str:
        """A caller's line has come in for the call `call_id`. They press the next of `keys` each time they are told
        something, and hang up after `patience` seconds unless an agent answers. Returns the provider's own id."""
        at = now()
        hangs_up_at = None if patience is None else at + timedelta(seconds=patience)
        SandboxCall.objects.create(
            provider=self.name,
            call_ref=call_id,
            to_number=from_number,
            keys=keys,
            step=Step.CALLER_WAITS,
            hangs_up_at=hangs_up_at,
            next_at=hangs_up_at,
            created_at=at,
        )
        return self._ref(call_id)

    def place_call(self, order: DialOrder) -> str:
        """The agent's line answers with the next tick. A repeat while the call is under way changes nothing."""
        self._err_for(order.to_number)
        self._begin(order, step=Step.AGENT_ANSWERS, leg=order.leg, next_at=now())
        return self._ref(order.call_id)

    def connect(self, order: DialOrder) -> None:
        """The end user's phone rings."""
        rings_until = now() + timedelta(seconds=settings.CCAI_SANDBOX_RING_SECONDS)
        self._calls(order.call_id).filter(step=Step.WAITING).update(step=Step.END_USER_REACTS, next_at=rings_until)

    def add_agent(self, order: DialOrder) -> None:
        """That agent's line answers with the next tick."""
        self._calls(order.call_id).exclude(step__in=ENDED).update(
            leg=order.leg, from_number=order.from_number, recorded=order.recorded, next_at=now()
        )

    def drop_agent(self, call_id: int, leg: int) -> None:
        """A line that rings is let go. One that has answered is not in these books, and simply gone."""
        self._calls(call_id).filter(leg=leg).exclude(step__in=ENDED).update(leg=0, next_at=models.F("hangs_up_at"))

    def hold(self, call_id: int) -> None:
        """The books say so."""
        self._calls(call_id).update(held=True)

    def resume(self, call_id: int) -> None:
        """The books say so."""
        self._calls(call_id).update(held=False)

    def instruct(self, call_id: int, instruction: Instruction) -> None:
        """The caller hears the text, and leaves a message or is gone where that is what it says."""
        with transaction.atomic():
            played = self._calls(call_id).exclude(step__in=ENDED).select_for_update().first()
            if played is not None:
                self._follow(played, instruction, now())
                played.save(update_fields=["step", "next_at", "heard"])

    def reach(self, order: DialOrder, instruction: Instruction) -> str:
        """The end user's phone rings, and they do as the line tells them, unless their number disappoints."""
        self._err_for(order.to_number)
        answers_at = now() + timedelta(seconds=settings.CCAI_SANDBOX_RING_SECONDS)
        with transaction.atomic():
            played = self._begin(order, step=Step.END_USER_REACTS, next_at=answers_at)
            if order.to_number[-4:] not in DISAPPOINTMENTS:
                self._follow(played, instruction, answers_at)
                played.save(update_fields=["step", "next_at", "heard"])
        return self._ref(order.call_id)

    def hang_up(self, call_id: int) -> None:
        """The call is over here. Nothing more is reported of it, but for the recording of a talk."""
        talked = self._calls(call_id).filter(connected_at__isnull=False, recorded=True).exclude(step__in=ENDED)
        talked.update(step=Step.RECORDING_IS_READY, next_at=now(), leg=0)
        self._calls(call_id).exclude(step=Step.RECORDING_IS_READY).update(step=Step.OVER, next_at=None, leg=0)

    def find_call(self, order: DialOrder, since: datetime) -> VoipState:
        """What the books say. They are never wrong, so `since` does not matter."""
        played = self._calls(order.call_id).first()
        if played is None:
            return VoipState.UNKNOWN
        if played.step in ENDED:
            return VoipState.OVER
        if played.step in (Step.CALLER_ACTS, Step.CALLER_WAITS, Step.MESSAGE_IS_LEFT):
            return VoipState.DIALLING if played.leg else VoipState.CALLER_WAITS
        if played.step == Step.WAITING:
            return VoipState.AGENT_WAITS
        if order.leg and played.step == Step.END_USER_HANGS_UP:
            # An answer is reported with the stroke that takes the line out of these books.
            return VoipState.DIALLING if played.leg == order.leg else VoipState.CALLER_WAITS
        return VoipState.CONNECTED if played.connected_at else VoipState.DIALLING

    def play(self, now: datetime, deliver: Deliver) -> int:
        """Every call whose time has come takes its next step, and the event is delivered in the same transaction."""
        played = 0
        while self._play_one(now, deliver):
            played += 1
        return played

    def _play_one(self, now: datetime, deliver: Deliver) -> bool:
        """Play the call whose turn it is; False where there is none. One that cannot be played waits, and is logged."""
        played = None
        try:
            with transaction.atomic():
                played = (
                    SandboxCall.objects.filter(provider=self.name, next_at__lte=now)
                    .order_by("next_at", "pk")
                    .select_for_update(skip_locked=True)
                    .first()
                )
                if played is None:
                    return False
                deliver(self._step(played, now))
                played.save(update_fields=["step", "next_at", "connected_at", "hangs_up_at", "keys", "leg"])
        except Exception:
            if played is None:
                raise
            log.exception("call %s: its next step failed here; it is tried again", played.call_ref)
            SandboxCall.objects.filter(pk=played.pk).update(next_at=now + TRY_AGAIN)
        return True

    def _step(self, played: SandboxCall, now: datetime) -> VoipEvent:
        """Move `played` one step on (unsaved), and say what there is to report."""

        def event(kind: VoipEventKind, **details: object) -> VoipEvent:
            return VoipEvent(kind, played.call_ref, self.name, played.next_at or now, **details)  # type: ignore[arg-type]

        if played.leg or played.step == Step.AGENT_ANSWERS:
            occurred = event(VoipEventKind.AGENT_ANSWERED, leg=played.leg)
            self._agent_answers(played, played.next_at or now)
        elif played.step == Step.CALLER_ACTS:
            occurred = event(VoipEventKind.KEY_PRESSED, key=played.keys[0])
            played.keys = played.keys[1:]
            played.step, played.next_at = Step.CALLER_WAITS, played.hangs_up_at
        elif played.step == Step.MESSAGE_IS_LEFT:
            occurred = event(VoipEventKind.MESSAGE_LEFT, recording=generate_recording(MESSAGE_SECONDS.total_seconds()))
            played.step, played.next_at = Step.OVER, None
        elif played.step == Step.END_USER_REACTS and played.to_number[-4:] in DISAPPOINTMENTS:
            occurred = event(VoipEventKind.FAILED, fail_reason=DISAPPOINTMENTS[played.to_number[-4:]])
            played.step, played.next_at = Step.OVER, None
        elif played.step == Step.END_USER_REACTS:
            occurred = event(VoipEventKind.CONNECTED)
            self._talk(played, played.next_at or now)
        elif played.step in (Step.END_USER_HANGS_UP, Step.CALLER_WAITS):
            occurred = event(VoipEventKind.ENDED, ended_by=DisconnectedBy.END_USER)
            is_recorded = played.recorded and played.step == Step.END_USER_HANGS_UP
            played.step = Step.RECORDING_IS_READY if is_recorded else Step.OVER
            played.next_at = played.next_at if is_recorded else None
        else:
            occurred = event(VoipEventKind.RECORDED, recording=generate_recording())
            played.step, played.next_at = Step.OVER, None
        return occurred

    def _agent_answers(self, played: SandboxCall, at: datetime) -> None:
        """The line that rang has answered: the end user is dialled next, or is there and talks, or talks on."""
        played.leg = 0
        if played.step == Step.AGENT_ANSWERS:
            played.step, played.next_at = Step.WAITING, None
        elif played.step in (Step.CALLER_ACTS, Step.CALLER_WAITS):
            self._talk(played, at)
        else:
            played.next_at = played.hangs_up_at

    def _talk(self, played: SandboxCall, at: datetime) -> None:
        """The end user talks from `at` on, for as long as their number says."""
        talks = timedelta(seconds=settings.CCAI_SANDBOX_TALK_SECONDS)
        played.connected_at = at
        played.step, played.keys = Step.END_USER_HANGS_UP, ""
        played.hangs_up_at = None if played.to_number.endswith(STAYS_ON_THE_LINE) else at + talks
        played.next_at = played.hangs_up_at

    def _follow(self, played: SandboxCall, instruction: Instruction, at: datetime) -> None:
        """The end user's line (unsaved) does as it is told, at `at`."""
        if instruction.text:
            played.heard = [*played.heard, instruction.text]
        if instruction.kind in (InstructionKind.DIAL, InstructionKind.END):
            has_recording = played.recorded and played.connected_at is not None
            played.step = Step.RECORDING_IS_READY if has_recording else Step.OVER
            played.next_at = at if has_recording else None
        elif instruction.kind == InstructionKind.RECORD:
            self._act_at(played, Step.MESSAGE_IS_LEFT, at + MESSAGE_SECONDS)
        elif played.keys and played.step in (Step.CALLER_ACTS, Step.CALLER_WAITS):
            self._act_at(played, Step.CALLER_ACTS, at + timedelta(seconds=settings.CCAI_SANDBOX_KEY_SECONDS))

    def _act_at(self, played: SandboxCall, step: str, at: datetime) -> None:
        """The caller (unsaved) takes the step at `at`, unless their patience ends first."""
        if played.hangs_up_at is not None and played.hangs_up_at <= at:
            played.step, played.next_at = Step.CALLER_WAITS, played.hangs_up_at
        else:
            played.step, played.next_at = step, at

    def _begin(self, order: DialOrder, **columns: object) -> SandboxCall:
        """The call in the books as it is, where it is under way; else it begins, anew if it was here before."""
        beginning = {
            "to_number": order.to_number,
            "from_number": order.from_number,
            "recorded": order.recorded,
            "keys": "",
            "held": False,
            "hangs_up_at": None,
            "connected_at": None,
            "created_at": now(),
            **columns,
        }
        self._calls(order.call_id).filter(step__in=ENDED).update(**beginning)
        played, _created = SandboxCall.objects.get_or_create(
            provider=self.name, call_ref=order.call_id, defaults=beginning
        )
        return played

    def _err_for(self, number: str) -> None:
        """Raise VoipError where numbers that end like `number` are errors here."""
        is_first = self.name == settings.CCAI_VOIP_PROVIDERS[0]
        if number.endswith(EVERY_PROVIDER_ERRS) or (number.endswith(FIRST_PROVIDER_ERRS) and is_first):
            raise VoipError(f"{self.name} errs for numbers that end in {number[-4:]}")

    def _ref(self, call_id: int) -> str:
        return f"{self.name}-{call_id}"

    def _calls(self, call_id: int) -> models.QuerySet[SandboxCall]:
        return SandboxCall.objects.filter(provider=self.name, call_ref=call_id)
