"""What nobody may do with a file that they may not do by hand.

That is to change the login of somebody who may do more, to give a role that may do more, to end one's own login, or to
make tokens that may do more. Nor does a file tell whether a password or a token that it gives is the right one; and it
gives few passwords in the clear, since a page waits while each is hashed.
"""

from collections.abc import Sequence
from typing import Protocol

from django.utils.translation import gettext as _

from agents.logins import OF_SOMEBODY_WITH_MORE, OWN
from agents.models import User
from agents.roles import may_give, with_more
from ccai.center.records import Center, Record
from ccai.center.schema import AGENTS, API_TOKENS, Document

# Keys of an agent that are the login's, with where a file gives them.
LOGIN_KEYS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "active": "active",
    "role": "role",
    "password_hash": "password",
}
PASSWORDS = ("password", "password_hash")
SECRETS = ("token", "token_hash")
# Each takes up to a second, and the file is looked at before it is applied.
MOST_PASSWORDS = 20


class Judge(Protocol):
    """Notes as faults what is not allowed."""

    def passwords(self, documents: Sequence[Document]) -> None:
        """Look at the passwords that the files give, right or wrong, before anything is compared with them."""

    def __call__(self, center: Center) -> None:
        """Look at the center as the files would have it."""


class LoadsAs:
    """Judges the files that `by` loads."""

    def __init__(self, by: User) -> None:
        self.by = by

    def passwords(self, documents: Sequence[Document]) -> None:
        """No more than MOST_PASSWORDS in the clear; and nobody gives a password of somebody who may do more, were it
        the one that is there already."""
        entries = [entry for document in documents for entry in document.entries[AGENTS.name]]
        clear = [entry for entry in entries if entry.given.get("password") is not None]
        if len(clear) > MOST_PASSWORDS:
            sentence = _(
                "%(count)d passwords in the clear are too many for a page, which takes %(most)d; give hashes "
                "(password_hash), leave them out and invite people by e-mail, or use manage.py load_center"
            )
            clear[MOST_PASSWORDS].fault("password", sentence % {"count": len(clear), "most": MOST_PASSWORDS})
        emails = {email.lower() for email in with_more(self.by).values_list("email", flat=True)}
        for entry in entries:
            if entry.key in emails and (name := next((key for key in PASSWORDS if key in entry.given), "")):
                entry.fault(name, str(OF_SOMEBODY_WITH_MORE))
                entry.wrong.add(name)

    def __call__(self, center: Center) -> None:
        """Nobody changes a login of somebody who may do more, gives more than they have, or ends their own login."""
        more = set(with_more(self.by).values_list("pk", flat=True))
        for record in center.of(AGENTS).values():
            if not record.entries:
                continue
            entry, login = record.entries[-1], record.rows.get(User)
            changed = [name for name in record.changes() if name in LOGIN_KEYS]
            if "role" in changed and not may_give(record.values["role"], self.by):
                entry.fault("role", _("is a role that may do more than you; ask somebody who has it to give it"))
            elif login and changed and login.pk in more and not entry.wrong.intersection(PASSWORDS):
                entry.fault(LOGIN_KEYS[changed[0]], str(OF_SOMEBODY_WITH_MORE))
            elif login and "active" in changed and login.pk == self.by.pk:
                entry.fault("active", str(OWN))
        for record in center.of(API_TOKENS).values():
            if record.entries:
                self._judge_token(record)

    def _judge_token(self, record: Record) -> None:
        entry = record.entries[-1]
        if not record.changes() and not any(key in entry.given for key in SECRETS):
            return
        verb = "add" if record.is_new else "change"
        if not self.by.has_perm(f"ccai.{verb}_apitoken"):
            entry.fault("name", _("is a token, which you may not make or change; ask somebody who may"))
        elif record.values["personal_data"] and not self.by.has_perm("calls.view_personal_data"):
            entry.fault("personal_data", _("is more than you may see; write `personal_data: false`"))


def judge_for(by: User) -> Judge:
    """Who judges files that `by` loads."""
    return LoadsAs(by)
