"""What is said of a verb: its parameters, its body, its answers and its refusals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from django_filters import FilterSet
from rest_framework.views import APIView

from ccai.api.filters import Bound, OneOf, read_boolean, read_number, read_pk, read_word
from ccai.api.pagination import MAX_PER_PAGE
from ccai.errors import NOT_WELL_FORMED, Sentence
from ccai.shapes import Keywords, Phone, Time
from ccai.times import parse_time

JSON = "application/json"
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query string, or a header of the request. `many`: it may be repeated."""

    name: str
    annotation: Any
    description: str = ""
    many: bool = False
    where: str = "query"


@dataclass(frozen=True)
class Answer:
    """An answer that is no refusal: what it carries (None: no body), and its headers, by their names in HEADERS.

    `leads_to` are verbs, by the name of the Operation, that take an id from the answer: from which key, to which
    parameter.
    """

    description: str
    annotation: Any = None
    headers: tuple[str, ...] = ()
    leads_to: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """A verb. `name` is what a generated client calls it; `refusals` are those of its own, in the order of judging;
    `examples` are bodies, by what they ask for."""

    name: str
    tag: str
    summary: str
    answers: Mapping[int, Answer]
    refusals: tuple[Sentence, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    body_type: str = JSON
    examples: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


# By view, and by method in lower case.
Operations = Mapping[type[APIView], Mapping[str, Operation]]


def each(sentence: Sentence, place: str, values: Iterable[str]) -> tuple[Sentence, ...]:
    """`sentence`, once for each of `values` in the place called `place`."""
    gap = f"{{{place}}}"
    return tuple(
        replace(sentence, code=sentence.code.replace(gap, value), text=sentence.text.replace(gap, value))
        for value in values
    )


def not_well_formed(*names: str) -> tuple[Sentence, ...]:
    """The refusals of fields or parameters of these names that are not well formed."""
    return each(NOT_WELL_FORMED, "field", names)


@dataclass(frozen=True)
class Listing:
    """A list of rows by page (ccai/api/pagination.py): the parameters that say which, and the refusals of those."""

    parameters: tuple[Parameter, ...]
    headers: tuple[str, ...] = ("Per-Page", "Link", "Total")
    refusals: tuple[Sentence, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "refusals", not_well_formed(*(one.name for one in self.parameters)))


def choice(name: str, words: Iterable[str], description: str = "") -> Parameter:
    """A parameter that is one of `words`, the first of which it is where it is not given."""
    listed = list(words)
    return Parameter(name, Annotated[str, Keywords(enum=listed, default=listed[0])], description)


PER = Parameter(
    "per",
    Annotated[int, Keywords(minimum=1, default=MAX_PER_PAGE)],
    f"Rows a page; what is larger than {MAX_PER_PAGE} is cut to it.",
)
CURSOR = Parameter("cursor", str, "A place in the list, as the `Link` header of another page has it.")


def numbered_pages(sort_columns: Iterable[str], filters: Iterable[Parameter] = ()) -> Listing:
    """A list of the management API: its first page has a number, and `Link` leads on from there."""
    page = Annotated[int, Keywords(minimum=1, default=1)]
    return Listing(
        (
            *filters,
            choice("sort_column", sort_columns),
            choice("sort_direction", ("ASC", "DESC")),
            PER,
            Parameter("page", page, "Go on by `Link`: pages by number lose rows that change meanwhile."),
            CURSOR,
        )
    )


def cursor_pages(sort_columns: Iterable[str], filters: Iterable[Parameter]) -> Listing:
    """A list sorted by one of `sort_columns`, narrowed by `filters`."""
    return Listing(
        (
            *filters,
            choice("sort_column", sort_columns),
            choice("sort_direction", ("DESC", "ASC")),
            PER,
            CURSOR,
            choice("total", ("false", "true"), "Whether the answer says in `Total` how many there are in all."),
        )
    )


# What the readers of filters take (ccai/api/filters.py).
READERS: dict[Any, Any] = {
    read_pk: Annotated[int, Keywords(minimum=0)],
    read_boolean: bool,
    read_word: Annotated[str, Keywords(minLength=1)],
    read_number: Phone,
    parse_time: Time,
}


def filters_of(filters: type[FilterSet], readers: Mapping[Any, Any] | None = None) -> tuple[Parameter, ...]:
    """A parameter for each of `filters`. `readers` are those of its own, with what they take; KeyError where what a
    reader takes is not said."""
    known = {**READERS, **(readers or {})}

    def parameter(name: str, one: Any) -> Parameter:
        reader = one.extra["reader"]
        annotation = Annotated[str, Keywords(enum=[*reader.words])] if isinstance(reader, OneOf) else known[reader]
        if not isinstance(one, Bound):
            return Parameter(name, annotation, "May be repeated: any of its values will do.", many=True)
        return Parameter(
            name, annotation, "From this moment on." if one.lookup_expr == "gte" else "Before this moment."
        )

    return tuple(parameter(name, one) for name, one in filters.base_filters.items())
