"""Pages of the agents' room: logins, agents, what describes them and what they have been doing."""

from agents.admin.agents import AgentAdmin
from agents.admin.history import EngagementAdmin, StatusChangeAdmin
from agents.admin.users import GroupAdmin, UserAdmin
from agents.admin.vocabulary import LanguageAdmin, OutboundNumberAdmin, TeamAdmin

__all__ = [
    "AgentAdmin",
    "EngagementAdmin",
    "GroupAdmin",
    "LanguageAdmin",
    "OutboundNumberAdmin",
    "StatusChangeAdmin",
    "TeamAdmin",
    "UserAdmin",
]
