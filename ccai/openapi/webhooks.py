"""What is said of the messages that endpoints of others are sent: one for each type of event."""

from typing import Annotated, Any, get_type_hints

from agents.serializers import AgentObject
from calls.serializers import CallObject
from calls.webhooks import BesideFlagged, BesideInformed, OfferedCallObject
from ccai.openapi.operations import JSON
from ccai.shapes import Fields, Keywords, Schema, Schemas, Time
from ccai.webhooks.endpoints import EndpointTest
from ccai.webhooks.events import TYPES

TAG = "Webhooks"

# What is told, by type, or by the first word of it.
DATA: dict[str, tuple[str, Any]] = {
    "call.flagged": ("CallFlaggedEvent", CallObject),
    "call.data_parameters_updated": ("CallInformedEvent", CallObject),
    "call": ("CallEvent", CallObject),
    "offer": ("OfferEvent", OfferedCallObject),
    "agent": ("AgentEvent", AgentObject),
    "endpoint": ("EndpointEvent", EndpointTest),
}
# What stands beside it.
BESIDE: dict[str, Any] = {"call.flagged": BesideFlagged, "call.data_parameters_updated": BesideInformed}
HEADERS = {
    "webhook-id": "The event's own id: the same in every attempt, and in the body.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": (
        "`v1,` and the base64 of the HMAC-SHA256, with the endpoint's secret, of id, timestamp and body, joined with"
        " dots (Standard Webhooks). Two, parted by a space, while the secret is being rotated."
    ),
}
RESPONSES = {
    "2XX": {"description": "The event is taken. Anything else, but for 410, is tried again over three days."},
    "410": {"description": "The endpoint is gone: it is disabled."},
}


def kind_of(type_: str) -> str:
    """Under what DATA has what is told of `type_`."""
    return type_ if type_ in DATA else type_.partition(".")[0]


def message(kind: str) -> Fields:
    """The body of events of a kind."""
    name, data = DATA[kind]
    types: Any = Annotated[str, Keywords(enum=[type_ for type_ in TYPES if kind_of(type_) == kind])]
    beside = get_type_hints(BESIDE[kind], include_extras=True) if kind in BESIDE else {}
    keys = {"id": str, "type": types, "timestamp": Time, "data": data, **beside}
    return Fields(name, keys, keys, "An event: what happened, when, and how things stood then.")


def webhooks(schemas: Schemas) -> Schema:
    """The `webhooks` of the document, by type. KeyError where it is not said what is told of a type."""
    bodies = {kind: schemas.of(message(kind)) for kind in DATA}
    parameters = [
        {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
        for name, said in HEADERS.items()
    ]
    return {
        type_: {
            "post": {
                "operationId": f"on_{type_.replace('.', '_')}",
                "tags": [TAG],
                "summary": str(said),
                "security": [],
                "parameters": parameters,
                "requestBody": {
                    "required": True,
                    "content": {JSON: {"schema": bodies[kind_of(type_)]}},
                },
                "responses": RESPONSES,
            }
        }
        for type_, said in TYPES.items()
    }
