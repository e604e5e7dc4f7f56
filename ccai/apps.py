"""The kernel as an installed app: API tokens, the record of changes, and the commands that run the project."""

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from ccai.checks import check_settings


class CcaiConfig(AppConfig):
    """The project package."""

    name = "ccai"
    verbose_name = _("Access")

    def ready(self) -> None:
        """The system checks know the settings, and the admin the pages that stand on its other pages."""
        checks.register(check_settings)
        autodiscover_modules("changes", "webhook_pages")
