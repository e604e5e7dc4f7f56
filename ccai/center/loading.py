"""The verb that loads: files in, one transaction, a report out. All or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password, verify_password
from django.db import transaction
from django.utils.translation import gettext as _

from agents.models import User
from ccai.center.applying import apply
from ccai.center.faults import CenterFaults, Fault, FileFaults
from ccai.center.guarding import Judge
from ccai.center.parsing import MAX_BYTES, MAX_DEPTH, Unreadable, decode, parse
from ccai.center.records import read_center, read_named_crm
from ccai.center.report import LoadReport, lines_about, outside_of, plan_of
from ccai.center.schema import AGENTS, CONTACTS, TICKETS, Document, read_document
from ccai.center.writing import write


class PlanIsStale(Exception):
    """The center has changed since a plan was made: what would be done now is something else."""


def load_files(paths: Iterable[str | Path], *, dry_run: bool = False) -> LoadReport:
    """The files at `paths` are loaded one over the other, as by load_center."""
    found: list[Fault] = []
    documents = []
    for path in paths:
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            sentence = _("cannot be read: %(reason)s") % {"reason": error.strerror}
            FileFaults(str(path), found).add("", sentence)
        except ValueError:
            FileFaults(str(path), found).add("", _("is not the name of a file"))
        else:
            documents.append((str(path), content))
    return load_center(documents, dry_run=dry_run, found=found)


def load_center(
    documents: Iterable[tuple[str, str | bytes]],
    *,
    dry_run: bool = False,
    found: list[Fault] | None = None,
    judge: Judge | None = None,
    plan: str | None = None,
) -> LoadReport:
    """The center is as the documents (name and YAML) say, each loaded over those before it, in one transaction.

    A dry run does the same and takes it back. Raises CenterFaults, with everything that is wrong, with what `judge`
    does not allow, and with what is in `found` already; and PlanIsStale where `plan`, which an earlier report had, is
    not what would be done now. Nothing is changed then.
    """
    found = [] if found is None else found
    read = []
    is_whole = not found
    for name, content in documents:
        faults = FileFaults(name, found)
        text = content if isinstance(content, str) else decode(content, faults)
        try:
            tree = None if text is None else parse(text, faults)
        except Unreadable:
            text = None
        if text is None:
            is_whole = False
        else:
            read.append(read_document(faults, tree))
    return load(read, found, is_whole=is_whole, dry_run=dry_run, judge=judge, plan=plan)


def load_documents(documents: Iterable[tuple[str, Mapping[str, Any]]], *, dry_run: bool = False) -> LoadReport:
    """As load_center, with documents that are parsed already, from JSON for instance."""
    found: list[Fault] = []
    read = []
    is_whole = True
    for name, tree in documents:
        faults = FileFaults(name, found)
        if is_too_deep(tree):
            faults.add("", _("is nested more than %(limit)d levels deep") % {"limit": MAX_DEPTH})
            is_whole = False
        else:
            read.append(read_document(faults, tree))
    return load(read, found, is_whole=is_whole, dry_run=dry_run)


def is_too_deep(tree: Any) -> bool:
    """True where `tree` is nested deeper than a file may be."""
    level = [tree]
    for _depth in range(MAX_DEPTH + 1):
        items = [list(value.values()) if isinstance(value, Mapping) else value for value in level]
        level = [child for item in items if isinstance(item, list | tuple) for child in item]
    return bool(level)


def load(
    documents: Sequence[Document],
    found: list[Fault],
    *,
    is_whole: bool,
    dry_run: bool,
    judge: Judge | None = None,
    plan: str | None = None,
) -> LoadReport:
    """Put the documents over the center. Where a file is missing, what refers to it cannot be judged and is not."""
    if judge:
        judge.passwords(documents)
    if not found:
        hash_passwords(documents)
    with transaction.atomic():
        if is_whole:
            center = read_center()
            read_named_crm(center, *crm_ids(documents))
            apply(center, documents)
            if judge:
                judge(center)
        if found:
            raise CenterFaults(found)
        report = LoadReport(lines_about(center), is_dry_run=dry_run, plan=plan_of(center))
        if plan is not None and plan != report.plan:
            raise PlanIsStale
        tokens = write(center)
        report.outside = outside_of(center)
        if dry_run:
            transaction.set_rollback(True)
        else:
            report.tokens = tokens
    return report


def crm_ids(documents: Sequence[Document]) -> tuple[list[str], list[str]]:
    """The ids of the contacts and the tickets that the documents name."""
    contacts = {entry.key for document in documents for entry in document.entries[CONTACTS.name]}
    tickets = set()
    for document in documents:
        for entry in document.entries[TICKETS.name]:
            tickets.add(entry.key)
            if entry.given.get("contact") is not None:
                contacts.add(entry.given["contact"])
    return sorted(contacts), sorted(tickets)


def hash_passwords(documents: Sequence[Document]) -> None:
    """Each password that is given becomes its hash: that of the database where it is the same password.

    Hashing is slow by design, so it is done before the transaction, which keeps others waiting, begins.
    """
    entries = [entry for document in documents for entry in document.entries[AGENTS.name] if "password" in entry.given]
    if not entries:
        return
    hashes = {email.lower(): encoded for email, encoded in User.objects.values_list("email", "password")}
    for entry in entries:
        password = entry.given.pop("password")
        if password is None:
            entry.given.setdefault("password_hash", None)
            continue
        encoded = hashes.get(entry.key, "")
        if not encoded or not verify_password(password, encoded)[0]:
            encoded = make_password(password)
        entry.given["password_hash"] = encoded
