"""The addresses of the Calls API (contract sections 4, 6 to 8, and 10)."""

from agents.resources import AgentsView, AgentView, TeamsView
from calls.end_user_views import EndUsersView
from calls.sent_views import DataParametersView, FeedbackView, PhotosView, VideosView
from calls.views import (
    CallCancelView,
    CallsCancelView,
    CallsView,
    CallView,
    CustomerFlagView,
    JobView,
    MenuWaitView,
    ScheduledCallView,
    TransfersView,
)
from ccai.api.urls import at
from menus.resources import MenusView, MenuTreeView, MenuView

CALL, MENU = "(?P<call_id>[0-9]+)", "(?P<menu_id>[0-9]+)"

urlpatterns = [
    at("calls", CallsView),
    at(f"calls/{CALL}", CallView),
    at(f"calls/{CALL}/customer_flag", CustomerFlagView),
    at(f"calls/{CALL}/transfers", TransfersView),
    at(f"calls/{CALL}/photos", PhotosView),
    at(f"calls/{CALL}/videos", VideosView),
    at(f"calls/{CALL}/feedback", FeedbackView),
    at(f"calls/{CALL}/data_parameters", DataParametersView),
    at(f"calls/scheduled/{CALL}", ScheduledCallView),
    at(f"calls/scheduled/{CALL}/cancel", CallCancelView),
    at("calls/scheduled/cancel", CallsCancelView),
    at(r"jobs/(?P<job_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", JobView, name="job"),
    at("agents", AgentsView),
    at("agents/(?P<agent_id>[0-9]+)", AgentView),
    at("teams", TeamsView),
    at("end_users", EndUsersView),
    at("menus", MenusView),
    at("menus/tree", MenuTreeView),
    at(f"menus/{MENU}", MenuView),
    at(f"menus/{MENU}/wait", MenuWaitView),
]
