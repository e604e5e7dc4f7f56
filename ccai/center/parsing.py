"""YAML to plain mappings, lists and text, without YAML's guesses.

YAML 1.1 reads `no` as false, `0071450` as an octal number and `12:30:00` as 45,000. Here an unquoted scalar is kept as
it was written, as `Plain` text; the field it stands in says whether it is a number, true, null or just text.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from ccai.center.faults import FileFaults, below

MAX_BYTES = 10 * 1024 * 1024
# Far more than any center needs; fewer than a bomb of aliases has.
MAX_VALUES = 1_000_000
MAX_DEPTH = 100
# What YAML allows in a file (1.2, section 5.1), lone surrogates excluded.
NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# PyYAML's messages quote words of the file, and a word may be a secret.
QUOTED_WORD = re.compile(r"'[^'<]{2,}'")
TEXT_TAGS = ("tag:yaml.org,2002:str", "!")

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Plain(str):
    """A scalar that was written without quotes."""

    __slots__ = ()


class Unreadable(Exception):
    """The file cannot be read to its end; the fault is noted."""


def decode(content: bytes, faults: FileFaults) -> str | None:
    """The text of a file; None, with a fault, where it is too large or no UTF-8."""
    if len(content) > MAX_BYTES:
        faults.add("", _("is larger than %(limit)d MiB; split it into several files") % {"limit": MAX_BYTES >> 20})
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(_("line %(line)d") % {"line": line}, _("is not UTF-8 text; save the file in UTF-8"))
        return None


def parse(text: str, faults: FileFaults) -> Any:
    """The one document in `text`: dict, list, str, and Plain for what was written without quotes.

    Raises Unreadable, with a fault noted, where it is no YAML. Duplicate keys and tags are faults too, and reading
    goes on.
    """
    forbidden = NOT_ALLOWED.search(text)
    if forbidden:
        line = text.count("\n", 0, forbidden.start()) + 1
        faults.add(
            _("line %(line)d") % {"line": line},
            _("contains the character U+%(code)04X, which a YAML file may not hold") % {"code": ord(forbidden[0])},
        )
        raise Unreadable
    try:
        return TreeBuilder(yaml.parse(text, Loader=Loader), faults).document()
    except yaml.MarkedYAMLError as error:
        # The mark's own text is left out: it shows a piece of the file, and there may be a secret in it.
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        faults.add(
            _("line %(line)d, column %(column)d") % {"line": line, "column": column},
            _("is not YAML: %(problem)s") % {"problem": QUOTED_WORD.sub("…", problem)},
        )
        raise Unreadable from None


class TreeBuilder:
    """Builds the tree from the parser's events, within bounds."""

    def __init__(self, events: Iterator[Any], faults: FileFaults) -> None:
        self.events = events
        self.faults = faults
        self.values = 0
        self.anchors: dict[str, tuple[Any, int]] = {}  # the value, and how many values are in it
        self.under_way: set[str] = set()

    def stop(self, event: Any, sentence: str) -> Unreadable:
        """Note the fault at the event's line. Returns what to raise."""
        self.faults.add(_("line %(line)d") % {"line": event.start_mark.line + 1}, sentence)
        return Unreadable()

    def count(self, values: int, event: Any) -> None:
        """Count values read, aliased ones each time."""
        self.values += values
        if self.values > MAX_VALUES:
            raise self.stop(event, _("holds more than %(limit)d values") % {"limit": MAX_VALUES})

    def document(self) -> Any:
        """The value of the first document; a second one is a fault."""
        next(self.events)  # the stream begins
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        tree = self.value(next(self.events), "", 0)
        next(self.events)  # the document ends
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.stop(event, _("begins a second document; put each into a file of its own"))
        return tree

    def value(self, event: Any, path: str, depth: int) -> Any:
        """The value that begins with `event`."""
        if isinstance(event, yaml.AliasEvent):
            return self.aliased(event)
        self.count(1, event)
        if depth > MAX_DEPTH:
            raise self.stop(event, _("is nested more than %(limit)d levels deep") % {"limit": MAX_DEPTH})
        before = self.values
        if event.anchor:
            self.under_way.add(event.anchor)
        built: Any
        if isinstance(event, yaml.MappingStartEvent):
            self.refuse_tag(event, "tag:yaml.org,2002:map")
            built = self.mapping(path, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.refuse_tag(event, "tag:yaml.org,2002:seq")
            built = self.sequence(path, depth)
        else:
            self.refuse_tag(event, *TEXT_TAGS)
            built = event.value if event.style or event.tag else Plain(event.value)
        if event.anchor:
            self.under_way.discard(event.anchor)
            self.anchors[event.anchor] = (built, self.values - before + 1)
        return built

    def aliased(self, event: Any) -> Any:
        """The value an alias stands for."""
        if event.anchor in self.under_way:
            raise self.stop(event, _("an alias stands for a value that it is a part of"))
        if event.anchor not in self.anchors:
            raise self.stop(event, _("an alias (*) has no anchor (&) before it; put text that begins with * in quotes"))
        built, values = self.anchors[event.anchor]
        self.count(values, event)
        return built

    def refuse_tag(self, event: Any, *known: str) -> None:
        """A tag that is not one of `known` is a fault."""
        if event.tag is not None and event.tag not in known:
            self.stop(event, _("a tag (!) is not understood here; put text that begins with ! in quotes"))

    def sequence(self, path: str, depth: int) -> list[Any]:
        """The items up to the end of the list."""
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def mapping(self, path: str, depth: int) -> dict[str, Any]:
        """The keys and values up to the end of the mapping."""
        built: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise self.stop(event, _("a key must be text"))
            key = str(self.value(event, path, depth + 1))
            value = self.value(next(self.events), below(path, key), depth + 1)
            if key in built:
                self.faults.add(
                    below(path, key),
                    _("stands twice, on lines %(first)d and %(second)d; remove one")
                    % {"first": lines[key], "second": line},
                )
            else:
                built[key], lines[key] = value, line
        return built
