"""Pages of calls and of the people on the other end. What happened is looked at here and never changed."""

from calls.admin.agents import FloorAgentAdmin
from calls.admin.call import CallAdmin
from calls.admin.customers import ContactAdmin, EndUserAdmin, TicketAdmin
from calls.admin.dispositions import DispositionAdmin
from calls.admin.limits import SeenEngagementAdmin, SeenStatusChangeAdmin, SeenTeamAdmin
from calls.admin.menus import SchedulingMenuAdmin
from calls.admin.offers import DialPromptAdmin, OfferAdmin

__all__ = [
    "CallAdmin",
    "ContactAdmin",
    "DialPromptAdmin",
    "DispositionAdmin",
    "EndUserAdmin",
    "FloorAgentAdmin",
    "OfferAdmin",
    "SchedulingMenuAdmin",
    "SeenEngagementAdmin",
    "SeenStatusChangeAdmin",
    "SeenTeamAdmin",
    "TicketAdmin",
]
