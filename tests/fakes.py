"""Backends behind the ports, for what the real ones do only on bad days."""

from calls.crm.base import Crm, CrmUnavailable
from calls.crm.builtin import BuiltinCrm
from calls.models import SandboxCall
from calls.voip.base import VoipError, VoipState, VoipTimeout
from calls.voip.sandbox import SandboxProvider


class DownCrm(Crm):
    """A CRM that does not answer."""

    def find_ticket(self, ticket_id):
        raise CrmUnavailable

    def find_contact(self, number):
        raise CrmUnavailable


class CountingCrm(BuiltinCrm):
    """The built-in CRM, counting the questions."""

    questions = 0

    def find_contact(self, number):
        CountingCrm.questions += 1
        return super().find_contact(number)


class SilentProvider(SandboxProvider):
    """Takes a request and never says so: the phone rings, the answer is lost on the way."""

    def place_call(self, order):
        super().place_call(order)
        SandboxCall.objects.update(next_at=None)
        raise VoipTimeout(self.name)


class DeafProvider(SandboxProvider):
    """Requests never reach it."""

    def place_call(self, order):
        raise VoipTimeout(self.name)


class RefusingProvider(SandboxProvider):
    """Says no, and that nobody else would do better."""

    def place_call(self, order):
        raise VoipError("no such destination", permanent=True, fail_reason="eu_wrong_number")


class MuteProvider(SandboxProvider):
    """Cannot say what became of a call."""

    def find_call(self, order, since):
        raise VoipTimeout(self.name)


class ForgetfulProvider(SandboxProvider):
    """Carries calls, and has lost them when asked."""

    def find_call(self, order, since):
        return VoipState.UNKNOWN


class HalfwayProvider(SandboxProvider):
    """Reaches the agent, and fails to reach the end user."""

    def connect(self, order):
        raise VoipError("no circuit")


class BreaksOverThree(SandboxProvider):
    """Has a fault of its own: numbers that end in 3."""

    def place_call(self, order):
        if order.to_number.endswith("3"):
            raise RuntimeError("three")
        return super().place_call(order)
