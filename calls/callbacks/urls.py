"""Addresses that providers call. Those of one whose SDK is not installed do not exist."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = []
if find_spec("twilio"):
    urlpatterns.append(path("twilio/", include("calls.callbacks.twilio")))
