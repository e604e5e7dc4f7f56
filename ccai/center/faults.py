"""What is wrong with a center file: collected on the way, and said in one go."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

SHOWN_MAX_LENGTH = 80


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: in which file, where in it, and why."""

    file: str
    path: str  # such as menus[0].menu_type; "" where it is about the whole file
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.sentence) if part)


class CenterFaults(Exception):
    """A center could not be loaded, and nothing was changed. `faults` are all the reasons."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class FileFaults:
    """The faults of one file, added to a list that several files share."""

    def __init__(self, file: str, found: list[Fault]) -> None:
        self.file = file
        self.found = found

    def add(self, path: str, sentence: str) -> None:
        """Note that what stands at `path` is wrong."""
        self.found.append(Fault(self.file, printable(path), printable(sentence)))


def printable(text: str) -> str:
    """`text` with lone surrogates, which no terminal and no page can show, written as their codes."""
    return text.encode(errors="backslashreplace").decode()


def shown(value: Any) -> str:
    """`value` in double quotes, fit for one line of a terminal, and cut where it is long."""
    text = str(value)
    if len(text) > SHOWN_MAX_LENGTH:
        text = text[:SHOWN_MAX_LENGTH] + "…"
    return json.dumps(text, ensure_ascii=False)


def below(path: str, key: str) -> str:
    """The path of `key` in the mapping at `path`. A key that is no plain word is shown as a string."""
    name = key if key.replace("_", "").replace("-", "").isalnum() and len(key) <= SHOWN_MAX_LENGTH else shown(key)
    return f"{path}.{name}" if path else name


def must_be_mapping() -> str:
    """The sentence for a value that should be a mapping and is none."""
    return _("must be a mapping of keys and values")
