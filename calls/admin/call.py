"""Calls: the list is the history's, the page of one is `call_page.py`'s."""

from django.contrib import admin

from calls.admin.call_page import CallPage
from calls.history.views import CallHistory
from calls.models import Call


@admin.register(Call)
class CallAdmin(CallPage, CallHistory):
    """Calls, the latest first."""
