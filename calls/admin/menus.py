"""Menus, whose hours and switches concern calls that are scheduled already: whoever changes them is told."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calls.models import Call, Status
from calls.scheduled.hours import count_outside, outside_address
from menus.admin import MenuAdmin
from menus.models import DeflectionOption, Menu
from menus.scope import branch_ids

admin.site.unregister(Menu)


@admin.register(Menu)
class SchedulingMenuAdmin(MenuAdmin):
    """Says how many scheduled calls fall outside what a menu is set to now, and leads to them."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """After the menu and all that belongs to it is stored: where that changed when it takes calls, who is concerned
        is told."""
        super().save_related(request, form, formsets, change)
        if change and ((form.has_changed() and "hours" in form.changed_data) or _switches(formsets)):
            self._warn(request, form.instance, [form.instance.pk])

    def close_view(self, request: HttpRequest, menu_id: int) -> HttpResponseBase:
        """And scheduled calls of the branch are counted."""
        return self._then_warn(request, menu_id, super().close_view(request, menu_id))

    def redirection_view(self, request: HttpRequest, menu_id: int) -> HttpResponseBase:
        """And scheduled calls of the menu are counted."""
        return self._then_warn(request, menu_id, super().redirection_view(request, menu_id))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """And scheduled calls of the branch are counted."""
        return self._then_warn(request, object_id, super().delete_view(request, object_id, extra_context))

    def calls_of(self, menu_ids: Collection[int]) -> list[str]:
        """How many calls wait in the queues of these menus, and how many are scheduled for them."""
        waiting = Call.objects.filter(status=Status.QUEUED, queue__in=menu_ids).count()
        scheduled = Call.objects.filter(status=Status.SCHEDULED, menu__in=menu_ids).count()
        lines = []
        if waiting:
            lines.append(ngettext("%(count)d call waits", "%(count)d calls wait", waiting) % {"count": waiting})
        if scheduled:
            sentence = ngettext("%(count)d call is scheduled", "%(count)d calls are scheduled", scheduled)
            lines.append(sentence % {"count": scheduled})
        return lines

    def _then_warn(self, request: HttpRequest, menu_id: int | str, response: HttpResponseBase) -> HttpResponseBase:
        """`response`, of a verb; where it was done, who is concerned is told on the next page."""
        is_done = response.status_code == 302 or response.headers.get("Content-Type") == "application/json"
        if request.method == "POST" and is_done and response.status_code < 400:
            menu = Menu.objects.filter(pk=menu_id).first()
            if menu is not None:
                self._warn(request, menu, branch_ids([menu.pk]))
        return response

    def _warn(self, request: HttpRequest, menu: Menu, menu_ids: Collection[int]) -> None:
        """Where scheduled calls of these menus fall outside, how many, and the way to them."""
        many = count_outside(menu_ids) if request.user.has_perm("calls.view_call") else 0
        if not many:
            return
        sentence = ngettext(
            "%(many)d scheduled call of “%(menu)s” now falls outside the hours.",
            "%(many)d scheduled calls of “%(menu)s” now fall outside the hours.",
            many,
        )
        messages.warning(
            request,
            format_html(
                '{} <a class="underline font-semibold" href="{}">{}</a>',
                sentence % {"many": many, "menu": menu.name},
                outside_address(menu.pk),
                _("Move, keep or cancel them"),
            ),
        )


def _switches(formsets: Collection[forms.BaseFormSet]) -> bool:
    """Whether what the menu gives instead of an agent was changed, a redirection among it."""
    return any(getattr(one, "model", None) is DeflectionOption and one.has_changed() for one in formsets)
