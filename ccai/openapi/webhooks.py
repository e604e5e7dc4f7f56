"""What is said of the messages that endpoints of others are sent: one for each type of event."""

from typing import Annotated, Any

from agents.serializers import AgentObject
from calls.serializers import CallObject
from calls.webhooks import OfferedCallObject
from ccai.openapi.operations import JSON
from ccai.shapes import Fields, Keywords, Schema, Schemas, Time
from ccai.webhooks.endpoints import EndpointTest
from ccai.webhooks.events import TYPES

TAG = "Webhooks"

# What is told, by the first word of a type.
DATA: dict[str, tuple[str, Any]] = {
    "call": ("CallEvent", CallObject),
    "offer": ("OfferEvent", OfferedCallObject),
    "agent": ("AgentEvent", AgentObject),
    "endpoint": ("EndpointEvent", EndpointTest),
}
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


def message(subject: str) -> Fields:
    """The body of events whose types begin with `subject`."""
    name, data = DATA[subject]
    types: Any = Annotated[str, Keywords(enum=[type_ for type_ in TYPES if type_.partition(".")[0] == subject])]
    keys = {"id": str, "type": types, "timestamp": Time, "data": data}
    return Fields(name, keys, keys, "An event: what happened, when, and how things stood then.")


def webhooks(schemas: Schemas) -> Schema:
    """The `webhooks` of the document, by type. KeyError where it is not said what is told of a type."""
    bodies = {subject: schemas.of(message(subject)) for subject in DATA}
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
                    "content": {JSON: {"schema": bodies[type_.partition(".")[0]]}},
                },
                "responses": RESPONSES,
            }
        }
        for type_, said in TYPES.items()
    }
