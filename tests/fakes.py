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

    def closed_tickets(self, ticket_ids):
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


class UnstoppableProvider(SandboxProvider):
    """Does not answer when it is to hang up."""

    def hang_up(self, call_id):
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


class HardOfHearingProvider(SandboxProvider):
    """Does what it is told about a line that is up only when it is told again; `requests` are all that came."""

    requests: list = []
    deaf_to = 0

    def _hear(self, *request):
        HardOfHearingProvider.requests.append(request)
        if HardOfHearingProvider.deaf_to > 0:
            HardOfHearingProvider.deaf_to -= 1
            raise VoipTimeout(self.name)

    def hang_up(self, call_id):
        self._hear("hang_up", call_id)
        super().hang_up(call_id)

    def hold(self, call_id):
        self._hear("hold", call_id)
        super().hold(call_id)

    def resume(self, call_id):
        self._hear("resume", call_id)
        super().resume(call_id)

    def instruct(self, call_id, instruction):
        self._hear("instruct", call_id, instruction.text)
        super().instruct(call_id, instruction)

    def reach(self, order, instruction):
        self._hear("reach", order.call_id)
        return super().reach(order, instruction)

    def add_agent(self, order):
        self._hear("add_agent", order.leg)
        super().add_agent(order)

    def drop_agent(self, call_id, leg):
        self._hear("drop_agent", leg)
        super().drop_agent(call_id, leg)


class CannotAddAgents(SandboxProvider):
    """Has a caller's line, and reaches no agent."""

    def add_agent(self, order):
        raise VoipError("no route to the agent")


class RefusesAndStaysUp(HalfwayProvider):
    """Fails to reach the end user, and does not answer when it is to hang up."""

    def hang_up(self, call_id):
        raise VoipTimeout(self.name)


class SlowProvider(SandboxProvider):
    """Takes its time: once, while a request is on its way, `meanwhile` happens. It may say no then, or nothing."""

    meanwhile = None
    says_no = says_nothing = False
    answer = None

    def _take_time(self):
        work, SlowProvider.meanwhile = SlowProvider.meanwhile, None
        if work is not None:
            work()
        return work is not None

    def place_call(self, order):
        was_slow = self._take_time()
        if was_slow and SlowProvider.says_no:
            SlowProvider.says_no = False
            raise VoipError("no circuit")
        ref = super().place_call(order)
        if was_slow and SlowProvider.says_nothing:
            SlowProvider.says_nothing = False
            raise VoipTimeout(self.name)
        return ref

    def add_agent(self, order):
        self._take_time()
        super().add_agent(order)

    def find_call(self, order, since):
        self._take_time()
        return SlowProvider.answer or super().find_call(order, since)


def use_provider(settings, name):
    """One provider alone, of a kind that tests/fakes.py describes."""
    settings.CCAI_VOIP_PROVIDERS = ["sandbox"]
    settings.CCAI_VOIP_ADAPTERS = {"sandbox": f"tests.fakes.{name}"}
