"""The OpenAPI document (3.1): every address of the API, with what `operations` say of its verbs."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, TypedDict

from django.urls import URLPattern, URLResolver
from rest_framework.views import APIView

from ccai import errors
from ccai.api.idempotency import HEADER, MAX_KEY, REPLAYED
from ccai.errors import Sentence
from ccai.openapi.operations import FORM, JSON, Answer, Operation, Operations, Parameter
from ccai.openapi.webhooks import webhooks
from ccai.shapes import Keywords, Schema, Schemas

VERBS = ("get", "post", "patch", "put", "delete")
# A named group of a route, and its expression, which may have groups without a name.
GROUP = re.compile(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))+)\)")
CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")
NUMBER = "[0-9]+"

EVERYWHERE = (
    errors.INVALID_CREDENTIALS,
    errors.RESOURCE_NOT_FOUND,
    errors.RATE_LIMIT_EXCEEDED,
    errors.SERVER_ERROR,
    errors.SERVICE_UNAVAILABLE,
)
# What is judged before a verb of its own begins to, by the kind of body it takes.
OF_BODIES = {
    JSON: (errors.CONTENT_TYPE_NOT_JSON, errors.BODY_TOO_LARGE, errors.BODY_NOT_JSON),
    FORM: (
        errors.CONTENT_TYPE_NOT_A_FORM,
        errors.BODY_TOO_LARGE,
        errors.BODY_NOT_A_FORM,
        errors.TOO_MANY_PARAMETERS,
    ),
}
# What every request that changes something may carry, and what may come of that (contract section 9).
CHANGING = ("post", "patch")
IDEMPOTENCY_KEY = Parameter(
    HEADER,
    Annotated[str, Keywords(minLength=1, maxLength=MAX_KEY)],
    "A request that is repeated with the same key and body within 24 hours gets the first one's answer again.",
    where="header",
)
OF_KEYS = (
    errors.BODY_TOO_LARGE,
    errors.IDEMPOTENCY_KEY_NOT_WELL_FORMED,
    errors.IDEMPOTENCY_KEY_USED,
    errors.REQUEST_UNDER_WAY,
)

SHARED = {*EVERYWHERE, *OF_BODIES[JSON], *OF_BODIES[FORM], *OF_KEYS}

HEADERS: dict[str, Schema] = {
    "Link": {
        "description": '`<address>; rel="next"` and, where it can be told, `rel="prev"` (RFC 8288). None: no more.',
        "schema": {"type": "string"},
    },
    "Per-Page": {"required": True, "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    "Total": {"description": "How many there are in all, where that was asked for.", "schema": {"type": "integer"}},
    "Location": {"required": True, "schema": {"type": "string", "format": "uri"}},
    "Retry-After": {
        "description": "Whole seconds after which the request may be sent again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": 'Basic realm="ccai"'}},
    "Allow": {"description": "The methods that there are.", "required": True, "schema": {"type": "string"}},
    REPLAYED: {
        "description": "There where the answer is that of an earlier request with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
}

INFO = """
Calls of one contact center: made, read, changed, and told of by webhooks.

**Credentials.** HTTP Basic: the user name is the center's subdomain, the password an API token, which an admin makes in
the back office. A token that does not show personal data is given every key, with what would tell who somebody is
masked or null.

**Rate limit.** A token may send so many requests in any one second: 10, unless the center says otherwise. Beyond that
it is told so with 429 and `Retry-After`.

**Bodies.** JSON objects in UTF-8, of at most 1 MiB. Keys that mean nothing here are passed over, and so is `Accept`. An
empty text counts as absent. Times are RFC 3339 in UTC, to the millisecond. Phone numbers come in any spelling that
carries `+` and a country code. Later versions may add keys to answers; none goes or is renamed.
What this document forbids may be taken all the same, such as ids written as text, or blanks around a word: count on
neither that nor a refusal.

**Repeats.** A POST or PATCH that carries an `Idempotency-Key` can be sent again when its answer was lost: it is carried
out once, and answered alike for 24 hours. Only what succeeded is remembered.

**Refusals.** The body is `{"message": "…"}`, a sentence, and nothing else; `X-Error-Code` has a code for machines. Only
the first thing that is wrong is told, in the order in which each verb lists them, and nothing has been written. A
method that an address does not have is refused with 405 and `Allow`. HEAD may be sent wherever GET may.
"""


class Refusal(TypedDict):
    """Why a request was refused; `X-Error-Code` says it for machines."""

    message: Annotated[str, Keywords("A sentence.")]


class Builder:
    """Writes the parts of one document, and keeps the schemas that they refer to."""

    def __init__(self) -> None:
        self.schemas = Schemas()
        # Refusals that stand alone at their status wherever they do, by their code; and the one of no verb.
        self.shared = {"MethodNotAllowed": self.refusal(405, [errors.METHOD_NOT_ALLOWED])}

    def operation(self, method: str, path: dict[str, str], said: Operation) -> Schema:
        """One verb. `path` are the parameters of its path, with the expressions they match."""
        parameters = [*said.parameters]
        answers = dict(said.answers)
        refusals = [*EVERYWHERE]
        if method in CHANGING:
            parameters.append(IDEMPOTENCY_KEY)
            answers = {status: replace(one, headers=(*one.headers, REPLAYED)) for status, one in answers.items()}
            refusals += OF_KEYS
        if any(parameter.where == "query" for parameter in parameters):
            refusals.append(errors.TOO_MANY_PARAMETERS)
        if said.body is not None:
            refusals += OF_BODIES[said.body_type]
        refusals += said.refusals
        written: Schema = {"operationId": said.name, "tags": [said.tag], "summary": said.summary}
        if said.description:
            written["description"] = said.description
        named = {parameter.name for parameter in parameters}
        listed = [
            {"name": name, "in": "path", "required": True, "schema": self.path_schema(expression)}
            for name, expression in path.items()
            if name not in named
        ]
        listed += [self.parameter(parameter) for parameter in parameters]
        if listed:
            written["parameters"] = listed
        if said.body is not None:
            content: Schema = {"schema": self.schemas.of(said.body)}
            if said.examples:
                content["examples"] = {name: {"value": value} for name, value in said.examples.items()}
            written["requestBody"] = {"required": True, "content": {said.body_type: content}}
        responses = {str(status): self.answer(answer) for status, answer in answers.items()}
        by_status: dict[int, list[Sentence]] = {}
        for sentence in refusals:
            by_status.setdefault(sentence.status, []).append(sentence)
        for status, sentences in sorted(by_status.items()):
            written_out = self.refusal(status, sentences)
            if len(set(sentences)) == 1 and sentences[0] in SHARED:
                name = "".join(part.capitalize() for part in sentences[0].code.split("_"))
                self.shared[name] = written_out
                written_out = {"$ref": f"#/components/responses/{name}"}
            responses[str(status)] = written_out
        written["responses"] = responses
        return written

    def path_schema(self, expression: str) -> Schema:
        """What a parameter of a path may be."""
        if expression == NUMBER:
            return {"type": "integer", "minimum": 0}
        return {"type": "string", "pattern": f"^{expression}$"}

    def parameter(self, said: Parameter) -> Schema:
        """A parameter or a header of the request."""
        schema = self.schemas.of(said.annotation)
        written: Schema = {"name": said.name, "in": said.where}
        if said.description:
            written["description"] = said.description
        if said.many:
            return {**written, "schema": {"type": "array", "items": schema}, "style": "form", "explode": True}
        return {**written, "schema": schema}

    def answer(self, said: Answer) -> Schema:
        """An answer that is no refusal."""
        written: Schema = {"description": said.description}
        if said.headers:
            written["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in said.headers}
        if said.annotation is not None:
            written["content"] = {JSON: {"schema": self.schemas.of(said.annotation)}}
        if said.leads_to:
            written["links"] = {
                name: {"operationId": name, "parameters": {parameter: f"$response.body#/{key}"}}
                for name, (key, parameter) in said.leads_to.items()
            }
        return written

    def refusal(self, status: int, sentences: Iterable[Sentence]) -> Schema:
        """The refusals with this status, each with its code and its sentence as an example."""
        sentences = list(dict.fromkeys(sentences))
        codes = list(dict.fromkeys(sentence.code for sentence in sentences))
        shown: Counter[str] = Counter()
        examples = {}
        for sentence in sentences:
            shown[sentence.code] += 1
            again = f"_{shown[sentence.code]}" if shown[sentence.code] > 1 else ""
            examples[f"{sentence.code}{again}"] = {"value": {"message": sentence.text}}
        headers: Schema = {"X-Error-Code": {"required": True, "schema": {"type": "string", "enum": codes}}}
        extra = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After"}.get(status)
        if all(sentence.retry_after for sentence in sentences):
            extra = "Retry-After"
        if extra:
            headers[extra] = {"$ref": f"#/components/headers/{extra}"}
        elif any(sentence.retry_after for sentence in sentences):
            headers["Retry-After"] = {**HEADERS["Retry-After"], "required": False}
        return {
            "description": "\n".join(f"- `{sentence.code}`: {sentence.text}" for sentence in sentences),
            "headers": headers,
            "content": {JSON: {"schema": self.schemas.of(Refusal), "examples": examples}},
        }


def build(urls: Iterable[URLPattern | URLResolver], operations: Operations, tags: Mapping[str, str]) -> Schema:
    """The document of all views of REST framework among `urls` that `operations` know; the others are left out.

    LookupError where a view has a verb of which nothing is said.
    """
    builder = Builder()
    paths: dict[str, Schema] = {}
    for path, groups, view in addresses(urls):
        if view not in operations:
            continue
        verbs = paths.setdefault(path, {})
        for verb in verbs_of(view):
            verbs[verb] = builder.operation(verb, groups, operations[view][verb])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Calls API", "version": "1", "description": INFO.strip()},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name, "description": description} for name, description in tags.items()],
        "paths": paths,
        "webhooks": webhooks(builder.schemas),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "basic"}},
            "headers": HEADERS,
            "responses": builder.shared,
            "schemas": builder.schemas.named,
        },
    }


def verbs_of(view: type[APIView]) -> list[str]:
    """The methods that `view` answers, but for HEAD and OPTIONS."""
    return [verb for verb in VERBS if hasattr(view, verb)]


def addresses(
    patterns: Iterable[URLPattern | URLResolver], above: str = ""
) -> Iterator[tuple[str, dict[str, str], type[APIView]]]:
    """The path of each view of REST framework, as OpenAPI writes one; the expressions of its parameters; the view."""
    for pattern in patterns:
        route = above + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(view := getattr(pattern.callback, "cls", None), type) and issubclass(view, APIView):
            groups = dict(GROUP.findall(route))
            path = CONVERTED.sub(r"{\1}", GROUP.sub(r"{\1}", route)).removesuffix("$").removesuffix("/?")
            yield f"/{path}", groups, view
