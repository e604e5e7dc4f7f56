"""The addresses outside of the back office at which people see to their login."""

from django.urls import path

from agents.passwords import ChoosePassword

urlpatterns = [path("<uidb64>/<token>/", ChoosePassword.as_view(), name="invite")]
