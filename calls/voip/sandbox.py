"""The sandbox provider: dials nobody, and plays the end user by the last four digits of the number.

    5001 busy · 5002 no answer · 5003 wrong number · 5006 rejects
    5004 the first provider errs, the next connects · 5005 every provider errs
    any other: rings CCAI_SANDBOX_RING_SECONDS, answers, talks CCAI_SANDBOX_TALK_SECONDS, hangs up

The agent's leg answers at once. Its calls stand in the database, so a restart loses none, and it is driven by the same
clock as all else.
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
from calls.voip.base import Deliver, DialOrder, VoipError, VoipEvent, VoipEventKind, VoipProvider, VoipState
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

    def place_call(self, order: DialOrder) -> str:
        """The agent's leg answers with the next tick. A repeat of the same call changes nothing."""
        ending = order.to_number[-4:]
        is_first = self.name == settings.CCAI_VOIP_PROVIDERS[0]
        if ending == EVERY_PROVIDER_ERRS or (ending == FIRST_PROVIDER_ERRS and is_first):
            raise VoipError(f"{self.name} errs for numbers that end in {ending}")
        at = now()
        SandboxCall.objects.get_or_create(
            provider=self.name,
            call_ref=order.call_id,
            defaults={
                "to_number": order.to_number,
                "from_number": order.from_number,
                "recorded": order.recorded,
                "step": Step.AGENT_ANSWERS,
                "next_at": at,
                "created_at": at,
            },
        )
        return f"{self.name}-{order.call_id}"

    def connect(self, order: DialOrder) -> None:
        """The end user's phone rings."""
        rings_until = now() + timedelta(seconds=settings.CCAI_SANDBOX_RING_SECONDS)
        self._calls(order.call_id).filter(step=Step.WAITING).update(step=Step.END_USER_REACTS, next_at=rings_until)

    def hang_up(self, call_id: int) -> None:
        """The call is over here, and nothing more is reported of it."""
        self._calls(call_id).update(step=Step.OVER, next_at=None)

    def find_call(self, order: DialOrder, since: datetime) -> VoipState:
        """What the books say. They are never wrong, so `since` does not matter."""
        played = self._calls(order.call_id).first()
        if played is None:
            return VoipState.UNKNOWN
        if played.step in (Step.OVER, Step.RECORDING_IS_READY):
            return VoipState.OVER
        if played.step == Step.WAITING:
            return VoipState.AGENT_WAITS
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
                played.save(update_fields=["step", "next_at", "connected_at"])
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

        if played.step == Step.AGENT_ANSWERS:
            occurred = event(VoipEventKind.AGENT_ANSWERED)
            played.step, played.next_at = Step.WAITING, None
        elif played.step == Step.END_USER_REACTS and played.to_number[-4:] in DISAPPOINTMENTS:
            occurred = event(VoipEventKind.FAILED, fail_reason=DISAPPOINTMENTS[played.to_number[-4:]])
            played.step, played.next_at = Step.OVER, None
        elif played.step == Step.END_USER_REACTS:
            occurred = event(VoipEventKind.CONNECTED)
            played.connected_at = played.next_at
            talks_until = (played.next_at or now) + timedelta(seconds=settings.CCAI_SANDBOX_TALK_SECONDS)
            played.step, played.next_at = Step.END_USER_HANGS_UP, talks_until
        elif played.step == Step.END_USER_HANGS_UP:
            occurred = event(VoipEventKind.ENDED, ended_by=DisconnectedBy.END_USER)
            played.step = Step.RECORDING_IS_READY if played.recorded else Step.OVER
            played.next_at = played.next_at if played.recorded else None
        else:
            occurred = event(VoipEventKind.RECORDED, recording=generate_recording())
            played.step, played.next_at = Step.OVER, None
        return occurred

    def _calls(self, call_id: int) -> models.QuerySet[SandboxCall]:
        return SandboxCall.objects.filter(provider=self.name, call_ref=call_id)
