"""What nobody may do with a file that they may not do by hand.

That is to change the login of somebody who may do more, to give a role that may do more, or to end one's own login.
"""

from typing import Protocol

from django.utils.translation import gettext as _

from agents.logins import OF_SOMEBODY_WITH_MORE, OWN
from agents.models import User
from agents.roles import may_change, may_give
from ccai.center.records import Center
from ccai.center.schema import AGENTS

# Keys of an agent that are the login's, with where a file gives them.
LOGIN_KEYS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "active": "active",
    "role": "role",
    "password_hash": "password",
}


class Judge(Protocol):
    """Notes as faults what is not allowed of what would change."""

    def __call__(self, center: Center) -> None:
        """Look at the center as the files would have it."""


def judge_for(by: User) -> Judge:
    """Who judges files that `by` loads."""

    def judge(center: Center) -> None:
        for record in center.of(AGENTS).values():
            if not record.entries:
                continue
            entry, login = record.entries[-1], record.rows.get(User)
            changed = [name for name in record.changes() if name in LOGIN_KEYS]
            if "role" in changed and not may_give(record.values["role"], by):
                entry.fault("role", _("is a role that may do more than you; ask somebody who has it to give it"))
            elif login and changed and not may_change(login, by):
                entry.fault(LOGIN_KEYS[changed[0]], str(OF_SOMEBODY_WITH_MORE))
            elif login and "active" in changed and login.pk == by.pk:
                entry.fault("active", str(OWN))

    return judge
