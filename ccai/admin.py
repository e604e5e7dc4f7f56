"""What the pages of the back office share, and the page of API tokens."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet, URLField
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, RangeDateFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.decorators import action, display
from unfold.utils import parse_date_str
from unfold.views import ChangeList

from ccai.conflicts import TellsOfConflicts
from ccai.forms import PhoneField
from ccai.models import ApiToken
from ccai.phones import wire_phone
from ccai.times import midnight

# Who may read who changed what.
SEE_CHANGES = "ccai.view_auditentry"

admin.site.index_title = _("Home")

# Stands where there is no figure.
NOTHING = "–"


def unbroken(text: str | None) -> SafeString | None:
    """`text` on one line, however narrow its column; None stays None."""
    return None if text is None else format_html('<span class="whitespace-nowrap">{}</span>', text)


def clock_time(moment: datetime | None) -> SafeString | None:
    """`moment` on the center's clock, to the second, in an order that no language reads wrongly; None stays None."""
    return unbroken(None if moment is None else timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S"))


def shown_phone(number: str | None) -> SafeString | None:
    """A stored number in the international format; None where there is none."""
    return unbroken(wire_phone(number))


def is_id(text: str) -> bool:
    """True where `text`, which somebody searches for, is a number short enough to be a row's id."""
    return text.isascii() and text.isdecimal() and len(text) < 20


def duration(seconds: int | None) -> str | None:
    """`seconds` as minutes and seconds, or hours too where there are any: `4:05`, `1:04:05`; None stays None."""
    if seconds is None:
        return None
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def label(text: Any, colour: str) -> SafeString:
    """`text` on a coloured ground; `colour` is one of info, primary, success, warning and danger, or "" for grey."""
    return mark_safe(render_to_string("unfold/helpers/label.html", {"text": text, "type": colour}).strip())  # noqa: S308


class PhoneFields:
    """Mixed into an admin or an inline: the columns in `phone_fields` are read and shown as phone numbers."""

    phone_fields: tuple[str, ...] = ()

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """A PhoneField for those columns."""
        if db_field.name in self.phone_fields:
            kwargs["form_class"] = PhoneField
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class CenterAdmin(PhoneFields, TellsOfConflicts, ModelAdmin):
    """The list and the form of one kind of thing. Filters are chosen together and applied by one button."""

    formfield_overrides: Mapping[type[Field], Mapping[str, Any]] = {URLField: {"assume_scheme": "https"}}
    list_filter_submit = True
    warn_unsaved_form = True

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """To the thing's entries among all that people changed: there is one history, and it is kept there."""
        if not request.user.has_perm(SEE_CHANGES):
            raise PermissionDenied
        thing = urlencode({"model": self.opts.label_lower, "object_id": unquote(object_id)})
        return HttpResponseRedirect(f"{reverse('admin:ccai_auditentry_changelist')}?{thing}")

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponseBase:
        """404, as everywhere else, and not the first page with a message."""
        raise Http404

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Nothing: the database records it (ccai/audit.py)."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Nothing: the database records it."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> Any:
        """Nothing: the database records them."""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page, with the way to the thing's history for those who may see it."""
        if not request.user.has_perm(SEE_CHANGES):
            context["show_history"] = False
        return super().render_change_form(request, context, *args, **kwargs)


class CappedPaginator(Paginator):
    """Pages of the first 10,000 rows: a list of millions shows what is newest, filters and searches find the rest."""

    MOST = 10_000
    object_list: QuerySet
    template_name = "admin/capped_pagination.html"

    @cached_property
    def found(self) -> int:
        """How many rows there are, counted no further than one more than are shown."""
        return self.object_list.order_by()[: self.MOST + 1].count()

    @property
    def count(self) -> int:
        """How many rows the pages hold."""
        return min(self.found, self.MOST)

    @property
    def has_more(self) -> bool:
        """True where there are rows that no page shows."""
        return self.found > self.MOST


class ReadOnly:
    """Mixed into an admin or an inline: what happened can be looked at, and not be changed by anyone."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes."""
        return False


class LongChangeList(ChangeList):
    """A list that is never counted whole."""

    def get_results(self, request: HttpRequest) -> None:
        """Offer to show all rows where some are filtered away, and only there."""
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class LongListAdmin(CenterAdmin):
    """A list that may be millions of rows long, the latest first."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    ordering: tuple[str, ...] = ("-pk",)
    sortable_by: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that is never counted whole."""
        return LongChangeList


class HistoryAdmin(ReadOnly, LongListAdmin):
    """What happened, to be looked at: there are no changes to keep a history of."""

    actions = None

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """The page of one row."""
        return super().change_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})


class HistoryInline(ReadOnly, TabularInline):
    """The rows that belong to one thing, on its page."""

    extra = 0
    can_delete = False
    hide_title = True


class DayRangeFilter(RangeDateFilter):
    """From a day to a day of the center, both included."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """The rows of those days; a date nobody can read is as good as none."""
        first = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_from", ""))
        last = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_to", ""))
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": midnight(first)})
        if last and last < last.max:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": midnight(last + timedelta(days=1))})
        return queryset


class SeenThingForm(AutocompleteDropdownForm):
    """Chooses a thing to filter by; one that the person does not see is not named, whatever the address says."""

    def __init__(self, *, request: HttpRequest, name: str, field: Any, model_admin: Any, **kwargs: Any) -> None:
        super().__init__(request=request, name=name, field=field, model_admin=model_admin, **kwargs)
        listed = model_admin.admin_site.get_model_admin(field.remote_field.model)
        chooser: Any = self.fields[name]
        chooser.queryset = listed.get_queryset(request)


class SeenThingFilter(AutocompleteSelectFilter):
    """One thing, found by part of its name among those that the person sees."""

    form_class = SeenThingForm


@admin.register(ApiToken)
class ApiTokenAdmin(CenterAdmin):
    """Credentials of programs. The secret is shown once, when it is made."""

    list_display = ("name", "active", "personal_data", "rate_limit", "created", "last_used")
    list_filter = (("active", BooleanRadioFilter), ("personal_data", BooleanRadioFilter))
    search_fields = ("name",)
    readonly_fields = ("created", "last_used")
    fields = ("name", "rate_limit", ("active", "personal_data"), ("created", "last_used"))
    add_fieldsets = ((None, {"fields": ("name", "rate_limit", "personal_data")}),)
    actions = ("revoke",)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: ModelForm, change: bool) -> None:
        """A new token gets its secret, which the next page shows, and no page ever again."""
        if change:
            super().save_model(request, obj, form, change)
            return
        token = obj.make_token()
        super().save_model(request, obj, form, change)
        self.message_user(
            request,
            format_html(
                '{} <code class="font-semibold" style="font-family: monospace; overflow-wrap: anywhere">{}</code>',
                _("Copy the token now: it is not shown again."),
                token,
            ),
            messages.WARNING,
        )

    @display(description=_("created at"), ordering="created_at")
    def created(self, token: ApiToken) -> str | None:
        """When it was made."""
        return clock_time(token.created_at)

    @display(description=_("last used at"), ordering="last_used_at")
    def last_used(self, token: ApiToken) -> str | None:
        """When a program last came with it; nothing where none ever did."""
        return clock_time(token.last_used_at)

    @action(description=_("Revoke the selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """The tokens are known no more."""
        revoked = queryset.update(active=False)
        self.message_user(
            request,
            ngettext("%(count)d token is revoked.", "%(count)d tokens are revoked.", revoked) % {"count": revoked},
        )
