"""Telling admins, by mail, of an endpoint to which nothing is sent any more. Never within a transaction.

A thread of its own talks to the mail server, which may take its time: who sends messages has one for all endpoints. It
has no connection to the database.
"""

import logging
import threading
from collections.abc import Sequence
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from ccai.models import WebhookEndpoint

log = logging.getLogger(__name__)


def tell_of_disabled(endpoint: WebhookEndpoint) -> None:
    """Everybody who may change endpoints will have a mail, which is sent meanwhile. Where none can be sent the log says
    so; the admin's first page shows such endpoints anyway."""
    people = list(_may_mend().values_list("email", flat=True))
    if not people:
        return
    with translation.override(settings.LANGUAGE_CODE):
        # Where a URL leads may be a secret; its host is none.
        place = urlsplit(endpoint.url).hostname
        subject = _("Webhooks to %(host)s are stopped") % {"host": place}
        if endpoint.disabled == WebhookEndpoint.Disabled.GONE:
            kept = _(
                "What waits for it is kept; what happens from now on is not. Send it again once it is switched on."
            )
        else:
            kept = _("What it should have been told is kept, and sent once it is switched on.")
        body = _(
            "Nothing is sent any more to the webhook endpoint “%(name)s” at %(host)s: %(why)s.\n\n"
            "%(kept)s Look at its last attempts, mend what is wrong, and switch it on again:\n%(link)s"
        ) % {
            "kept": kept,
            "name": endpoint.description or place,
            "host": place,
            "why": endpoint.get_disabled_display(),
            "link": settings.CCAI_PUBLIC_URL + reverse("admin:ccai_webhookendpoint_change", args=[endpoint.pk]),
        }
    mails = [EmailMessage(subject, body, to=[address]) for address in people]
    threading.Thread(target=_send, args=(endpoint.pk, mails), name="webhook-mail").start()


def _send(endpoint_id: int, mails: Sequence[EmailMessage]) -> None:
    try:
        with get_connection() as server:
            server.send_messages(mails)
    except (OSError, SMTPException) as error:
        log.warning("webhook endpoint %s: admins could not be told (%s)", endpoint_id, type(error).__name__)


def _may_mend() -> QuerySet[Any]:
    permitted = Permission.objects.filter(codename="change_webhookendpoint")
    may = Q(is_superuser=True) | Q(groups__permissions__in=permitted) | Q(user_permissions__in=permitted)
    return get_user_model()._default_manager.filter(may, is_active=True, is_staff=True).distinct()
