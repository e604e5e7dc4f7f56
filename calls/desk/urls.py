"""The addresses of the agents' page."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from calls.desk import access, colors, lists, live, views


class KeyConverter(IntConverter):
    """An id. What has more digits than a database's keys is no address here."""

    regex = "[0-9]{1,18}"


register_converter(KeyConverter, "key")

app_name = "desk"
urlpatterns = [
    path("", views.page, name="page"),
    path("login/", access.Login.as_view(), name="login"),
    path("logout/", access.log_out, name="logout"),
    path("colors.css", colors.colors, name="colors"),
    path("events", live.events, name="events"),
    path("status", views.set_status, name="status"),
    path("offers/<key:offer_id>/accept", views.accept, name="accept"),
    path("offers/<key:offer_id>/decline", views.decline, name="decline"),
    path("prompts/<key:prompt_id>", views.prompt_form, name="prompt"),
    path("prompts/<key:prompt_id>/use", views.use_prompt, name="use_prompt"),
    path("prompts/<key:prompt_id>/drop", views.drop_prompt, name="drop_prompt"),
    path("calls/<key:call_id>/hold", views.hold, name="hold"),
    path("calls/<key:call_id>/resume", views.resume, name="resume"),
    path("calls/<key:call_id>/hang-up", views.hang_up, name="hang_up"),
    path("calls/<key:call_id>/targets", views.targets, name="targets"),
    path("calls/<key:call_id>/transfer", views.transfer, name="transfer"),
    path("calls/<key:call_id>/complete-transfer", views.complete_transfer, name="complete_transfer"),
    path("calls/<key:call_id>/cancel-transfer", views.cancel_transfer, name="cancel_transfer"),
    path("calls/<key:call_id>/flag", views.set_flag, name="flag"),
    path("calls/<key:call_id>/note", views.write_note, name="note"),
    path("calls/<key:call_id>/disposition", views.set_disposition, name="disposition"),
    path("calls/<key:call_id>/call-back", views.call_back, name="call_back"),
    path("calls/<key:call_id>/photos/<key:photo_id>", lists.photo, name="photo"),
    path("calls/<key:call_id>/videos/<key:video_id>", lists.video, name="video"),
    path("dial", views.dial, name="dial"),
    path("voicemails", lists.voicemails, name="voicemails"),
    path("voicemails/<key:call_id>/read", lists.read_voicemail, name="read_voicemail"),
    path("voicemails/<key:call_id>/recording", lists.recording, name="recording"),
    path("missed", lists.missed, name="missed"),
    path("history", lists.history, name="history"),
]
