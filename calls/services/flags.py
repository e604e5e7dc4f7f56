"""Customer flags: what is known of the end user during a call (contract section 6)."""

from typing import Any

from django.db import transaction

from calls import errors, webhooks
from calls.models import Call
from calls.services.on_call import announce_call
from ccai.errors import Refused
from ccai.times import now

FLAGS = ("verified_customer", "bad_actor", "repeat_customer")
# The published sample of the request spells one of them so.
ALSO = {"repeat_customers": "repeat_customer"}


def customer_flags(call: Call) -> dict[str, bool]:
    """All three flags of `call`."""
    return {flag: getattr(call, flag) for flag in FLAGS}


def set_customer_flags(call: Call, body: dict[str, Any]) -> dict[str, bool]:
    """The flags that `body` names are set, the others as they were; all three are returned.

    Refused: a value that is no boolean, both spellings with different values, no flag at all, a call that has ended.
    """
    given = {name: body[name] for name in (*FLAGS, *ALSO) if name in body}
    for name, value in given.items():
        if not isinstance(value, bool):
            raise Refused(errors.FLAG_NOT_BOOLEAN, flag=name)
    for other, flag in ALSO.items():
        if other in given and given.setdefault(flag, given[other]) != given.pop(other):
            raise Refused(errors.FLAGS_DIFFER)
    if not given:
        raise Refused(errors.NO_FLAG_GIVEN)
    with transaction.atomic():
        stored = Call.objects.select_for_update().only("ends_at", *FLAGS).get(pk=call.pk)
        if stored.ends_at is not None:
            raise Refused(errors.CALL_HAS_ENDED)
        if any(getattr(stored, flag) is not value for flag, value in given.items()):
            Call.objects.filter(pk=call.pk).update(**given, updated_at=now())
            webhooks.record_calls("call.flagged", [call.pk])
            announce_call(call)
    for flag, value in given.items():
        setattr(call, flag, value)
    return customer_flags(call)
