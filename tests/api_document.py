"""What the API says of itself, held against what it answers: status, headers, code and shape of an answer."""

import json
import re
from functools import cache

import jsonschema_rs

from ccai.openapi.operations import JSON
from ccai.openapi.views import written

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What may be answered to a method that an address does not have, and at addresses that mean nothing.
STRANGERS = {401, 404, 405, 429, 503}


@cache
def document():
    """The document as programs get it."""
    return json.loads(written(JSON)[0])


def closed(schema):
    """`schema`, whose objects may have the keys that it names and no other."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if "properties" in inner and inner.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


@cache
def components():
    """The named schemas, closed."""
    return closed(document()["components"])


@cache
def find_path(path):
    """The path of the document that `path` is one of, or None. What is spelled out goes before what is a parameter."""
    wanted = path.removesuffix("/") if path != "/" else path
    found = [one for one, pattern in patterns() if pattern.fullmatch(wanted)]
    return min(found, key=lambda one: one.count("{"), default=None)


@cache
def patterns():
    """The paths of the document, as expressions."""
    return [(path, re.compile(re.sub(r"\\{(\w+)\\}", "[0-9a-f-]+", re.escape(path)))) for path in document()["paths"]]


@cache
def answers_of(path, method):
    """What may be answered, by status."""
    shared = document()["components"]["responses"]
    answers = document()["paths"][path][method]["responses"]
    return {status: shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for status, one in answers.items()}


@cache
def validator(path, method, status):
    """Tells whether a body is one that the document has there; None where it has no body."""
    content = answers_of(path, method)[status].get("content")
    if content is None:
        return None
    return make_validator(content[JSON]["schema"])


@cache
def message_validator(type_):
    """Tells whether a webhook's message of this type is one that the document has."""
    return make_validator(document()["webhooks"][type_]["post"]["requestBody"]["content"][JSON]["schema"])


def make_validator(schema):
    """Tells whether a value is as `schema`, a part of the document, has it, with no key beyond."""
    whole = {"$schema": DIALECT, "components": components(), **closed(schema)}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def check_answer(method, path, response):
    """Fails where the document does not have this answer."""
    described, method, status = find_path(path), method.lower(), response.status_code
    if method == "head":
        return
    if described is None or method not in document()["paths"][described]:
        assert status in STRANGERS, f"{method} {path} is not in the document, and was answered {status}"
        return
    answers = answers_of(described, method)
    what = f"{status} of {method} {described}"
    assert str(status) in answers, f"{what} is not in the document: {response.content[:200]}"
    for name, said in answers[str(status)].get("headers", {}).items():
        header = document()["components"]["headers"][name] if "$ref" in said else said
        value = response.headers.get(name)
        assert value is not None or not header.get("required"), f"{what} is without the header {name}"
        if value is not None and "enum" in header["schema"]:
            assert value in header["schema"]["enum"], f"{name} of {what}, {value}, is not in the document"
    shape = validator(described, method, str(status))
    if shape is None:
        assert response.content == b"", f"{what} has a body, and the document has none"
        return
    assert response.headers["Content-Type"] == JSON, what
    error = next(shape.iter_errors(json.loads(response.content)), None)
    assert error is None, f"{what}, at {error.instance_path}: {error.message[:500]}"
