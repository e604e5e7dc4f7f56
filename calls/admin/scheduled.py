"""The page of calls that are still to come: the board of a day, the list below it, and what is done to many."""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from calls.models import Call
from calls.scheduled import bulk
from calls.scheduled.board import HOUR, read_board, read_days
from calls.scheduled.hours import Judge
from calls.scheduled.listing import Asked, find, read_ids, read_page
from calls.scope import Scope, scope_of
from calls.showing import refusals
from ccai.personal import masked_text, sees_personal_data, shown_number
from ccai.times import midnight, now, parse_time, wire_time
from menus.models import DeflectionOption, Menu
from menus.scope import branch_ids
from menus.tree import in_order

ALL_DAYS = "all"
# Calls that were not done, and are named one by one.
MOST_NAMED = 10
MOST_MINUTES = 60 * 24 * 31


class BulkForm(forms.Form):
    """What is to be done, and to which calls."""

    DEEDS = ("cancel", "start", "by", "to", "opening")

    deed = forms.ChoiceField(
        choices=[(deed, deed) for deed in DEEDS],
        error_messages={"required": gettext_lazy("Choose what is to be done.")},
    )
    minutes = forms.IntegerField(
        required=False,
        min_value=-MOST_MINUTES,
        max_value=MOST_MINUTES,
        error_messages={"invalid": gettext_lazy("Write the minutes as a number.")},
    )
    scheduled_at = forms.DateTimeField(
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        error_messages={"invalid": gettext_lazy("This is no time. Choose a day and a time.")},
    )

    def clean(self) -> dict[str, Any]:
        """With the minutes or the time that the deed needs."""
        cleaned = super().clean() or {}
        if cleaned.get("deed") == "by" and not cleaned.get("minutes") and "minutes" not in self.errors:
            raise forms.ValidationError(_("Write by how many minutes the calls are to be moved; before 0: earlier."))
        if cleaned.get("deed") == "to" and not cleaned.get("scheduled_at") and "scheduled_at" not in self.errors:
            raise forms.ValidationError(_("Choose the time the calls are to be moved to."))
        return cleaned


class Question:
    """What the page is asked for, as its address says; what cannot be read is as good as not said."""

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        said = request.GET
        self.today = timezone.localdate()
        self.all_days = said.get("day") == ALL_DAYS
        self.day = _day(said.get("day", "")) or self.today
        self.outside = "outside" in said
        hour = parse_time(said.get("hour", ""))
        # The ends of the calendar have no hour after or before them.
        self.hour = hour if hour and 1970 <= hour.year <= 9000 else None
        self.menu: Menu | None = None
        menu_id = said.get("menu", "")
        if menu_id.isascii() and menu_id.isdecimal() and len(menu_id) < 19:
            menus = scope.queues().prefetch_related("deflection_options")
            self.menu = menus.filter(pk=int(menu_id)).first()
        self.cursor = said.get("cursor", "")
        calls = scope.calls()
        self.calls = calls.filter(menu__in=branch_ids([self.menu.pk])) if self.menu else calls
        self.address = request.GET.urlencode()

    @property
    def asked(self) -> Asked:
        """The calls of the list."""
        if self.hour is not None:
            return Asked(self.hour, self.hour + HOUR, self.outside)
        if self.all_days:
            return Asked(outside=self.outside)
        return Asked(midnight(self.day), midnight(self.day + timedelta(days=1)), self.outside)

    def address_with(self, **changes: str | None) -> str:
        """The address of the same question, changed; None takes a part of it away."""
        parts: dict[str, str | None] = {
            "day": ALL_DAYS if self.all_days else self.day.isoformat(),
            "menu": str(self.menu.pk) if self.menu else None,
            "hour": wire_time(self.hour),
            "outside": "1" if self.outside else None,
        }
        parts |= changes
        query = "&".join(f"{name}={value}" for name, value in parts.items() if value is not None)
        return f"?{query}"


@require_http_methods(["GET", "HEAD", "POST"])
def scheduled_page(request: HttpRequest) -> HttpResponseBase:
    """/admin/calls/scheduled/: GET shows the calls to come; POST does one thing to many of them."""
    if not request.user.has_perm("calls.view_call"):
        raise PermissionDenied
    scope = scope_of(request.user)
    question = Question(request, scope)
    if request.method == "POST":
        return _do(request, scope, question)
    at = now()
    page = read_page(question.calls, question.asked, question.cursor)
    day = question.day
    if question.all_days and page.calls and page.calls[0][0].scheduled_at:
        day = timezone.localdate(page.calls[0][0].scheduled_at)
    clear = sees_personal_data(request.user)
    context = {
        **admin.site.each_context(request),
        "title": _("Scheduled calls"),
        "content_title": _("Scheduled calls"),
        "question": question,
        "day": day,
        "days": [
            (one, question.address_with(day=one.day.isoformat(), hour=None), one.day == day and not question.all_days)
            for one in read_days(question.calls, question.today)
        ],
        "all_days_address": question.address_with(day=ALL_DAYS, hour=None),
        "whole_day_address": question.address_with(hour=None),
        "board": _board_context(question, day, at),
        "menus": [
            (menu.pk, "\u2003" * depth + menu.name) for menu, depth in in_order(scope.queues().filter(deleted=False))
        ],
        "calls": [_line(call, is_open, clear=clear) for call, is_open in page.calls],
        "many": _count(question),
        "next_address": question.address_with(cursor=page.cursor) if page.cursor else "",
        "may": request.user.has_perm("calls.reschedule_call"),
        "most": bulk.MOST,
        "what_instead": _what_instead(question.menu, at) if question.outside and question.menu else "",
        "time_zone": timezone.get_current_timezone_name(),
        "hour_text": f"{timezone.localtime(question.hour):%Y-%m-%d %H:%M}" if question.hour else "",
    }
    return TemplateResponse(request, "admin/calls/scheduled/page.html", context)


def _board_context(question: Question, day: date, at: datetime) -> dict[str, Any]:
    """The board of `day`, with the addresses that its cells lead to."""
    board = read_board(question.calls, day, at)
    return {
        "board": board,
        "rows": [
            (
                row,
                question.address_with(menu=str(row.menu_id), hour=None),
                [
                    (cell, question.address_with(menu=str(row.menu_id), hour=wire_time(cell.slot.start), outside=None))
                    for cell in row.cells
                ],
            )
            for row in board.rows
        ],
    }


def _line(call: Call, is_open: bool, *, clear: bool) -> dict[str, Any]:
    """One call of the list."""
    person = call.end_user
    name = (person.name if clear else masked_text(person.name)) if person else ""
    return {
        "call": call,
        "address": reverse("admin:calls_call_change", args=[call.pk]),
        "menu": (call.menu_path or {}).get("name", ""),
        "name": name or "",
        "number": shown_number(call.end_user_number, clear=clear),
        "is_open": is_open,
    }


def _count(question: Question) -> int:
    """How many calls are listed on all pages."""
    if question.outside:
        return len(read_ids(question.calls, question.asked, 1_000_000))
    return find(question.calls, question.asked).count()


def _what_instead(menu: Menu, at: datetime) -> str:
    """What calls of `menu` get at their time if they stay as they are."""
    state = Judge([menu.pk]).state(menu.pk, at)
    occasion = (
        DeflectionOption.Occasion.REDIRECTION
        if state == Menu.State.MANUAL_REDIRECTION
        else DeflectionOption.Occasion.AFTER_HOURS
    )
    option = menu.option(occasion)
    given = option.get_kind_display() if option else DeflectionOption.Kind.MESSAGE.label
    return _(
        "If they stay as they are, each is looked at again at its time: what its menu does not take then gets what it "
        "gives instead, as it stands now: %(given)s."
    ) % {"given": given}


def _do(request: HttpRequest, scope: Scope, question: Question) -> HttpResponseBase:
    """One thing is done to each of the calls that were chosen, and the page says what became of them."""
    if not request.user.has_perm("calls.reschedule_call"):
        raise PermissionDenied
    back = HttpResponseRedirect(f"{request.path}?{question.address}")
    form = BulkForm(request.POST)
    is_other = False
    if "all" in request.POST:
        call_ids: Collection[int] = read_ids(question.calls, question.asked, bulk.MOST)
        # What was asked for is what was shown: calls come and go meanwhile.
        is_other = request.POST.get("shown") != str(_count(question))
    else:
        chosen = request.POST.getlist("call")
        call_ids = {int(one) for one in chosen if one.isascii() and one.isdecimal() and len(one) < 19}
    if not form.is_valid():
        messages.error(request, " ".join(str(fault) for faults in form.errors.values() for fault in faults))
    elif is_other:
        messages.error(request, _("Other calls are listed now than were shown. Look at them, and choose again."))
    elif not call_ids:
        messages.error(request, _("Choose calls first: tick them in the list."))
    else:
        _tell(request, form.cleaned_data["deed"], _carry_out(scope, call_ids, form.cleaned_data))
    return back


def _carry_out(scope: Scope, call_ids: Collection[int], said: dict[str, Any]) -> bulk.Outcome:
    deeds: dict[str, Callable[[], bulk.Outcome]] = {
        "cancel": lambda: bulk.cancel(scope, call_ids),
        "start": lambda: bulk.start(scope, call_ids),
        "by": lambda: bulk.move_by(scope, call_ids, timedelta(minutes=said["minutes"])),
        "to": lambda: bulk.move_to(scope, call_ids, said["scheduled_at"]),
        "opening": lambda: bulk.move_to_opening(scope, call_ids),
    }
    return deeds[said["deed"]]()


def _tell(request: HttpRequest, deed: str, outcome: bulk.Outcome) -> None:
    """What was done, what needed nothing, what was turned away, and what was not done and why."""
    done = {"many": outcome.done}
    if outcome.done and deed == "cancel":
        said = ngettext("%(many)d call is cancelled.", "%(many)d calls are cancelled.", outcome.done)
        messages.success(request, said % done)
    elif outcome.done and deed == "start":
        said = ngettext("%(many)d call is made now.", "%(many)d calls are made now.", outcome.done)
        messages.success(request, said % done)
    elif outcome.done:
        said = ngettext("%(many)d call has another time.", "%(many)d calls have another time.", outcome.done)
        messages.success(request, said % done)
    if outcome.kept:
        said = ngettext(
            "%(many)d call is as it was: nothing was to be done.",
            "%(many)d calls are as they were: nothing was to be done.",
            outcome.kept,
        )
        messages.info(request, said % {"many": outcome.kept})
    if outcome.turned_away:
        many = len(outcome.turned_away)
        said = ngettext("%(many)d call was turned away:", "%(many)d calls were turned away:", many)
        became = [f"#{call.pk}: {refusals.turned_away(call)}" for call in outcome.turned_away]
        messages.warning(request, f"{said % {'many': many}} {_first(became)}")
    if outcome.refused:
        many = len(outcome.refused)
        said = ngettext("%(many)d call was not:", "%(many)d calls were not:", many)
        became = [f"#{call_id}: {refusals.in_words(refusal)}" for call_id, refusal in outcome.refused]
        messages.warning(request, f"{said % {'many': many}} {_first(became)}")


def _first(became: list[str]) -> str:
    """The first MOST_NAMED sentences of `became`, and how many more there are."""
    more = len(became) - MOST_NAMED
    rest = [ngettext("and %(many)d more.", "and %(many)d more.", more) % {"many": more}] if more > 0 else []
    return " ".join([*became[:MOST_NAMED], *rest])


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # The ends of the calendar have no midnight in every zone.
    return day if 1970 <= day.year <= 9000 else None
