"""What loading a center did, or would do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calls.scheduled.hours import outside_by_menu
from ccai.center.records import Center
from ccai.center.schema import KINDS, MENUS
from ccai.center.words import Difference, differences, name_of

# Keys of a menu that say when it takes calls.
TAKING = {"hours", "redirection", "deleted", "substitute"}


class Outcome(Enum):
    """What became of a thing that a file names, or that changed with one."""

    CREATED = "created"
    CHANGED = "changed"
    LEFT = "left"


@dataclass(frozen=True)
class Line:
    """What became of one thing, and of each of its keys that changed, where it was there before."""

    kind: str  # where such things stand in the file
    name: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that changed."""
        return tuple(one.key for one in self.differences)


@dataclass(frozen=True)
class Outside:
    """So many calls are scheduled for a menu at times at which it does not take any."""

    menu_id: int
    name: str
    calls: int

    def __str__(self) -> str:
        sentence = ngettext(
            "With this, %(calls)d scheduled call of “%(menu)s” falls outside its hours.",
            "With this, %(calls)d scheduled calls of “%(menu)s” fall outside its hours.",
            self.calls,
        )
        return sentence % {"calls": self.calls, "menu": self.name}


@dataclass
class LoadReport:
    """What was created, changed and left."""

    lines: list[Line]
    is_dry_run: bool = False
    # API tokens that were made, by name. They cannot be read again.
    tokens: dict[str, str] = field(default_factory=dict)
    # A digest of what is done, and of what was there before it: two plans that are the same do the same.
    plan: str = ""
    # Of menus for which it changes when they take calls.
    outside: list[Outside] = field(default_factory=list)

    @property
    def has_changes(self) -> bool:
        """True where anything was created or changed, or would be."""
        return any(line.outcome != Outcome.LEFT for line in self.lines)

    def counts(self) -> dict[str, dict[Outcome, int]]:
        """How many things of each kind had each outcome; kinds of which there are none are left out."""
        found: dict[str, dict[Outcome, int]] = {}
        for line in self.lines:
            counts = found.setdefault(line.kind, dict.fromkeys(Outcome, 0))
            counts[line.outcome] += 1
        return found

    def sentences(self) -> Iterator[str]:
        """The report for people, line by line, without any secret."""
        for kind, counts in self.counts().items():
            yield _("%(kind)s: %(created)d created, %(changed)d changed, %(left)d left") % {
                "kind": kind,
                **{outcome.value: count for outcome, count in counts.items()},
            }
            for line in self.lines:
                if line.kind == kind and line.outcome == Outcome.CHANGED:
                    yield _("  changed %(name)s: %(keys)s") % {"name": line.name, "keys": ", ".join(line.keys)}
        yield from map(str, self.outside)
        if not self.has_changes:
            yield _("Nothing changed: the center is as the files say.")
        elif self.is_dry_run:
            yield _("This was a dry run: nothing was written.")

    def token_sentences(self) -> Iterator[str]:
        """The API tokens that were made: secrets, for the eyes of whoever has loaded the files."""
        for name, token in self.tokens.items():
            yield _("The API token %(name)s is %(token)s (shown this once)") % {"name": name, "token": token}


def lines_about(center: Center) -> list[Line]:
    """What will become of each thing once the center is written. Things that no file touches are left out."""
    found = []
    for kind in KINDS:
        for record in center.of(kind).values():
            if record.is_new:
                found.append(Line(kind.name, name_of(record), Outcome.CREATED))
            elif record.changes():
                changed = tuple(differences(record, center))
                found.append(Line(kind.name, name_of(record), Outcome.CHANGED, changed))
            elif record.entries:
                found.append(Line(kind.name, name_of(record), Outcome.LEFT))
    return found


def outside_of(center: Center) -> list[Outside]:
    """The scheduled calls that nobody would take, of menus that take calls at other times than before; to be asked for
    once the center is written."""
    menus = center.of(MENUS)
    changed = [key for key, menu in menus.items() if menu.before and TAKING & set(menu.changes())]
    found = outside_by_menu(changed) if changed else {}
    return [Outside(key, str(menus[key].values["name"]), found[key]) for key in changed if key in found]


def plan_of(center: Center) -> str:
    """A digest of what will be created, changed and left, and of the values that will be replaced."""
    touched = []
    for kind in KINDS:
        for record in center.of(kind).values():
            changes = () if record.is_new else record.changes()
            if record.is_new or changes or record.entries:
                before = [(name, repr(record.before.get(name))) for name in changes]
                touched.append(f"{kind.name} {record.key!r} {record.is_new} {before}")
    return salted_hmac("ccai.center.plan", "\n".join(touched), algorithm="sha256").hexdigest()


def summary_of_faults(count: int) -> str:
    """The sentence above a list of faults."""
    return ngettext(
        "The center was not changed, because of %(count)d fault:",
        "The center was not changed, because of %(count)d faults:",
        count,
    ) % {"count": count}


def unusable_database(error: Exception) -> str:
    """The sentence for a database that has no tables yet, or does not answer."""
    return _("The database cannot be used: %(reason)s. Where it is new, run manage.py migrate first.") % {
        "reason": f"{error}".strip().rstrip(".")
    }
