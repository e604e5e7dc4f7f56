"""What agents can choose as the outcome of a call."""

from django.contrib import admin
from unfold.contrib.filters.admin import BooleanRadioFilter

from calls.models import Disposition
from ccai.admin import CenterAdmin


@admin.register(Disposition)
class DispositionAdmin(CenterAdmin):
    """The list agents choose from, in its order. One that calls have cannot be deleted, but taken out of use."""

    list_display = ("name", "position", "active")
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("name",)
    fields = (("name", "position"), "active")
