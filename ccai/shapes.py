"""Shapes of the wire as JSON Schema (2020-12): what annotations say, and what they cannot, as `Annotated`.

A TypedDict is a named schema whose keys are its annotations; `Annotated` adds keywords, or the words of a vocabulary.
"""

import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, EnumMeta
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Schema = dict[str, Any]


class Keywords:
    """Keywords of JSON Schema that a type has beside those its Python type stands for."""

    def __init__(self, description: str = "", **keywords: Any) -> None:
        self.keywords: Schema = {**keywords, "description": description} if description else keywords


@dataclass(frozen=True)
class Words:
    """A text is one of the words of a vocabulary, an Enum of texts, each with `prefix` before it.

    The schema is a named one: after the Enum, or `name`. A function stands for an Enum that is defined further down.
    """

    vocabulary: type[Enum] | Callable[[], type[Enum]]
    name: str = ""
    prefix: str = ""

    def read(self) -> tuple[str, list[str]]:
        """The name of the schema, and the words."""
        words: Any = self.vocabulary if isinstance(self.vocabulary, EnumMeta) else self.vocabulary()
        name = self.name or words.__qualname__.replace(".", "")
        return name, [f"{self.prefix}{word.value}" for word in words]

    def schema(self) -> Schema:
        """One of the words."""
        return {"type": "string", "enum": self.read()[1]}


@dataclass(frozen=True)
class Fields:
    """An object whose keys are told at run time: annotations by key, and the keys that must be there."""

    name: str
    annotations: dict[str, Any]
    required: Iterable[str] = ()
    description: str = ""


@dataclass(frozen=True)
class OneOf:
    """One of several objects, told apart by the word under the key `tag`."""

    tag: str
    shapes: dict[str, Fields]


Time = Annotated[str, Keywords(format="date-time", examples=["2019-06-07T01:27:30.406Z"])]
Phone = Annotated[str, Keywords("A phone number in the international format.", examples=["+1 339-219-5276"])]
Seconds = Annotated[int, Keywords(minimum=0)]
Url = Annotated[str, Keywords(format="uri")]

# What a docstring says for those who read the code.
REFERENCE = re.compile(r" \(contract [^)]*\)")
PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    dict: {"type": "object"},
    list: {"type": "array"},
}


@dataclass
class Schemas:
    """Turns annotations into schemas. Those that have a name are kept in `named`, and referred to."""

    named: dict[str, Schema] = field(default_factory=dict)
    _owners: dict[str, Any] = field(default_factory=dict)

    def of(self, annotation: Any) -> Schema:
        """The schema of what is annotated so. LookupError where it is a type that has no place on the wire."""
        if isinstance(annotation, Fields):
            return self._fields(annotation)
        if isinstance(annotation, OneOf):
            return self._one_of(annotation)
        if is_typeddict(annotation):
            return self._typed_dict(annotation)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:])
        if origin in (NotRequired, Required):
            return self.of(arguments[0])
        if origin is Literal:
            return {"type": "string", "enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return self._union([self.of(argument) for argument in arguments])
        if origin is list:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        return dict(PLAIN[annotation])

    def name(self, name: str, owner: Any, schema: Callable[[], Schema]) -> Schema:
        """A reference to the schema called `name`, which is made where there is none. ValueError where two of the
        same name differ."""
        if name not in self.named:
            self.named[name] = {}  # its place in the order, and an end to what refers to itself
            self._owners[name] = owner
            self.named[name] = schema()
        elif self._owners[name] != owner:
            raise ValueError(f"Two schemas are called {name}: {owner!r} and {self._owners[name]!r}.")
        return {"$ref": f"#/components/schemas/{name}"}

    def _annotated(self, annotation: Any, metadata: Iterable[Any]) -> Schema:
        schema = self.of(annotation)
        for addition in metadata:
            if isinstance(addition, Words):
                name, words = addition.read()
                schema = self.name(name, words, addition.schema)
            elif isinstance(addition, Keywords):
                schema = {**schema, **addition.keywords}
        return schema

    def _union(self, schemas: list[Schema]) -> Schema:
        """Any of `schemas`, said as shortly as it can be."""
        flat = [schema for schema in schemas if not {"type", "$ref"}.isdisjoint(schema)]
        plain = [schema for schema in flat if set(schema) == {"type"}]
        one = next((schema for schema in flat if "type" in schema and "enum" not in schema), None)
        others = [schema for schema in plain if schema is not one]
        if one is not None and len(others) == len(schemas) - 1:
            return {**one, "type": [one["type"], *(schema["type"] for schema in others)]}
        return {"anyOf": schemas}

    def _fields(self, fields: Fields) -> Schema:
        def schema() -> Schema:
            return self._object(fields.annotations, [*fields.required], fields.description)

        return self.name(fields.name, fields, schema)

    def _one_of(self, one_of: OneOf) -> Schema:
        mapping = {word: self.of(shape)["$ref"] for word, shape in one_of.shapes.items()}
        return {
            "oneOf": [{"$ref": reference} for reference in dict.fromkeys(mapping.values())],
            "discriminator": {"propertyName": one_of.tag, "mapping": mapping},
        }

    def _typed_dict(self, shape: Any) -> Schema:
        def schema() -> Schema:
            hints = get_type_hints(shape, include_extras=True)
            said = REFERENCE.sub("", " ".join((shape.__doc__ or "").partition("\n\n")[0].split()))
            return self._object(hints, [key for key in hints if key in shape.__required_keys__], said)

        return self.name(shape.__name__, shape, schema)

    def _object(self, annotations: dict[str, Any], required: list[str], description: str) -> Schema:
        schema: Schema = {
            "type": "object",
            "description": description,
            "properties": {key: self.of(annotation) for key, annotation in annotations.items()},
        }
        return {**schema, "required": required} if required else schema
