"""The addresses of the Calls API (contract sections 4, 6 to 8, and 10). A trailing slash works too."""

from django.urls import re_path

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
from menus.resources import MenusView, MenuTreeView, MenuView

urlpatterns = [
    re_path(r"^calls/?$", CallsView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/?$", CallView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/customer_flag/?$", CustomerFlagView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/transfers/?$", TransfersView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/photos/?$", PhotosView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/videos/?$", VideosView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/feedback/?$", FeedbackView.as_view()),
    re_path(r"^calls/(?P<call_id>[0-9]+)/data_parameters/?$", DataParametersView.as_view()),
    re_path(r"^calls/scheduled/(?P<call_id>[0-9]+)/?$", ScheduledCallView.as_view()),
    re_path(r"^calls/scheduled/(?P<call_id>[0-9]+)/cancel/?$", CallCancelView.as_view()),
    re_path(r"^calls/scheduled/cancel/?$", CallsCancelView.as_view()),
    re_path(r"^jobs/(?P<job_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$", JobView.as_view(), name="job"),
    re_path(r"^agents/?$", AgentsView.as_view()),
    re_path(r"^agents/(?P<agent_id>[0-9]+)/?$", AgentView.as_view()),
    re_path(r"^teams/?$", TeamsView.as_view()),
    re_path(r"^end_users/?$", EndUsersView.as_view()),
    re_path(r"^menus/?$", MenusView.as_view()),
    re_path(r"^menus/tree/?$", MenuTreeView.as_view()),
    re_path(r"^menus/(?P<menu_id>[0-9]+)/?$", MenuView.as_view()),
    re_path(r"^menus/(?P<menu_id>[0-9]+)/wait/?$", MenuWaitView.as_view()),
]
