"""Data parameters: what a virtual agent or a program knows of a call (contract section 10)."""

import json
from decimal import Decimal
from typing import Any

from django.db import transaction

from calls import errors, webhooks
from calls.models import Call
from calls.services.on_call import announce_call
from ccai.errors import Refused
from ccai.times import now

MAX_KEY = 64  # characters
MAX_KEYS = 64
MAX_SIZE = 16_384  # bytes, as compact JSON in UTF-8


def set_data_parameters(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """`body` is merged into the parameters of `call`; a key that is null there is removed. The whole map is returned.

    Refused, and nothing changed, in this order: a key or a value that cannot be, a call that has ended, and more keys
    or bytes than a call may have.
    """
    for key, value in body.items():
        if not 1 <= len(key) <= MAX_KEY:
            raise Refused(errors.PARAMETER_KEY_NOT_POSSIBLE)
        # A Decimal stands for an integer of thousands of digits, which no reader of JSON has to take.
        if isinstance(value, dict | list | Decimal):
            raise Refused(errors.PARAMETER_NOT_POSSIBLE, key=key)
    with transaction.atomic():
        stored = Call.objects.select_for_update().only("data_parameters", "ends_at").get(pk=call.pk)
        if stored.ends_at is not None:
            raise Refused(errors.CALL_HAS_ENDED)
        merged = {key: value for key, value in {**stored.data_parameters, **body}.items() if value is not None}
        if len(merged) > MAX_KEYS:
            raise Refused(errors.TOO_MANY_PARAMETERS_KEPT)
        if len(_written(merged)) > MAX_SIZE:
            raise Refused(errors.PARAMETERS_TOO_LARGE)
        if _written(merged) != _written(stored.data_parameters):
            Call.objects.filter(pk=call.pk).update(data_parameters=merged, updated_at=now())
            webhooks.record_calls("call.data_parameters_updated", [call.pk])
            announce_call(call)
    call.data_parameters = merged
    return merged


def _written(parameters: dict[str, Any]) -> bytes:
    """`parameters` as compact JSON. Two that differ are two texts, which Python's own comparison does not see of 1 and
    true."""
    return json.dumps(parameters, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
