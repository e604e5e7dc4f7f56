"""Of which tables it is recorded who changed what in them, and what of each row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model

ModelClass = TypeVar("ModelClass", bound=type[Model])


@dataclass(frozen=True)
class Audited:
    """What is recorded of the rows of one table; the names are those of its fields."""

    leaves_out: frozenset[str]  # what changes by itself, or follows from another column
    hidden: frozenset[str]  # of these only that they were changed is recorded
    personal: frozenset[str]  # personal data of an end user
    is_personal: bool  # the row's name says who an end user is
    part_of: str  # the foreign key to the thing on whose page the row is edited: it stands in that thing's history
    named_by: tuple[str, ...]  # the foreign keys that the row's name is made of
    # A field that is left out where people change their own, whose history stands elsewhere, and the user's column.
    own: tuple[str, str] | None
    # What is done by doors that begin so is everyday work, of which the thing's own story tells: it is not recorded.
    everyday: str


# By the model's label, "menus.menu".
AUDITED: dict[str, Audited] = {}


def audited(
    *,
    leaves_out: str = "",
    hidden: str = "",
    personal: str = "",
    is_personal: bool = False,
    part_of: str = "",
    named_by: tuple[str, ...] = (),
    own: tuple[str, str] | None = None,
    everyday: str = "",
) -> Callable[[ModelClass], ModelClass]:
    """Decorates a model: what people change in its table is recorded. Sets of fields are written with spaces between.

    A rule of its own, below the rooms, so that each table says itself what of it is recorded (ccai/audit.py records).
    """

    def note(model: ModelClass) -> ModelClass:
        AUDITED[model._meta.label_lower] = Audited(
            leaves_out=frozenset(leaves_out.split()),
            hidden=frozenset(hidden.split()),
            personal=frozenset(personal.split()),
            is_personal=is_personal,
            part_of=part_of,
            named_by=named_by,
            own=own,
            everyday=everyday,
        )
        return model

    return note
