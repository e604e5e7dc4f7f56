"""The reason the project exists."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    """Calls from their request to their end."""

    name = "calls"
    verbose_name = _("Calls")
