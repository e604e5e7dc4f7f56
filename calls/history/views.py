"""The pages of the history, below /admin/calls/call/: the list, its saved views, and its export."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from agents.models import User
from calls.history import finding
from calls.history.columns import COLUMNS, Column
from calls.history.export import TYPES, Export
from calls.history.finding import Found
from calls.history.form import PER_PAGE, HistoryForm
from calls.history.progress import Progress
from calls.history.saved_views import NewViewForm, ViewForm, own_view, views_for
from calls.history.showing import show_rows
from calls.models import SavedView
from calls.scope import scope_of
from ccai.admin import HistoryAdmin
from ccai.api.pagination import Cursor
from ccai.errors import Refused

PERSONAL = "calls.view_personal_data"
EXPORT = "calls.export_call"


class CallHistory(HistoryAdmin):
    """The admin of calls, whose list is the history."""

    def get_urls(self) -> list[URLPattern]:
        """The addresses of the history's own pages, before those of single calls."""
        wrap = self.admin_site.admin_view
        return [
            path("export/progress/", wrap(self.progress_view), name="calls_call_export_progress"),
            path("export/<str:kind>/", wrap(self.export_view), name="calls_call_export"),
            path("views/", wrap(self.new_view), name="calls_savedview_add"),
            path("views/<int:pk>/", wrap(self.change_saved_view), name="calls_savedview_change"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The calls that are asked for, a page of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = HistoryForm(request.GET, scope=scope_of(person(request)))
        found, page, total = self._look(request, form)
        columns = columns_of(form.column_keys())
        clear = request.user.has_perm(PERSONAL)
        address = form.address()
        saved = views_for(person(request))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Call history"),
            "opts": self.opts,
            "is_fullwidth": "1",
            "media": form.media,
            "form": form,
            "filters": form.filters(),
            "columns": columns,
            "all_columns": list(COLUMNS.values()),
            "rows": show_rows(page.rows, columns, clear=clear) if page else [],
            "said": None if found is None else said(total, found),
            "chips": list(form.chosen()),
            "address": address,
            "newest": f"?{address}",
            "newer": self._page_address(form, page.newer if page else None),
            "older": self._page_address(form, page.older if page else None),
            "is_first": page is None or page.is_first,
            "saved_views": saved,
            "is_saved": any(view.query == address for view in saved),
            "new_view": NewViewForm(owner=person(request), initial={"query": address}),
            "may_save": request.user.has_perm("calls.add_savedview"),
            "may_export": request.user.has_perm(EXPORT),
            "parameters": parameters_of(address),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/calls/call/history.html", context)

    def _look(self, request: HttpRequest, form: HistoryForm) -> tuple[Found | None, finding.Page | None, int]:
        """What is found, the page that is asked for, and how many calls there are; nothing where the form is wrong."""
        if not form.is_valid():
            return None, None, 0
        try:
            word = form.cleaned_data["cursor"]
            cursor = Cursor.decode(word) if word else None
            found = finding.find(form, scope_of(person(request)), clear=request.user.has_perm(PERSONAL))
        except Refused:
            form.add_error(None, _("The address of this page is not whole. Go to the newest calls, and on from there."))
            return None, None, 0
        except ValidationError as error:
            form.add_error("q", error)
            return None, None, 0
        per = int(form.cleaned_data["per"] or PER_PAGE[0])
        page = finding.read_page(found, columns_of(form.column_keys()), cursor=cursor, per=per)
        # What is on one page needs no counting.
        is_all = page.newer is None and page.older is None and cursor is None
        return found, page, len(page.rows) if is_all else finding.count(found)

    def _page_address(self, form: HistoryForm, cursor: str | None) -> str | None:
        """The address of the page at `cursor`; None where there is none."""
        return f"?{form.address(cursor=[cursor])}" if cursor else None

    @method_decorator(require_safe)
    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The calls that are asked for, as a file of that kind, sent while it is written.

        `all` asks for all columns; `id` is a name by which the page asks how far the file is.
        """
        if kind not in TYPES:
            raise Http404
        if not (self.has_view_permission(request) and request.user.has_perm(EXPORT)):
            raise PermissionDenied
        asked = request.GET.copy()
        name, wants_all = asked.pop("id", [""])[-1], bool(asked.pop("all", None))
        form = HistoryForm(asked, scope=scope_of(person(request)))
        clear = request.user.has_perm(PERSONAL)
        try:
            if not form.is_valid():
                raise ValidationError(_("This cannot be exported."))
            found = finding.find(form, scope_of(person(request)), clear=clear)
        except ValidationError:
            # The page says what is wrong.
            return redirect(f"{reverse('admin:calls_call_changelist')}?{asked.urlencode()}")
        export = Export(
            found=found,
            columns=list(COLUMNS.values()) if wants_all else columns_of(form.column_keys()),
            kind=kind,
            clear=clear,
            user_id=person(request).pk,
            progress=Progress(person(request).pk, name),
            oldest=finding.oldest_moment(form.bounds()[0]),
        )
        return StreamingHttpResponse(
            export.pieces_async() if isinstance(request, ASGIRequest) else export.pieces(),
            content_type=TYPES[kind],
            headers={
                "Content-Disposition": f'attachment; filename="calls-{timezone.localdate():%Y-%m-%d}.{kind}"',
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            },
        )

    @method_decorator(require_safe)
    def progress_view(self, request: HttpRequest) -> JsonResponse:
        """How far this person's export of the given `id` is; an empty object where nobody knows."""
        if not request.user.has_perm(EXPORT):
            raise PermissionDenied
        told = Progress(person(request).pk, request.GET.get("id", "")).read()
        return JsonResponse(told or {}, headers={"Cache-Control": "no-store"})

    @method_decorator(require_POST)
    def new_view(self, request: HttpRequest) -> HttpResponse:
        """What is asked for has a name from now on."""
        if not (self.has_view_permission(request) and request.user.has_perm("calls.add_savedview")):
            raise PermissionDenied
        form = NewViewForm(request.POST, owner=person(request))
        asked = HistoryForm(QueryDict(request.POST.get("query", "")), scope=scope_of(person(request)))
        if form.is_valid() and asked.is_valid():
            form.instance.query = asked.address(per=[])
            form.save()
            messages.success(request, _("The view %(name)s is saved.") % {"name": form.instance.name})
        else:
            say_faults(request, form, asked)
        return redirect(f"{reverse('admin:calls_call_changelist')}?{asked.address()}")

    @method_decorator(require_POST)
    def change_saved_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The person's own view has another name, is shared or not, or is gone; it asks for something else where `over`
        is sent, with its `query`."""
        view = own_view(person(request), pk)
        verb = "delete" if "delete" in request.POST else "change"
        if not (self.has_view_permission(request) and request.user.has_perm(f"calls.{verb}_savedview")):
            raise PermissionDenied
        if verb == "delete":
            view.delete()
            messages.success(request, _("The view %(name)s is deleted.") % {"name": view.name})
            return redirect("admin:calls_call_changelist")
        form = ViewForm(request.POST, instance=view, owner=person(request))
        asked = []
        if "over" in request.POST:
            asked = [HistoryForm(QueryDict(request.POST.get("query", "")), scope=scope_of(person(request)))]
        if all(one.is_valid() for one in (form, *asked)):
            for one in asked:
                form.instance.query = one.address(per=[])
            form.save()
            messages.success(request, _("The view %(name)s is saved.") % {"name": view.name})
        else:
            say_faults(request, form, *asked)
        kept = SavedView.objects.get(pk=pk)
        return redirect(f"{reverse('admin:calls_call_changelist')}?{kept.query}")


def person(request: HttpRequest) -> User:
    """Who has logged in; the admin's pages let nobody else in."""
    return cast(User, request.user)


def columns_of(keys: Iterable[str]) -> list[Column]:
    """The columns with these keys."""
    return [COLUMNS[key] for key in keys]


def parameters_of(address: str) -> list[tuple[str, str]]:
    """What `address` says, for the hidden fields of a form that says the same."""
    return [(name, value) for name, values in QueryDict(address).lists() for value in values]


def say_faults(request: HttpRequest, *forms: Any) -> None:
    """What is wrong with `forms` is said on the next page."""
    for form in forms:
        for faults in form.errors.values():
            for fault in faults:
                messages.error(request, fault)


def said(total: int, found: Found) -> tuple[str, str]:
    """How many calls there are, and of what kind, as the search is understood."""
    if total > finding.COUNTED:
        number = _("More than %(most)s calls") % {"most": f"{finding.COUNTED:,}"}
    elif total == 0:
        number = _("No calls")
    else:
        number = ngettext("%(count)s call", "%(count)s calls", total) % {"count": f"{total:,}"}
    words = [meaning.words for meaning in found.meanings]
    if len(words) > 1:
        last = words.pop()
        words = [_("%(first)s or %(last)s") % {"first": ", ".join(words), "last": last}]
    return number, "".join(words)
