"""What the caller meets."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MenusConfig(AppConfig):
    """The menu tree, its hours, redirection and groups."""

    name = "menus"
    verbose_name = _("Menus")
