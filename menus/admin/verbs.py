"""The verbs of the tree as pages: each says what will happen, asks what it must know, and does it when it is sent.

They work without a script. The tree's own script posts to them too, and asks for JSON.
"""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.models import User
from ccai.admin import CenterAdmin
from ccai.audit import because
from menus import tree
from menus.admin.verb_forms import CloseForm, DeleteForm, MoveForm, RestoreForm
from menus.models import Closing, DeflectionOption, Menu
from menus.scope import branch_ids

# So many names are listed; of the others it is said how many there are.
LISTED = 12
Section = tuple[str, list[str]]


class MenuVerbs(CenterAdmin):
    """Move, close, open again, redirect, delete and restore. Who sees no more than a branch acts there alone."""

    def get_urls(self) -> list[URLPattern]:
        """The verbs' pages, beside those of every list."""
        verbs = [
            path(f"<int:menu_id>/{name}/", self.admin_site.admin_view(view), name=f"menus_menu_{name}")
            for name, view in (
                ("move", self.move_view),
                ("close", self.close_view),
                ("redirection", self.redirection_view),
                ("restore", self.restore_view),
            )
        ]
        reopen = self.admin_site.admin_view(self.reopen_view)
        return [
            path("closings/<int:closing_id>/reopen/", reopen, name="menus_closing_reopen"),
            *verbs,
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Menu | None = None) -> bool:
        """Nobody: the row of a menu stays, for its calls. Who may change menus may mark them as deleted."""
        return False

    def calls_of(self, menu_ids: Collection[int]) -> list[str]:
        """How many calls these menus have that are still to be taken, in words. Here none: whoever has calls says."""
        return []

    def move_view(self, request: HttpRequest, menu_id: int) -> HttpResponseBase:
        """The menu stands elsewhere."""
        menu = self._find(request, menu_id, may=self.has_change_permission(request))
        form = MoveForm(_sent(request), initial={"other": menu.parent_id})
        seen = self.get_queryset(request).filter(deleted=False)
        form.fields["other"].offer(seen, branch_ids([menu.pk]))  # type: ignore[attr-defined]

        def move(other: Menu | None, where: str) -> str:
            moved = tree.put(menu, tree.Where(where), other)
            siblings = Menu.objects.filter(parent=moved.parent_id, deleted=False)
            place = siblings.filter(position__lt=moved.position).count() + 1
            return _("“%(menu)s” stands %(place)s now, as number %(number)d of %(count)d.") % {
                "menu": moved.name,
                "place": _("below “%(parent)s”") % {"parent": moved.parent.name} if moved.parent else _("at the top"),
                "number": place,
                "count": siblings.count(),
            }

        title = _("Move “%(menu)s”") % {"menu": menu.name}
        sentence = _("It takes along all that stands below it. Now it stands at %(path)s.") % {"path": _way(menu)}
        return self._ask(request, menu, form, move, title=title, sentences=[sentence], submit=_("Move"))

    def close_view(self, request: HttpRequest, menu_id: int) -> HttpResponseBase:
        """The menu, or all its branch where others are below it, is closed in an emergency."""
        menu = self._find(request, menu_id, may=request.user.has_perm("menus.close_menu"))
        ids = branch_ids([menu.pk])
        closing = Menu.objects.filter(pk__in=ids, deleted=False, closing=None)
        is_branch = Menu.objects.filter(parent=menu, deleted=False).exists()

        def close(reason: str) -> str:
            with because(reason):
                tree.close(menu, branch=is_branch, reason=reason, user=_person(request))
            return _("“%(menu)s” is closed.") % {"menu": menu.name}

        title = _("Close “%(menu)s” now") % {"menu": menu.name}
        sentences = [_("It is closed at once, whatever its hours say, until somebody opens it again.")]
        if is_branch:
            count = closing.count()
            sentences = [
                ngettext(
                    "The whole branch, %(count)d menu, is closed at once, whatever its hours say, until somebody "
                    "opens it again.",
                    "The whole branch, %(count)d menus, is closed at once, whatever their hours say, until somebody "
                    "opens it again.",
                    count,
                )
                % {"count": count}
            ]
        sentences.append(_("Calls that wait already wait on. Callers who come get what the menu gives after hours."))
        leaves = closing.exclude(pk__in=Menu.objects.filter(deleted=False, parent__in=ids).values("parent"))
        sections = [(_("What callers get"), _given_after_hours(list(leaves.values_list("pk", flat=True))))]
        return self._ask(
            request, menu, CloseForm(_sent(request)), close,
            title=title, sentences=sentences, sections=sections, submit=_("Close now"), is_grave=True,
        )  # fmt: skip

    def reopen_view(self, request: HttpRequest, closing_id: int) -> HttpResponseBase:
        """What was closed in an emergency goes by its hours again."""
        if not request.user.has_perm("menus.close_menu"):
            raise PermissionDenied
        seen = Closing.objects.filter(menu__in=self.get_queryset(request))
        closing = get_object_or_404(seen.select_related("menu"), pk=closing_id)

        def reopen() -> str:
            tree.reopen(closing, _person(request))
            return _("“%(menu)s” goes by its hours again.") % {"menu": closing.menu.name}

        return self._do(request, closing.menu, reopen)

    def redirection_view(self, request: HttpRequest, menu_id: int) -> HttpResponseBase:
        """The menu's redirection is switched: on where `on` is 1, else off."""
        menu = self._find(request, menu_id, may=request.user.has_perm("menus.close_menu"))
        on = request.POST.get("on") == "1"

        def switch() -> str:
            tree.switch_redirection(menu, on, _person(request))
            sentence = _("“%(menu)s” is redirected.") if on else _("“%(menu)s” is no longer redirected.")
            return sentence % {"menu": menu.name}

        return self._do(request, menu, switch)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The menu and all below it are marked as deleted."""
        menu = self._find(request, object_id, may=self.has_change_permission(request))
        ids = branch_ids([menu.pk])
        calls = self.calls_of(ids)
        form = DeleteForm(_sent(request), has_calls=bool(calls))
        seen = self.get_queryset(request).filter(deleted=False)
        walked = Menu.objects.filter(deleted=False).exclude(parent=None).values_list("parent_id", flat=True)
        form.fields["substitute"].offer(seen, ids | set(walked))  # type: ignore[attr-defined]
        below = Menu.objects.filter(pk__in=ids, deleted=False).exclude(pk=menu.pk)

        def delete(substitute: Menu | None) -> str:
            count = len(tree.delete(menu, substitute=substitute))
            sentence = ngettext("“%(menu)s” is deleted.", "“%(menu)s” is deleted, %(count)d menus in all.", count)
            return sentence % {"menu": menu.name, "count": count}

        branch = [menu, *below]
        replaced = Menu.objects.filter(deleted=True, substitute__in=branch).values_list("name", flat=True)
        sections = [
            (_("Calls there now"), calls),
            (_("Below it, and deleted with it"), _listed([one.name for one, _depth in tree.in_order(below)])),
            (
                _("Others send calls here; they follow them, or get a message"),
                _listed([f"{one.menu.name}: {one.get_occasion_display()}" for one in tree.deflecting_to(branch)]),
            ),
            (_("Deleted menus whose calls come here; they follow them, or fail"), _listed(list(replaced))),
        ]
        sentences = [
            _("It stands at %(path)s. Its calls keep it in their history, and you can restore it.")
            % {"path": _way(menu)}
        ]
        return self._ask(
            request, menu, form, delete, title=_("Delete “%(menu)s”") % {"menu": menu.name},
            sentences=sentences, sections=sections, submit=_("Delete"), is_grave=True,
        )  # fmt: skip

    def restore_view(self, request: HttpRequest, menu_id: int) -> HttpResponseBase:
        """The menu, and what was deleted below it, is there again."""
        menu = self._find(request, menu_id, may=self.has_change_permission(request))
        below = Menu.objects.filter(pk__in=branch_ids([menu.pk]), deleted=True).exclude(pk=menu.pk)
        form = RestoreForm(_sent(request))

        def restore(branch: bool) -> str:
            count = len(tree.restore(menu, branch=branch))
            sentence = ngettext(
                "“%(menu)s” is there again.", "“%(menu)s” is there again, %(count)d menus in all.", count
            )
            return sentence % {"menu": menu.name, "count": count}

        return self._ask(
            request, menu, form, restore, title=_("Restore “%(menu)s”") % {"menu": menu.name},
            sentences=[_("It stands at %(path)s again, and takes calls as it did.") % {"path": _way(menu)}],
            sections=[(_("Deleted menus below it"), _listed([one.name for one, _depth in tree.in_order(below)]))],
            submit=_("Restore"),
        )  # fmt: skip

    def _find(self, request: HttpRequest, menu_id: int | str, *, may: bool) -> Menu:
        """The menu, of those that somebody sees. Refuses who may not with 403, and what is not there with 404."""
        if not may:
            raise PermissionDenied
        if not str(menu_id).isdecimal():
            menu_id = 0
        return get_object_or_404(self.get_queryset(request), pk=menu_id)

    def _ask(
        self,
        request: HttpRequest,
        menu: Menu,
        form: forms.Form,
        do: Callable[..., str],
        *,
        title: str,
        sentences: list[str],
        submit: str,
        sections: list[Section] | None = None,
        is_grave: bool = False,
    ) -> HttpResponseBase:
        """The page of a verb; sent with what it asks for, it does `do` and goes back, or says why it was refused."""
        if request.method == "POST" and form.is_valid():
            try:
                said = do(**form.cleaned_data)
            except ValidationError as refusal:
                form.add_error(None, refusal)
            else:
                return self._done(request, menu, said)
        if request.method == "POST" and _wants_json(request):
            faults = [fault for found in form.errors.values() for fault in found]
            return JsonResponse({"message": " ".join(map(str, faults))}, status=400)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "menu": menu,
            "form": form,
            "sentences": sentences,
            "sections": [section for section in sections or () if section[1]],
            "submit": submit,
            "is_grave": is_grave,
            "next": self._back(request, menu),
        }
        return TemplateResponse(request, "admin/menus/menu/verb.html", context)

    def _do(self, request: HttpRequest, menu: Menu, do: Callable[[], str]) -> HttpResponseBase:
        """A verb that has no page: it is sent, or not allowed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            said = do()
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return HttpResponseRedirect(self._back(request, menu))
        return self._done(request, menu, said)

    def _done(self, request: HttpRequest, menu: Menu, said: str) -> HttpResponseBase:
        """What was done is said, where somebody came from."""
        if _wants_json(request):
            return JsonResponse({"message": said})
        messages.success(request, said)
        return HttpResponseRedirect(self._back(request, menu))

    def _back(self, request: HttpRequest, menu: Menu) -> str:
        """The page of ours that `next` names, else the menu in its tree."""
        wanted = request.POST.get("next") or request.GET.get("next") or ""
        if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
            return wanted
        return f"{reverse('admin:menus_menu_changelist')}#menu-{menu.pk}"


def _person(request: HttpRequest) -> User:
    """Who asks: every page here is behind the login."""
    return cast("User", request.user)


def _sent(request: HttpRequest) -> QueryDict | None:
    """What was sent; None where a page is only asked for."""
    return request.POST if request.method == "POST" else None


def _wants_json(request: HttpRequest) -> bool:
    """True where a script asks, and reads the answer itself."""
    return request.headers.get("Accept") == "application/json"


def _way(menu: Menu) -> str:
    """The way to `menu`, as people write it."""
    return menu.path()["name"].replace("/", " / ")


def _listed(names: list[str]) -> list[str]:
    """The first of `names`, and how many more there are."""
    more = len(names) - LISTED
    if more <= 0:
        return names
    return [*names[:LISTED], ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more}]


def _given_after_hours(menu_ids: list[int]) -> list[str]:
    """What callers of these menus get after hours, and of how many."""
    options = DeflectionOption.objects.filter(menu__in=menu_ids, occasion=DeflectionOption.Occasion.AFTER_HOURS)
    kinds = Counter(option.get_kind_display() for option in options)
    nothing = len(menu_ids) - kinds.total()
    if nothing:
        kinds[_("Nothing is set: they hear that nobody can take the call, and the line ends")] = nothing
    if len(menu_ids) == 1:
        return list(kinds)
    return [
        ngettext("%(what)s (%(count)d menu)", "%(what)s (%(count)d menus)", count) % {"what": kind, "count": count}
        for kind, count in kinds.most_common()
    ]
