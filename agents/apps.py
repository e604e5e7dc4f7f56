"""Who answers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    """Agents, their logins, teams, languages and numbers."""

    name = "agents"
    verbose_name = _("Agents")
