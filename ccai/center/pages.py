"""Pages of files: upload one, look at what it would change, apply it. The center file, and the table of agents.

What is uploaded waits as a StagedFile, which only its owner sees. It is gone as soon as it is applied, or its
owner uploads another one or says that they will; a center file also where it has faults; and all after a quarter of an
hour.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, re_path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import slugify
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from agents.logins import person
from agents.models import Agent
from calls.scheduled.hours import outside_address
from calls.scope import scope_of
from ccai.center import parsing, tables
from ccai.center.agents_table import COLUMNS, Preview, apply_agents, preview_agents, table_of
from ccai.center.dumping import dump_center
from ccai.center.faults import CenterFaults
from ccai.center.guarding import judge_for
from ccai.center.loading import PlanIsStale, load_center
from ccai.center.report import LoadReport, Outcome
from ccai.models import StagedFile

# As many lines as somebody reads on a page.
MOST_LINES = 500
# As many menus as are warned of one by one.
MOST_OUTSIDE = 10
STALE = _("The center has changed since this page was made. Look again at what the file would do, and apply it then.")

Page = Callable[..., HttpResponseBase]


class FileIsGone(Exception):
    """The person has no such file that waits."""

    def __init__(self, purpose: StagedFile.Purpose) -> None:
        super().__init__(purpose)
        self.purpose = purpose


def behind(*permissions: str, whole: bool = True) -> Callable[[Page], Page]:
    """A page of the back office for those with all of `permissions`; where `whole`, only if they see all of it."""

    def wrap(page: Page) -> Page:
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perms(permissions) or (whole and scope_of(person(request)).is_limited):
                raise PermissionDenied
            try:
                return page(request, *args, **kwargs)
            except FileIsGone as gone:
                return gone_page(request, gone.purpose)

        return admin.site.admin_view(guarded)

    return wrap


class FileForm(forms.Form):
    """A file to upload, no larger than `limit` bytes."""

    file = forms.FileField(error_messages={"required": _("Choose a file.")})

    def __init__(self, *args: Any, label: str, endings: str, limit: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = limit
        self.fields["file"].label = label
        self.fields["file"].widget = UnfoldAdminFileFieldWidget(attrs={"accept": endings, "required": True})

    def clean_file(self) -> UploadedFile:
        """A file that is not too large."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > self.limit:
            raise ValidationError(
                _("The file is larger than %(limit)d MiB. Split it into several files."),
                params={"limit": self.limit >> 20},
            )
        return file


def table_form(*sent: Any) -> FileForm:
    """The form that takes a table of agents."""
    label = say("A table of agents, as CSV or XLSX")
    return FileForm(*sent, label=label, endings=".csv,.xlsx", limit=tables.MAX_BYTES)


def center_form(*sent: Any) -> FileForm:
    """The form that takes a center file."""
    return FileForm(*sent, label=say("A center file, in YAML"), endings=".yaml,.yml,.json", limit=parsing.MAX_BYTES)


def shown(request: HttpRequest, template: str, title: str, **facts: Any) -> TemplateResponse:
    """A page in the back office's look."""
    context = {**admin.site.each_context(request), "title": title, "content_title": title, **facts}
    return TemplateResponse(request, template, context)


def looked_at(request: HttpRequest, template: str, title: str, file: StagedFile, **facts: Any) -> TemplateResponse:
    """The page of what `file` would do: its `changes` and its `faults`, as many as one reads."""
    for name in ("changes", "faults"):
        found = facts[name]
        facts |= {name: found[:MOST_LINES], f"more_{name}": max(len(found) - MOST_LINES, 0), f"all_{name}": len(found)}
    return shown(request, template, title, file=file, **facts)


def outside_seen(request: HttpRequest, report: LoadReport) -> list[tuple[str, str]]:
    """How many scheduled calls fall outside, menu by menu, each with the way to them; to those who see calls. After
    as many menus as one reads, how many more there are."""
    if not request.user.has_perm("calls.view_call"):
        return []
    seen = [(str(one), outside_address(one.menu_id)) for one in report.outside[:MOST_OUTSIDE]]
    if more := len(report.outside[MOST_OUTSIDE:]):
        sentence = ngettext(
            "… and scheduled calls of %(menus)d more menu fall outside its hours.",
            "… and scheduled calls of %(menus)d more menus fall outside their hours.",
            more,
        )
        seen.append((sentence % {"menus": more}, outside_address()))
    return seen


def say_outside(request: HttpRequest, report: LoadReport) -> None:
    """How many scheduled calls now fall outside, with the ways to them."""
    for sentence, address in outside_seen(request, report):
        messages.warning(
            request,
            format_html(
                '{} <a class="underline font-semibold" href="{}">{}</a>',
                sentence,
                address,
                say("Move, keep or cancel them"),
            ),
        )


def stage(request: HttpRequest, purpose: StagedFile.Purpose, file: UploadedFile) -> StagedFile:
    """The file that was uploaded, kept in the place of an earlier one."""
    with transaction.atomic():
        StagedFile.objects.filter(user=person(request), purpose=purpose).delete()
        return StagedFile.objects.create(
            user=person(request), purpose=purpose, name=(file.name or "")[-255:], content=file.read()
        )


def staged(request: HttpRequest, purpose: StagedFile.Purpose, pk: int) -> StagedFile:
    """The person's own file. Raises FileIsGone where it was applied, replaced, or is somebody else's."""
    found = StagedFile.objects.filter(pk=pk, user=person(request), purpose=purpose).first()
    if found is None:
        raise FileIsGone(purpose)
    return found


def gone_page(request: HttpRequest, purpose: StagedFile.Purpose) -> TemplateResponse:
    """404, with what may have become of the file, and the way to upload it again."""
    is_center = purpose == StagedFile.Purpose.CENTER
    response = shown(
        request,
        "admin/center/gone.html",
        say("Center file") if is_center else say("Import agents"),
        upload=reverse("center_file" if is_center else "agents_import"),
    )
    response.status_code = 404
    return response


def named(what: str, ending: str) -> dict[str, str]:
    """The headers of a file to keep, whose name says what it is and of which day."""
    name = f"{slugify(what)}-{timezone.localdate():%Y-%m-%d}.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


@behind("agents.add_agent", "agents.change_agent")
def import_agents(request: HttpRequest) -> HttpResponseBase:
    """GET: how a table has to look. POST: keep the uploaded table and show what it would do."""
    form = table_form(request.POST, request.FILES) if request.method == "POST" else table_form()
    if form.is_valid():
        kept = stage(request, StagedFile.Purpose.AGENTS, form.cleaned_data["file"])
        return redirect("agents_import_preview", pk=kept.pk)
    return shown(
        request,
        "admin/agents/agent/import.html",
        say("Import agents"),
        columns=COLUMNS,
        form=form,
        limit=tables.MAX_BYTES >> 20,
        rows=tables.MAX_ROWS,
    )


@behind("agents.add_agent", "agents.change_agent")
def preview_agent_import(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET: what the table would do, or what is wrong with it. POST: apply it, whole or not at all; or forget it."""
    kept = staged(request, StagedFile.Purpose.AGENTS, pk)
    if "another" in request.POST:
        kept.delete()
        return redirect("agents_import")
    if request.method == "POST":
        try:
            done = apply_agents(bytes(kept.content), kept.name, person(request), request.POST.get("plan", ""))
        except PlanIsStale:
            messages.error(request, STALE)
            return redirect("agents_import_preview", pk=pk)
        if not done.faults:
            kept.delete()
            messages.success(request, _applied(done))
            return redirect("admin:agents_agent_changelist")
    else:
        done = preview_agents(bytes(kept.content), kept.name, person(request))
    return looked_at(
        request,
        "admin/agents/agent/import_preview.html",
        say("Import agents"),
        kept,
        preview=done,
        plan=done.plan,
        has_changes=done.has_changes,
        form=table_form(),
        upload=reverse("agents_import"),
        created=done.count(Outcome.CREATED),
        changed=done.count(Outcome.CHANGED),
        left=done.count(Outcome.LEFT),
        changes=[change for change in done.changes if change.outcome != Outcome.LEFT],
        faults=done.faults,
    )


def _applied(done: Preview) -> str:
    """What an import did, for people."""
    created, changed, left = (done.count(outcome) for outcome in (Outcome.CREATED, Outcome.CHANGED, Outcome.LEFT))
    said = [
        ngettext("%(count)d agent is added", "%(count)d agents are added", created) % {"count": created},
        ngettext("%(count)d is changed", "%(count)d are changed", changed) % {"count": changed},
        ngettext("%(count)d was so already", "%(count)d were so already", left) % {"count": left},
    ]
    return f"{', '.join(said)}."


@behind("agents.view_agent", whole=False)
def export_agents(request: HttpRequest, ending: str) -> HttpResponseBase:
    """GET: the agents that the list shows with the same query, as a CSV or XLSX that can be imported again."""
    try:
        listed = admin.site.get_model_admin(Agent).get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return redirect("admin:agents_agent_changelist")
    rows = table_of(list(listed.values_list("pk", flat=True)))
    if ending == "csv":
        return HttpResponse(
            b"".join(tables.csv_lines(rows)),
            content_type="text/csv; charset=utf-8",
            headers=named(say("Agents"), "csv"),
        )
    return HttpResponse(
        tables.xlsx_file(rows, say("Agents")),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers=named(say("Agents"), "xlsx"),
    )


@behind("ccai.load_center")
def center_file(request: HttpRequest) -> HttpResponseBase:
    """GET: the ways of a center file in and out. POST: keep the uploaded file and show what it would do."""
    form = center_form(request.POST, request.FILES) if request.method == "POST" else center_form()
    if form.is_valid():
        kept = stage(request, StagedFile.Purpose.CENTER, form.cleaned_data["file"])
        return redirect("center_file_preview", pk=kept.pk)
    return shown(request, "admin/center/file.html", say("Center file"), form=form, limit=parsing.MAX_BYTES >> 20)


@behind("ccai.load_center")
def preview_center_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET: what the file would do, or what is wrong with it. POST: apply it, whole or not at all; or forget it."""
    kept = staged(request, StagedFile.Purpose.CENTER, pk)
    if "another" in request.POST:
        kept.delete()
        return redirect("center_file")
    is_sent = request.method == "POST"
    documents = [(kept.name, bytes(kept.content))]
    plan = request.POST.get("plan", "") if is_sent else None
    report, faults = LoadReport([]), []
    try:
        report = load_center(documents, dry_run=not is_sent, judge=judge_for(person(request)), plan=plan)
    except CenterFaults as error:
        faults = error.faults
    except PlanIsStale:
        messages.error(request, STALE)
        return redirect("center_file_preview", pk=pk)
    is_done = is_sent and not faults
    if is_done or faults:
        # It may hold passwords and tokens as they are: it stays no longer than it is of use.
        kept.delete()
    if is_done:
        say_outside(request, report)
    response = looked_at(
        request,
        "admin/center/preview.html",
        say("Center file"),
        kept,
        report=report,
        outside=[] if is_done else outside_seen(request, report),
        plan=report.plan,
        has_changes=report.has_changes,
        is_done=is_done,
        form=center_form(),
        upload=reverse("center_file"),
        counts=[
            (kind, counts[Outcome.CREATED], counts[Outcome.CHANGED], counts[Outcome.LEFT])
            for kind, counts in report.counts().items()
        ],
        changes=[line for line in report.lines if line.outcome != Outcome.LEFT],
        faults=faults,
    )
    # It may hold tokens that are shown this once.
    response["Cache-Control"] = "no-store"
    return response


@behind("ccai.load_center")
def download_center_file(request: HttpRequest) -> HttpResponseBase:
    """GET: the center as a file; ?secrets=1, for superusers alone, with the hashes of passwords and tokens."""
    with_secrets = request.GET.get("secrets") == "1"
    if with_secrets and not request.user.is_superuser:
        raise PermissionDenied
    return HttpResponse(
        dump_center(secrets=with_secrets).encode(),
        content_type="application/yaml; charset=utf-8",
        headers=named(say("Center"), "yaml"),
    )


# They stand before the back office's own addresses, some of which would match them too.
urlpatterns = [
    path("agents/agent/import/", import_agents, name="agents_import"),
    path("agents/agent/import/<int:pk>/", preview_agent_import, name="agents_import_preview"),
    re_path(r"^agents/agent/export\.(?P<ending>csv|xlsx)$", export_agents, name="agents_export"),
    path("center/", center_file, name="center_file"),
    path("center/<int:pk>/", preview_center_file, name="center_file_preview"),
    path("center/download/", download_center_file, name="center_file_download"),
]
