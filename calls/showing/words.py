"""What the words in a call's history say: every cause as a sentence, and who is behind it."""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from calls.models import CallEvent, DisconnectedBy, Status
from ccai.times import parse_time

CLOCK = _("the clock")
PROVIDER = _("the provider")
AGENT = _("the agent")
END_USER = _("the end user")
PROGRAM = _("a program")
PERSON = _("a person")

# A cause: the sentence, and who did it where nobody is named.
CAUSES: dict[str, tuple[Promise, Promise]] = {
    # how it began
    "api": (_("A program asked for the call."), PROGRAM),
    "line_came_in": (_("The caller's line came in."), END_USER),
    "mobile": (_("The end user asked for the call in the app."), END_USER),
    "web": (_("The end user asked for the call on a web page."), END_USER),
    "joined_elsewhere": (_("The call was reported as under way on the customer's own telephony."), PROGRAM),
    "dialled_by_hand": (_("The agent dialled the number."), AGENT),
    "dial_prompt": (_("The agent chose the number to show, and the call was placed."), AGENT),
    "called_back": (_("The end user was called back."), AGENT),
    # the way to a queue
    "menu_chosen": (_("The caller chose this menu."), END_USER),
    "no_choice_made": (_("The caller pressed no key for too long."), CLOCK),
    "due": (_("The time it was scheduled for had come."), CLOCK),
    "started_by_hand": (_("It was started before its time."), PERSON),
    "redirected": (_("The menu sends its calls to another menu."), CLOCK),
    "after_hours": (_("The menu was closed."), CLOCK),
    "manual_redirection": (_("The menu was redirected."), CLOCK),
    "over_capacity": (_("Too many calls were waiting."), CLOCK),
    "waits_for_callback": (_("The caller hung up, keeps the place in the queue, and is called back."), CLOCK),
    "menu_deleted": (_("The menu was deleted while the call waited in it."), CLOCK),
    "expired": (_("Nobody took the call in time."), CLOCK),
    "cancelled": (_("The call was withdrawn."), PROGRAM),
    "ticket_closed": (_("Its ticket was closed by the time it was due."), CLOCK),
    # to an agent, and back
    "accepted": (_("The agent accepted the offer."), AGENT),
    "auto_answered": (_("The agent answers automatically."), CLOCK),
    "transferred": (_("The call was handed on."), AGENT),
    "dialling": (_("The provider was asked to dial the agent."), CLOCK),
    "both_connected": (_("Agent and end user were both on the line."), PROVIDER),
    "agent_did_not_answer": (_("The agent's line was not answered."), PROVIDER),
    "agent_left": (_("The agent's line ended."), PROVIDER),
    "agent_vanished": (_("The agent was gone before anybody was dialled."), CLOCK),
    "not_dialled_in_time": (_("No worker dialled the call in time."), CLOCK),
    "not_connected": (_("The provider could not connect the call."), PROVIDER),
    "not_connected_in_time": (_("The provider did not connect the call in time."), CLOCK),
    "every_provider_failed": (_("Every provider was tried, and failed."), CLOCK),
    "provider_silent": (_("The provider has not answered for so long that the call is taken for over."), CLOCK),
    # messages
    "end_user_chose": (_("The caller chose to leave a message."), END_USER),
    "message_left": (_("The message was left."), END_USER),
    "no_message_left": (_("No message was left in time."), CLOCK),
    "not_reached": (_("The end user could not be rung for a message."), PROVIDER),
    # ends
    "ended_by_agent": (_("The agent hung up."), AGENT),
    "ended_by_end_user": (_("The end user hung up."), END_USER),
    "ended_by_system": (_("The lines were found to be ended."), CLOCK),
    "ended_by_unknown": (_("The lines ended; the provider does not say by whom."), PROVIDER),
    "not_ended_in_time": (_("Nobody reported the end of the call in time."), CLOCK),
    "force_ended": (_("The call was ended by hand."), PERSON),
}
RECOVERED = (_("A call back has reached the end user, and finished without an error."), CLOCK)
MOVED = re.compile(r"moved_from_(\S+)_to_(\S+)")
PROVIDER_FAILED = re.compile(r"(\w+)_failed")
OPENED = re.compile(r"opened_by_agent_\d+")

# What an event is called: coming to a status.
ARRIVALS: dict[str, Promise] = {
    Status.SELECTING: _("Came in, browses the menus"),
    Status.QUEUED: _("Waits in the queue"),
    Status.ASSIGNED: _("An agent has the call"),
    Status.CONNECTING: _("Is being connected"),
    Status.SWITCHING: _("Another provider is tried"),
    Status.CONNECTED: _("Connected"),
    Status.FINISHED: _("Finished"),
    Status.FAILED: _("Failed"),
    Status.RECOVERED: _("Recovered"),
    Status.SCHEDULED: _("Scheduled"),
    Status.ACTION_ONLY: _("Under way elsewhere"),
    Status.ACTION_ONLY_FINISHED: _("Finished elsewhere"),
    Status.DEFLECTED: _("Deflected"),
    Status.VOICEMAIL: _("Leaves a message"),
    Status.VOICEMAIL_RECEIVED: _("Message received"),
    Status.VOICEMAIL_READ: _("Message opened"),
    Status.CANCELLED: _("Cancelled"),
}
MOVED_TO_ANOTHER_TIME = _("Moved to another time")
MOVED_TO_ANOTHER_QUEUE = _("Moved to another queue")
ENDED_BY: dict[str, Promise] = {
    DisconnectedBy.END_USER: _("the end user"),
    DisconnectedBy.AGENT: _("the agent"),
    DisconnectedBy.SYSTEM: _("the system"),
}


def what_happened(event: CallEvent) -> str:
    """The name of `event`: where the call came to."""
    if event.old == event.new == Status.SCHEDULED:
        return str(MOVED_TO_ANOTHER_TIME)
    if event.old == event.new == Status.QUEUED:
        return str(MOVED_TO_ANOTHER_QUEUE)
    return str(ARRIVALS[event.new])


def why(event: CallEvent) -> str:
    """The cause of `event` as a sentence. One that is not known stands as it is, readable."""
    return _explained(event)[0]


def who(event: CallEvent) -> str:
    """Who did it: the person or the program where they are known, else who does such things."""
    return event.by or _explained(event)[1]


def _explained(event: CallEvent) -> tuple[str, str]:
    if event.new == Status.RECOVERED:
        return str(RECOVERED[0]), str(RECOVERED[1])
    if event.cause in CAUSES:
        sentence, doer = CAUSES[event.cause]
        return str(sentence), str(doer)
    if moved := MOVED.fullmatch(event.cause):
        times = {"before": _minute(moved[1]), "now": _minute(moved[2])}
        return str(_("It was due at %(before)s, and is at %(now)s.") % times), str(PERSON)
    if OPENED.fullmatch(event.cause):
        return str(_("An agent opened the message.")), str(AGENT)
    if failed := PROVIDER_FAILED.fullmatch(event.cause):
        return str(_("The provider %(provider)s failed.") % {"provider": failed[1]}), str(PROVIDER)
    return event.cause.replace("_", " ").capitalize() + ".", str(CLOCK)


def _minute(text: str) -> str:
    moment = parse_time(text)
    return clock_minute(moment) if moment else text


def clock_minute(moment: datetime) -> str:
    """`moment` on the center's clock, to the minute."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")
