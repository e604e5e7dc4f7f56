"""What programs can be told of: the types of events, in words for people, and which an endpoint wants.

Of a call there is one event for each transition of its lifecycle, named after the status it comes to; its birth is
`call.created`, whatever the status it is born with. A test goes to the endpoint that it is of, and to no other.
"""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TEST = "endpoint.test"
TYPES: dict[str, Promise] = {
    "call.created": _("A call is made, in whatever status it begins with"),
    "call.scheduled": _("A scheduled call has another time, or a deflected one is to be called at a time"),
    "call.queued": _("A call comes to a queue: when it is due, when it is sent on, or when it is given back"),
    "call.assigned": _("An agent has taken a call"),
    "call.connecting": _("The lines of a call ring"),
    "call.switching": _("A provider has failed, and another is tried"),
    "call.connected": _("Agent and end user talk"),
    "call.finished": _("A call has ended after they talked"),
    "call.failed": _("A call has come to nothing"),
    "call.recovered": _("A call that failed was called back and finished"),
    "call.cancelled": _("A call was cancelled"),
    "call.deflected": _("A call is deflected: the menu is closed, full, or the end user chose so"),
    "call.voicemail": _("The end user leaves a message"),
    "call.voicemail_received": _("A message has been left"),
    "call.voicemail_read": _("A message has been opened"),
    "call.action_only_finished": _("A call that the customer's own telephony carried has ended"),
    "call.recorded": _("The recording of a call can be fetched, as a rule after its end"),
    "call.flagged": _("Customer flags of a call are set"),
    "call.data_parameters_updated": _("Data parameters of a call are set"),
    "call.transferred": _("A call was handed on"),
    "call.transfer_failed": _("A call was not handed on after all"),
    "offer.made": _("An agent is offered a call"),
    "offer.accepted": _("An agent has accepted an offer"),
    "offer.declined": _("An agent has declined an offer"),
    "offer.expired": _("Nobody answered an offer in time"),
    "offer.withdrawn": _("An offer was withdrawn: the call went elsewhere"),
    "agent.status_changed": _("An agent has another status"),
    TEST: _("Somebody tries whether messages arrive at this endpoint"),
}


def is_pattern(name: str) -> bool:
    """Whether `name` is a type that can be wanted, or `call.*` for all that begin so."""
    types = TYPES.keys() - {TEST}
    return name in types or (name.endswith(".*") and any(type_.startswith(name[:-1]) for type_ in types))


def wants(patterns: Iterable[str], type_: str) -> bool:
    """Whether an endpoint with these `patterns` wants events of `type_`; one without any wants all but tests."""
    if type_ == TEST:
        return False
    known = list(patterns)
    return not known or type_ in known or f"{type_.partition('.')[0]}.*" in known


def wanted_types(patterns: Iterable[str]) -> set[str]:
    """The types that an endpoint with these `patterns` wants."""
    known = list(patterns)
    return {type_ for type_ in TYPES if wants(known, type_)}
