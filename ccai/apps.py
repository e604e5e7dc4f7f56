"""The kernel as an installed app: API tokens and the commands that run the project."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CcaiConfig(AppConfig):
    """The project package."""

    name = "ccai"
    verbose_name = _("API access")
