"""Invitations: people are sent a link by which they choose the password of their login.

A link is Django's for a forgotten password: it holds until it is used, the login changes, or PASSWORD_RESET_TIMEOUT
has passed. A mail server is asked once what brought the login about is committed, and never within a transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from smtplib import SMTPException, SMTPServerDisconnected

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.models import User
from ccai.times import now


@dataclass
class Sent:
    """What became of invitations: who was sent one, and who was not, with the mail server's words."""

    sent: list[User] = field(default_factory=list)
    unsent: list[User] = field(default_factory=list)
    reason: str = ""

    def sentences(self) -> list[str]:
        """The outcome for people."""
        said = []
        if self.sent:
            said.append(
                ngettext(
                    "An invitation is sent to %(who)s.", "Invitations are sent to %(count)d people.", len(self.sent)
                )
                % {"who": self.sent[0].email, "count": len(self.sent)}
            )
        if self.unsent:
            said.append(
                _("No invitation could be sent to %(who)s, and nothing else is lost: the mail server said: %(reason)s.")
                % {"who": ", ".join(user.email for user in self.unsent), "reason": self.reason.rstrip(".")}
                + " "
                + _("Invite again once it works.")
            )
        return said


def link_for(user: User, site: str) -> str:
    """The address below `site`, such as https://demo.localhost, at which `user` chooses a password."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return site.rstrip("/") + reverse("invite", args=[uid, default_token_generator.make_token(user)])


def send_invitations(users: Sequence[User], site: str) -> Sent:
    """Each of `users`, all active, is sent a link, and `invited_at` says when. Call it outside of transactions.

    What the mail server refuses is told, not raised. One that is not there is asked once, not for each.
    """
    outcome = Sent()
    connection = get_connection()
    is_there = True
    for user in users:
        try:
            if is_there:
                _message(user, site, connection).send()
        except OSError as error:
            # Whoever cannot be written to does not keep the others waiting; a server that is gone does.
            is_there = isinstance(error, SMTPException) and not isinstance(error, SMTPServerDisconnected)
            outcome.reason = outcome.reason or str(error) or type(error).__name__
            outcome.unsent.append(user)
            continue
        if not is_there:
            outcome.unsent.append(user)
            continue
        user.invited_at = now()
        user.save(update_fields=["invited_at"])
        outcome.sent.append(user)
    return outcome


def invite_on_commit(user: User, site: str, tell: Callable[[Sent], None]) -> None:
    """As `send_invitations`, once the current transaction has committed; `tell` then says what became of it."""
    transaction.on_commit(lambda: tell(send_invitations([user], site)))


def _message(user: User, site: str, connection: BaseEmailBackend) -> EmailMessage:
    """The letter to `user`, in the center's language, for nobody knows theirs."""
    with translation.override(settings.LANGUAGE_CODE):
        facts = {
            "name": user.get_short_name(),
            "email": user.email,
            "link": link_for(user, site),
            "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
            "center": settings.CCAI_SUBDOMAIN,
        }
        subject = _("Your login for the contact center %(center)s") % facts
        body = render_to_string("invite/letter.txt", facts)
    return EmailMessage(subject, body, to=[user.email], connection=connection)
