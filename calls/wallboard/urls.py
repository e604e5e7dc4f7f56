"""Addresses below /wallboard/."""

from django.urls import path

from calls.wallboard import views

app_name = "wallboard"
urlpatterns = [
    path("", views.wallboard, name="page"),
    path("parts/", views.wallboard_parts, name="parts"),
]
