"""What the project asks of a VoIP provider, and what a provider tells it. A vendor's words stop at the adapter."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar

from django.core.files import File


@dataclass(frozen=True)
class DialOrder:
    """One call as a provider needs to know it. `call_id` is the project's own and goes out with every request."""

    call_id: int
    to_number: str  # the end user, E.164
    from_number: str  # the number to show, E.164; "" where there is none
    agent_address: str  # the agent's phone or SIP address; "" where the agent answers in the browser
    recorded: bool
    leg: int = 0  # the agent's line, by our own participant id: it comes back in what the provider reports of it


class InstructionKind(Enum):
    """What an end user's line can be told to do, by itself, without an agent."""

    GATHER = "gather"  # say the text, then report each key that is pressed; say it again after a while
    WAIT = "wait"  # say the text, then play music; keys are reported
    RECORD = "record"  # say the text, then record a message
    DIAL = "dial"  # say the text, then join the line to another phone
    END = "end"  # say the text, then hang up


@dataclass(frozen=True)
class Instruction:
    """What the end user's line does next."""

    kind: InstructionKind
    text: str = ""
    number: str = ""  # DIAL: E.164
    once: str = ""  # GATHER, WAIT: said after the text the first time alone


class VoipEventKind(Enum):
    """What a provider can report."""

    RINGS = "rings"  # a line has begun to ring
    AGENT_ANSWERED = "agent_answered"
    AGENT_LEFT = "agent_left"  # an agent's line ended, or was never answered, while others stay
    KEY_PRESSED = "key_pressed"
    MESSAGE_LEFT = "message_left"
    CONNECTED = "connected"
    FAILED = "failed"
    ENDED = "ended"
    RECORDED = "recorded"


@dataclass(frozen=True)
class VoipEvent:
    """Something that happened to a call at a provider. It may come twice, late, or out of order.

    With FAILED and ENDED all legs of the call are over at this provider; an adapter sees to that before it reports.
    """

    kind: VoipEventKind
    call_id: int
    provider: str
    at: datetime
    leg: int = 0  # AGENT_ANSWERED, AGENT_LEFT: which agent's line; 0 where there is but one. RINGS: 0 is the end user's
    key: str = ""  # KEY_PRESSED: 0 to 9, * or #
    fail_reason: str = ""  # FAILED, AGENT_LEFT: a word of calls.models.FailReason
    permanent: bool = True  # FAILED: false where another provider may do better
    details: str = ""  # FAILED, AGENT_LEFT: what was said of it, for those who run the center; nobody's number
    ended_by: str = ""  # ENDED: a word of calls.models.DisconnectedBy
    recording: bytes | File = b""  # RECORDED, MESSAGE_LEFT: a WAV file, as it is or open
    # RECORDED, of which a call has several there: called once this one is kept, in that transaction. It raises where
    # this one was kept before.
    kept: Callable[[], None] | None = None


class VoipError(Exception):
    """A provider refused or failed. `permanent`: no other provider would do better either."""

    def __init__(self, message: str, *, permanent: bool = False, fail_reason: str = "voip_conn_general") -> None:
        self.permanent = permanent
        self.fail_reason = fail_reason
        super().__init__(message)


class NoSuchProvider(VoipError):
    """The settings name no such provider: it was taken out while it carried a call."""


class EndUserGone(VoipError):
    """The end user's line is over, and nobody has reported that."""


class VoipTimeout(Exception):
    """A provider did not answer in time, so nobody knows whether the request arrived. It is never sent again."""


class VoipState(Enum):
    """What a provider says of a call when it is asked."""

    UNKNOWN = "unknown"  # the request never arrived
    CALLER_WAITS = "caller_waits"  # the end user's line is up, and no request for an agent's arrived
    AGENT_WAITS = "agent_waits"  # the agent's leg is up, and no request for the end user's arrived
    DIALLING = "dialling"
    CONNECTED = "connected"
    OVER = "over"


Deliver = Callable[[VoipEvent], None]


class VoipProvider(ABC):
    """An adapter to one provider, under the name it has in settings.

    Requests raise VoipError where the provider says no, EndUserGone where that is because the end user has left, and
    VoipTimeout where it says nothing. They are made outside of transactions, and only after the claim that keeps them
    from being made twice is committed.
    """

    # Whether agents are rung at a phone or a SIP address of theirs, without which they cannot be.
    rings_agents: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def place_call(self, order: DialOrder) -> str:
        """The agent's leg is being dialled. Returns the provider's own id of the call."""

    @abstractmethod
    def connect(self, order: DialOrder) -> None:
        """The end user's leg is being dialled; when it answers the two are joined."""

    @abstractmethod
    def add_agent(self, order: DialOrder) -> None:
        """One more agent's line, `order.leg`, is being dialled; when it answers it is joined to those there are."""

    @abstractmethod
    def drop_agent(self, call_id: int, leg: int) -> None:
        """That agent's line is ended; the others go on. Nothing happens where it is over."""

    @abstractmethod
    def hold(self, call_id: int) -> None:
        """The end user hears music and nobody else. Nothing changes where they do already."""

    @abstractmethod
    def resume(self, call_id: int) -> None:
        """The end user is with the others again. Nothing changes where they are already."""

    @abstractmethod
    def instruct(self, call_id: int, instruction: Instruction) -> None:
        """The end user's line, which is with this provider, does as it is told from now on."""

    @abstractmethod
    def reach(self, order: DialOrder, instruction: Instruction) -> str:
        """The end user is being dialled without an agent, and once they answer the line does as it is told.

        Returns the provider's own id of the call.
        """

    @abstractmethod
    def hang_up(self, call_id: int) -> None:
        """Whatever legs the call has at this provider are ended. Nothing happens where there are none."""

    def may_be_ringing(self, call_id: int) -> bool:
        """Whether this provider was asked to ring the call's end user, and nobody knows if it does. As far as our own
        books tell: nobody is asked."""
        return False

    @abstractmethod
    def find_call(self, order: DialOrder, since: datetime) -> VoipState:
        """What has become of a call that was placed, or may have been placed, after `since`."""

    def play(self, now: datetime, deliver: Deliver) -> int:
        """Events that are due are delivered; returns how many. For providers that must be asked; most report."""
        return 0

    def fetch(self, now: datetime, deliver: Deliver) -> int:
        """One thing that takes long to come, as a recording does, and is due, is fetched and delivered; returns how
        many. No call waits meanwhile."""
        return 0
