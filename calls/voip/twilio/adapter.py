"""The Twilio adapter: what the project asks of a provider, asked of Twilio."""

import contextlib
import logging
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.files import File
from django.db import transaction
from django.db.models import Exists, OuterRef
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from calls.models import Call, FailReason, TwilioLine, TwilioRecording
from calls.voip.base import (
    Deliver,
    DialOrder,
    EndUserGone,
    Instruction,
    VoipError,
    VoipEvent,
    VoipEventKind,
    VoipProvider,
    VoipState,
)
from calls.voip.twilio import documents, lines
from calls.voip.twilio.addresses import address_of
from calls.voip.twilio.client import QuietHttpClient, make_client, understood
from calls.voip.twilio.lines import State
from calls.voip.twilio.reasons import CALL_IS_OVER, Refusal
from calls.voip.twilio.reports import STATES
from ccai.times import now

log = logging.getLogger(__name__)

# Seconds that a phone rings. Together they are less than CCAI_CONNECT_DEADLINE is by default.
AGENT_RINGS = 30
END_USER_RINGS = 45
# How far Twilio's clock and ours may be apart.
CLOCKS = timedelta(seconds=60)
# How soon a recording is asked for again that could not be fetched, by the number of attempts; then it is given up.
FETCH_AGAIN = (5, 15, 60, 300, 1_800, 7_200)
# How long a worker has a recording to itself.
LEASE = timedelta(seconds=300)

# Beside the states of lines: one that nobody has asked for, and one that Twilio does not know, and may have been asked.
NEVER_ASKED = ""
NOBODY_KNOWS = "?"
# Of several lines the one that came farthest counts.
BEST = (NEVER_ASKED, State.OVER, NOBODY_KNOWS, State.ASKED, State.RINGING, State.UP)
DIALLING = (State.ASKED, State.RINGING)


class NotYet(VoipError):
    """Twilio has not come as far with a line as it has told us to be."""


class TakenOver(Exception):
    """What this worker took upon itself took so long that another has done it."""


class TwilioProvider(VoipProvider):
    """Lines at Twilio, in conferences named after our calls."""

    rings_agents = True
    http_client: Callable[[], TwilioHttpClient] = QuietHttpClient

    def place_call(self, order: DialOrder) -> str:
        """The agent's phone, or SIP address, rings; who answers waits in the conference. Returns Twilio's id of the
        line. Agents without an address cannot be rung here: VoipError."""
        return self._ring(order, order.leg, self._address_of_agent(order))

    def connect(self, order: DialOrder) -> None:
        """The end user's phone rings, and shows the outbound number."""
        self._ring(order, 0, order.to_number)

    def add_agent(self, order: DialOrder) -> None:
        """That agent's phone rings. An end user who has been waiting waits in the conference now; one whom Twilio has
        not let in yet is told once the agent answers."""
        address = self._address_of_agent(order)
        line = self._line_of_end_user(order.call_id)
        if line is not None and line.told not in documents.WITH_AGENT:
            waits = documents.conference(line, begins=False, recorded=order.recorded)
            with contextlib.suppress(NotYet):
                self._tell(line, waits, documents.IN_CONFERENCE)
        self._ring(order, order.leg, address)

    def drop_agent(self, call_id: int, leg: int) -> None:
        """That agent's line is hung up."""
        for line in lines.living(self.name, call_id).filter(leg=leg):
            self._end(line)

    def hold(self, call_id: int) -> None:
        """The end user has left the conference, and hears music."""
        line = self._line_of_end_user(call_id)
        if line is not None and line.told != documents.ON_HOLD:
            self._tell(line, documents.hold_music(), documents.ON_HOLD)

    def resume(self, call_id: int) -> None:
        """The end user is in the conference."""
        line = self._line_of_end_user(call_id)
        if line is not None and line.told != documents.IN_CONFERENCE:
            recorded = Call.objects.filter(pk=call_id, recorded=True).exists()
            self._tell(line, documents.conference(line, begins=True, recorded=recorded), documents.IN_CONFERENCE)

    def instruct(self, call_id: int, instruction: Instruction) -> None:
        """The end user's line does so. One that does already is left alone, so that nobody hears a text begin twice."""
        line = self._line_of_end_user(call_id)
        mark = documents.mark_of(instruction)
        if line is not None and line.told != mark:
            self._tell(line, documents.follow(instruction, line), mark)

    def reach(self, order: DialOrder, instruction: Instruction) -> str:
        """The end user's phone rings; what the line does is asked of us when it is answered."""
        return self._ring(order, 0, order.to_number)

    def hang_up(self, call_id: int) -> None:
        """Every line that the call has is hung up. Those of which Twilio's id is not known are looked for."""
        for line in lines.living(self.name, call_id):
            self._end(line)

    def may_be_ringing(self, call_id: int) -> bool:
        """Whether a line of the end user is not over, of which Twilio's id is not known."""
        return lines.living(self.name, call_id).filter(leg=0, sid="").exists()

    def find_call(self, order: DialOrder, since: datetime) -> VoipState:
        """What Twilio says of the call's lines. One that may have been asked for, and that Twilio does not know of, is
        not asked for again: UNKNOWN."""
        agents = lines.of_call(self.name, order.call_id).exclude(leg=0)
        if order.leg:
            agents = agents.filter(leg=order.leg).order_by("-attempt")[:1]
        of_agents = [self._state_of(line) for line in agents]
        line = lines.newest(self.name, order.call_id)
        is_of_attempt = line is not None and (line.created_at >= since or line.state != State.OVER)
        of_end_user = self._state_of(line) if line is not None and is_of_attempt else NEVER_ASKED
        state = _sum_up(of_agents, of_end_user)
        if state == VoipState.CALLER_WAITS and not order.leg:
            # Nobody is to be reached any more: who talked has gone, and the end user is left.
            return VoipState.OVER
        return state

    def fetch(self, at: datetime, deliver: Deliver) -> int:
        """The next recording that Twilio has reported is fetched, and delivered; or asked for again later. Returns how
        many were due: one, or none."""
        recording = self._claim_recording(at)
        if recording is None:
            return 0
        self._fetch(recording, at, deliver)
        return 1

    def _ring(self, order: DialOrder, leg: int, to: str) -> str:
        """A phone rings; once. The line is in our books before, so that what is reported of it finds it."""
        if not order.from_number:
            raise VoipError("Twilio rings nobody without an outbound number", fail_reason=FailReason.VOIP_TWILIO_ERROR)
        if not leg:
            self._end_earlier(order.call_id)
        line = lines.begin(self.name, order.call_id, leg=leg, to=to, shown=order.from_number)
        try:
            with understood(agent=bool(leg)):
                made = self._client().calls.create(
                    to=to,
                    from_=order.from_number,
                    url=address_of(line, "document"),
                    method="POST",
                    status_callback=address_of(line, "status"),
                    status_callback_method="POST",
                    status_callback_event=["initiated", "ringing", "answered", "completed"],
                    timeout=AGENT_RINGS if leg else END_USER_RINGS,
                )
                sid = _sid_of(made)
        except VoipError:
            # There is no such line.
            lines.advance(line, State.OVER, now())
            raise
        lines.adopt(line, sid)
        return sid

    def _end_earlier(self, call_id: int) -> None:
        """No line that the end user had before is left. VoipError where nobody knows whether there is one, so that they
        are not rung twice."""
        for line in lines.living(self.name, call_id).filter(leg=0):
            self._end(line)
            if not line.sid:
                said = "nobody knows whether the end user was rung before"
                raise VoipError(said, permanent=True, fail_reason=FailReason.VOIP_CONN_TIMEOUT)

    def _tell(self, line: TwilioLine, document: str, told: str) -> None:
        """The line does as `document` says. EndUserGone where it is over; NotYet where it is not up at Twilio."""
        if len(document) > documents.SENT_AT_MOST:
            document = documents.to_be_asked_for(line)
        try:
            with understood():
                self._client().calls(line.sid).update(twiml=document)
        except Refusal as refusal:
            if refusal.code not in CALL_IS_OVER:
                raise
            if self._state_of(line) == State.OVER:
                raise EndUserGone("the end user's line is over", permanent=True) from None
            raise NotYet("the end user's line is not up yet") from None
        lines.note_told(line, told)

    def _end(self, line: TwilioLine) -> None:
        """The line is hung up, where Twilio has it."""
        sid = line.sid or self._look_for(line)
        if not sid:
            log.warning("call %s: Twilio knows nothing of its line %s", line.call_ref, line.leg)
            return
        try:
            with understood():
                self._client().calls(sid).update(status="completed")
        except Refusal as refusal:
            if refusal.code not in CALL_IS_OVER:
                raise
        lines.advance(line, State.OVER, now())

    def _look_for(self, line: TwilioLine) -> str:
        """Twilio's id of a line that it did not tell us: of the one call there that fits; "" where not one does, or
        where another line of ours, of which we do not know it either, may be that one."""
        since = line.created_at - CLOCKS
        with understood():
            found = self._client().calls.page(
                to=line.to_number, from_=line.from_number, start_time_after=since, page_size=20
            )
            sids = {_sid_of(one) for one in found if one.date_created is None or one.date_created >= since}
        if lines.is_mistakable(line, since):
            return ""
        sids -= set(TwilioLine.objects.filter(sid__in=sids).values_list("sid", flat=True))
        if len(sids) != 1:
            return ""
        (sid,) = sids
        return sid if lines.adopt(line, sid) else ""

    def _state_of(self, line: TwilioLine) -> str:
        """How far Twilio says that the line has come; NOBODY_KNOWS where it knows nothing of it."""
        if line.state == State.OVER:
            return State.OVER
        sid = line.sid or self._look_for(line)
        if not sid:
            return NOBODY_KNOWS
        try:
            with understood():
                status = str(self._client().calls(sid).fetch().status)
        except Refusal as refusal:
            if refusal.code not in CALL_IS_OVER:
                raise
            return State.OVER
        return STATES.get(status, NOBODY_KNOWS)

    def _line_of_end_user(self, call_id: int) -> TwilioLine | None:
        """The end user's line, where it is up."""
        line = lines.newest(self.name, call_id)
        return line if line is not None and line.state == State.UP and line.sid else None

    def _address_of_agent(self, order: DialOrder) -> str:
        """The agent's phone number, or SIP address, as Twilio has it. VoipError where there is none."""
        address = order.agent_address.strip()
        if not address:
            raise VoipError("the agent has no phone, and no SIP address", fail_reason=FailReason.AG_MIC_NO_DEVICE)
        return address if address.startswith(("+", "sip:", "sips:")) else f"sip:{address}"

    def _claim_recording(self, at: datetime) -> TwilioRecording | None:
        """The recording that is due next, for this worker alone while the lease lasts. Those of one call come one after
        the other, as they were made."""
        earlier = TwilioRecording.objects.filter(
            provider=self.name, call_ref=OuterRef("call_ref"), pk__lt=OuterRef("pk"), due_at__isnull=False
        )
        with transaction.atomic():
            recording = (
                TwilioRecording.objects.filter(~Exists(earlier), provider=self.name, due_at__lte=at)
                .order_by("due_at", "pk")
                .select_for_update(skip_locked=True)
                .first()
            )
            if recording is not None:
                recording.due_at, recording.attempts = at + LEASE, recording.attempts + 1
                recording.save(update_fields=["due_at", "attempts"])
        return recording

    def _fetch(self, recording: TwilioRecording, at: datetime, deliver: Deliver) -> None:
        """The recording is fetched, and delivered; or asked for again later, and at last given up."""
        client = self._client()
        kind = VoipEventKind.MESSAGE_LEFT if recording.is_message else VoipEventKind.RECORDED
        path = f"/2010-04-01/Accounts/{client.account_sid}/Recordings/{recording.sid}.wav"
        mine = TwilioRecording.objects.filter(pk=recording.pk, attempts=recording.attempts)
        due_at = None

        def done() -> None:
            if not mine.update(due_at=None):
                raise TakenOver("another worker has fetched it by now")

        try:
            with tempfile.TemporaryFile() as sound:
                with understood():
                    client.http_client.fetch_sound(f"https://api.twilio.com{path}", client.auth, sound)
                deliver(VoipEvent(kind, recording.call_ref, self.name, at, recording=File(sound), kept=done))
        except Exception as error:
            tries = recording.attempts - 1
            due_at = at + timedelta(seconds=FETCH_AGAIN[tries]) if tries < len(FETCH_AGAIN) else None
            log.warning("call %s: its recording was not fetched from Twilio: %r", recording.call_ref, error)
        mine.update(due_at=due_at)

    def _client(self) -> Client:
        return make_client(type(self).http_client())


def _sum_up(of_agents: list[str], of_end_user: str) -> VoipState:
    """What the states of its lines come to for a call."""
    agent = max(of_agents, key=BEST.index, default=NEVER_ASKED)
    if of_end_user == State.UP:
        if agent == State.UP:
            return VoipState.CONNECTED
        return VoipState.DIALLING if agent in DIALLING else VoipState.CALLER_WAITS
    if NOBODY_KNOWS in (agent, of_end_user) or agent == of_end_user == NEVER_ASKED:
        return VoipState.UNKNOWN
    if State.OVER in (agent, of_end_user):
        return VoipState.OVER
    return VoipState.AGENT_WAITS if agent == State.UP and of_end_user == NEVER_ASKED else VoipState.DIALLING


def _sid_of(call: Any) -> str:
    """Twilio's id of a call. ValueError where that is none."""
    if not isinstance(call.sid, str) or not call.sid.startswith("CA") or len(call.sid) > 40:
        raise ValueError("this is no call")
    return call.sid
