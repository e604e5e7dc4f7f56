"""The addresses of the agents' page."""

from django.urls import path

from calls.desk import access, colors, lists, live, views

app_name = "desk"
urlpatterns = [
    path("", views.page, name="page"),
    path("login/", access.Login.as_view(), name="login"),
    path("logout/", access.log_out, name="logout"),
    path("colors.css", colors.colors, name="colors"),
    path("events", live.events, name="events"),
    path("status", views.set_status, name="status"),
    path("offers/<int:offer_id>/accept", views.accept, name="accept"),
    path("offers/<int:offer_id>/decline", views.decline, name="decline"),
    path("prompts/<int:prompt_id>", views.prompt_form, name="prompt"),
    path("prompts/<int:prompt_id>/use", views.use_prompt, name="use_prompt"),
    path("prompts/<int:prompt_id>/drop", views.drop_prompt, name="drop_prompt"),
    path("calls/<int:call_id>/hold", views.hold, name="hold"),
    path("calls/<int:call_id>/resume", views.resume, name="resume"),
    path("calls/<int:call_id>/hang-up", views.hang_up, name="hang_up"),
    path("calls/<int:call_id>/targets", views.targets, name="targets"),
    path("calls/<int:call_id>/transfer", views.transfer, name="transfer"),
    path("calls/<int:call_id>/complete-transfer", views.complete_transfer, name="complete_transfer"),
    path("calls/<int:call_id>/cancel-transfer", views.cancel_transfer, name="cancel_transfer"),
    path("calls/<int:call_id>/flag", views.set_flag, name="flag"),
    path("calls/<int:call_id>/note", views.write_note, name="note"),
    path("calls/<int:call_id>/disposition", views.set_disposition, name="disposition"),
    path("calls/<int:call_id>/call-back", views.call_back, name="call_back"),
    path("calls/<int:call_id>/photos/<int:photo_id>", lists.photo, name="photo"),
    path("calls/<int:call_id>/videos/<int:video_id>", lists.video, name="video"),
    path("dial", views.dial, name="dial"),
    path("voicemails", lists.voicemails, name="voicemails"),
    path("voicemails/<int:call_id>/read", lists.read_voicemail, name="read_voicemail"),
    path("voicemails/<int:call_id>/recording", lists.recording, name="recording"),
    path("missed", lists.missed, name="missed"),
    path("history", lists.history, name="history"),
]
