"""Two people who edit one thing: the second is told, sees the difference, and loses nothing.

A form carries what it showed, signed. When it comes back and the thing is no longer so, nothing is saved: the page says
field by field what it was, what it is now and who did that, and what the person has written, which stays in the form.
Fields the person has not touched show what is there now; of the others the person chooses, or simply saves again.
Only what the form would write counts.
"""

import copy
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core import signing
from django.db import transaction
from django.db.models import Model, OneToOneField
from django.forms import BaseForm, BaseInlineFormSet, ModelForm
from django.forms.formsets import DELETION_FIELD_NAME, INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.text import capfirst
from django.utils.translation import gettext

from ccai.form_values import NOTHING, in_words, plain_value
from ccai.models import AuditEntry
from ccai.times import now

# What the form carries, and what the person chooses of a field: both by these names.
SHOWN = "_shown"
CHOICE = "_choice-"
THEIRS = "theirs"
ANEW = "anew"  # what the form carries where the thing is there no more
SALT = "ccai.conflicts"
# An entry is dated a moment before its transaction ends.
EARLIER = timedelta(seconds=10)

Values = dict[str, Any]


@dataclass
class Shown:
    """The values of a form and of its inlines' rows, as JSON has them: what a person has seen, or what is there now."""

    thing: str
    at: str
    fields: Values
    rows: dict[str, dict[str, Values]] = field(default_factory=dict)  # by prefix and key

    def signed(self) -> str:
        """As a form carries it."""
        return signing.dumps([self.thing, self.at, self.fields, self.rows], salt=SALT, compress=True)

    @classmethod
    def read(cls, text: str) -> "Shown | None":
        """What a form carried; None where it is nothing that we wrote."""
        try:
            return cls(*signing.loads(text, salt=SALT))
        except signing.BadSignature:
            return None


@dataclass
class Line:
    """One thing that somebody else has changed."""

    key: str
    kept_as: str  # how the record of changes calls it (ccai/audit.py)
    name: str
    was: str
    now: str
    yours: str | None  # None where the person has not touched it, and there is nothing to choose
    who: str = ""
    at: datetime | None = None
    can_choose: bool = True

    @property
    def choice(self) -> str:
        """What the choice is called in the form."""
        return f"{CHOICE}{self.key}"


@dataclass
class Judgement:
    """What is to become of a form that has been sent."""

    lines: list[Line] = field(default_factory=list)  # none: it may be saved
    shown: Shown | None = None  # what the form carries next
    theirs: set[str] = field(default_factory=set)  # the fields that take what is there now, whatever was sent
    is_gone: bool = False  # the thing is there no more: what was sent is a new one


def fields_of(form: BaseForm, leave_out: Collection[str] = ()) -> list[str]:
    """The fields whose values the form would write. One that carries its first value itself is judged by its page."""
    return [
        name
        for name, one in form.fields.items()
        if not one.disabled and not one.show_hidden_initial and name not in leave_out
    ]


def initial_values(form: BaseForm, leave_out: Collection[str] = ()) -> Values:
    """What the form shows before anybody has written into it."""
    return {
        name: plain_value(form.fields[name], form.get_initial_for_field(form.fields[name], name))
        for name in fields_of(form, leave_out)
    }


def service_fields(formset: Any) -> tuple[str, ...]:
    """The fields of an inline's row that are none of its values."""
    return (formset.model._meta.pk.name, formset.fk.name, DELETION_FIELD_NAME)


def take_current(form: BaseForm, names: Collection[str]) -> None:
    """Whatever was sent for these fields of a bound form, they have the values that are there now, and show them."""
    judge = form.full_clean

    def full_clean() -> None:
        for name in names:
            form.fields[name].disabled = True
        judge()
        for name in names:
            form.fields[name].disabled = False
            form.fields[name].bound_data = lambda data, initial: initial  # type: ignore[method-assign]

    form.full_clean = full_clean  # type: ignore[method-assign]


def rewrite_rows(data: QueryDict, prefix: str, drop: Collection[int], renew: Collection[int], key: str) -> list[int]:
    """Of the rows that were sent for an inline those in `drop` are taken out, and those in `renew` become new ones, at
    the end. Returns the new places of the latter."""
    pattern = re.compile(rf"{re.escape(prefix)}-(\d+)-(.+)")
    rows: dict[int, dict[str, list[str]]] = {}
    for name in list(data):
        if match := pattern.fullmatch(name):
            rows.setdefault(int(match[1]), {})[match[2]] = data.pop(name)
    first = int(str(data[f"{prefix}-{INITIAL_FORM_COUNT}"]))
    places = sorted(set(rows) - set(drop))
    known = [rows[place] for place in places if place < first and place not in renew]
    new = [rows[place] for place in places if place >= first]
    again = [{**rows[place], key: [""]} for place in places if place < first and place in renew]
    for place, row in enumerate([*known, *new, *again]):
        for name, values in row.items():
            data.setlist(f"{prefix}-{place}-{name}", values)
    total = len(known) + len(new) + len(again)
    data[f"{prefix}-{INITIAL_FORM_COUNT}"], data[f"{prefix}-{TOTAL_FORM_COUNT}"] = str(len(known)), str(total)
    return list(range(total - len(again), total))


def is_judged(formset: Any) -> bool:
    """Whether the rows of an inline are compared: all but those that belong to things of any kind."""
    return isinstance(formset, BaseInlineFormSet)


def shown_by(thing: Model, form: ModelForm, formsets: Iterable[Any]) -> Shown:
    """What the form of `thing` and its inlines show, to which nothing has been sent."""
    rows = {
        formset.prefix: {
            str(row.instance.pk): initial_values(row, service_fields(formset)) for row in formset.initial_forms
        }
        for formset in formsets
    }
    return Shown(f"{thing._meta.label_lower}:{thing.pk}", now().isoformat(), initial_values(form), rows)


class TellsOfConflicts:
    """Mixed into an admin: nobody overwrites what another has changed since the form was shown."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """The page; a form that is sent is judged first, in the transaction that saves it."""
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        with transaction.atomic():
            judgement = self.judge(request, object_id)
            request.judgement = judgement  # type: ignore[attr-defined]
            place = None if judgement.is_gone else object_id
            return super().changeform_view(request, place, form_url, extra_context)  # type: ignore[misc]

    def judge(self, request: HttpRequest, object_id: str) -> Judgement:
        """What is to become of the form. What it carries is changed where rows that it names are there no more."""
        admin: Any = self
        shown = Shown.read(request.POST.get(SHOWN, ""))
        thing = admin.get_object(request, unquote(object_id))
        if thing is None:
            return self.judge_gone(request, object_id, shown)
        if shown is None or not admin.has_change_permission(request, thing):
            return Judgement()
        if shown.thing != f"{thing._meta.label_lower}:{thing.pk}":
            return Judgement()
        # The row stays as it is until what is sent is saved.
        type(thing)._base_manager.select_for_update(no_key=True).filter(pk=thing.pk).first()
        asked = copy.copy(request)
        asked.method = "GET"
        current = shown_by(thing, *self.forms(asked, thing))
        theirs = {name.removeprefix(CHOICE) for name, value in request.POST.items() if value == THEIRS}
        request.POST = request.POST.copy()  # type: ignore[assignment]
        self.leave_out_rows(request, thing, theirs)
        if (current.fields, current.rows) == (shown.fields, shown.rows):
            return Judgement(shown=shown, theirs=theirs)
        judgement = Comparison(request, thing, shown, current, theirs).judge(*self.forms(request, thing))
        for line in judgement.lines:
            line.who, line.at = who_changed(thing, line.kept_as, datetime.fromisoformat(shown.at))
        return judgement

    def judge_gone(self, request: HttpRequest, object_id: str, shown: Shown | None) -> Judgement:
        """Of a thing that somebody has deleted, what was sent is shown as a new one, which is added when it is sent
        again, for those who may add."""
        admin: Any = self
        key = unquote(object_id)
        is_there = admin.model._base_manager.filter(pk=key).exists() if key.isdecimal() else True
        if is_there or not admin.has_add_permission(request):
            return Judgement()
        if request.POST.get(SHOWN) == ANEW:
            return Judgement(is_gone=True)
        if shown is None or shown.thing != f"{admin.opts.label_lower}:{key}":
            return Judgement()
        data: Any = request.POST.copy()
        for link in admin.model._meta.related_objects:
            prefix = link.get_accessor_name()
            if f"{prefix}-{INITIAL_FORM_COUNT}" in data:
                known = range(int(data[f"{prefix}-{INITIAL_FORM_COUNT}"]))
                for place in rewrite_rows(data, prefix, (), known, link.related_model._meta.pk.name):
                    data.pop(f"{prefix}-{place}-{link.field.name}", None)
        request.POST = data
        name, yours = capfirst(admin.opts.verbose_name), gettext("kept, as a new one")
        line = Line("", "", str(name), NOTHING, gettext("deleted"), yours, can_choose=False)
        line.who, line.at = who_deleted(admin.opts.label_lower, key)
        return Judgement([line], is_gone=True)

    def forms(self, request: HttpRequest, thing: Model) -> tuple[ModelForm, list[BaseInlineFormSet]]:
        """The form and the inlines that this person may change: as they are shown, or filled with what was sent."""
        admin: Any = self
        fields = flatten_fieldsets(admin.get_fieldsets(request, thing))
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        # A form that is judged writes what was sent into its thing.
        thing = copy.copy(thing)
        form = admin.get_form(request, thing, change=True, fields=fields)(*sent, instance=thing)
        formsets, inlines = admin._create_formsets(request, form.instance, change=True)
        changeable = [
            formset
            for formset, inline in zip(formsets, inlines, strict=True)
            if inline.has_change_permission(request, thing) and is_judged(formset)
        ]
        return form, changeable

    def leave_out_rows(self, request: HttpRequest, thing: Model, theirs: set[str]) -> None:
        """Rows that another has deleted, and the person would have kept as new ones, are not wanted after all."""
        data: Any = request.POST
        dropped: dict[str, set[int]] = {}
        for key in theirs:
            prefix, _colon, place = key.partition(":new")
            if place.isdecimal() and f"{prefix}-{INITIAL_FORM_COUNT}" in data:
                dropped.setdefault(prefix, set()).add(int(place))
        for prefix, places in dropped.items():
            rewrite_rows(data, prefix, places, (), "")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form; one that is sent while there is something to tell is not saved."""
        form_class: Any = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        judgement: Judgement | None = getattr(request, "judgement", None)
        if judgement is None or not (judgement.lines or judgement.theirs):
            return form_class

        lines, theirs = judgement.lines, judgement.theirs

        class Judged(form_class):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                take_current(self, [name for name in fields_of(self) if name in theirs])

            def is_valid(self) -> bool:
                """Not while there is something to tell, whatever else is right or wrong."""
                return super().is_valid() and not lines

        return Judged

    def _create_formsets(self, request: HttpRequest, obj: Model, change: bool) -> Any:
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]
        judgement: Judgement | None = getattr(request, "judgement", None)
        if judgement is not None and judgement.theirs:
            for formset in formsets:
                for row in formset.initial_forms:
                    key = f"{formset.prefix}:{row.instance.pk}:"
                    take_current(row, [name for name in row.fields if key + name in judgement.theirs])
        return formsets, inlines

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page, whose form carries what it shows, and what others have changed, where there is that to tell."""
        thing = context.get("original")
        judgement: Judgement | None = getattr(request, "judgement", None)
        if judgement is not None:
            context["conflict_lines"] = judgement.lines
            shown = judgement.shown
        elif thing is not None and self.has_change_permission(request, thing):  # type: ignore[attr-defined]
            inlines = context["inline_admin_formsets"]
            formsets = [one.formset for one in inlines if one.has_change_permission and is_judged(one.formset)]
            shown = shown_by(thing, context["adminform"].form, formsets)
        else:
            shown = None
        context["shown"] = shown.signed() if shown else ANEW if judgement is not None and judgement.is_gone else ""
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


class Comparison:
    """What a person saw, what is there now, and what they sent."""

    def __init__(self, request: HttpRequest, thing: Model, shown: Shown, current: Shown, theirs: set[str]) -> None:
        self.request = request
        self.thing = thing
        self.shown = shown
        self.current = current
        self.chosen = theirs
        self.theirs: set[str] = set()
        self.lines: list[Line] = []

    def judge(self, form: ModelForm, formsets: Iterable[BaseInlineFormSet]) -> Judgement:
        """The lines to tell; where others have changed nothing but what was sent all the same, there are none."""
        form.full_clean()
        self.compare(form, self.shown.fields, self.current.fields)
        for formset in formsets:
            self.compare_rows(formset)
        if not self.lines:
            return Judgement(shown=self.shown, theirs=self.chosen)
        return Judgement(self.lines, self.current, self.theirs)

    def compare(
        self, form: BaseForm, was: Values, current: Values, *, key: str = "", kept_as: str = "", part: str = ""
    ) -> None:
        """A line for each field that has been changed, but for those that both have changed alike."""
        for name in current:
            if name not in form.fields or name not in was or was[name] == current[name]:
                continue
            one = form.fields[name]
            is_wrong = name in form.errors
            sent = None if is_wrong else plain_value(one, form.cleaned_data.get(name))
            touched = f"{key}{name}" not in self.chosen and is_touched(form, name, was[name])
            if not touched:
                self.theirs.add(f"{key}{name}")
            elif not is_wrong and sent == current[name]:
                continue
            old, new, mine = differing(was[name], current[name], sent if touched and not is_wrong else was[name])
            yours = str(form[name].data) if is_wrong else in_words(one, mine)
            self.lines.append(
                Line(
                    f"{key}{name}",
                    f"{kept_as}{name}",
                    f"{part}{form[name].label}",
                    in_words(one, old),
                    in_words(one, new),
                    yours if touched else None,
                )
            )

    def compare_rows(self, formset: Any) -> None:
        """Lines for rows that have been changed, added or deleted. What was sent of a row that is gone is left out
        where it is what the person saw, and comes back as a new row where it is not."""
        prefix, key = formset.prefix, formset.model._meta.pk.name
        was, current = self.shown.rows.get(prefix, {}), self.current.rows.get(prefix, {})
        kind = str(capfirst(formset.model._meta.verbose_name))
        drop: list[int] = []
        renew: dict[int, Line] = {}
        for place, row in enumerate(formset.initial_forms):
            pk = str(row.data.get(row.add_prefix(key), ""))
            row.full_clean()
            is_deleted = bool(row.cleaned_data.get(DELETION_FIELD_NAME))
            kept_as = f"{prefix}[{pk}]"
            if pk in was and pk in current and was[pk] != current[pk]:
                name = f"{kind} “{row.instance}”"
                if is_deleted and f"{prefix}:{pk}:{DELETION_FIELD_NAME}" not in self.chosen:
                    line_key = f"{prefix}:{pk}:{DELETION_FIELD_NAME}"
                    self.lines.append(Line(line_key, kept_as, name, NOTHING, gettext("changed"), gettext("deleted")))
                self.compare(row, was[pk], current[pk], key=f"{prefix}:{pk}:", kept_as=f"{kept_as}.", part=f"{name}: ")
            elif pk in was and pk not in current:
                line = Line(pk, kept_as, name_of(row, kind), NOTHING, gettext("deleted"), None)
                if is_deleted or not any(is_touched(row, name, was[pk][name]) for name in was[pk]):
                    drop.append(place)
                    self.lines.append(line)
                else:
                    line.yours = gettext("changed; kept as a new one")
                    renew[place] = line
        added = current.keys() - was.keys()
        for row in formset.model._base_manager.filter(pk__in=added):
            name = f"{kind} “{row}”"
            self.lines.append(Line("", f"{prefix}[{row.pk}]", name, NOTHING, gettext("added; it stays"), None))
        if drop or renew:
            data: Any = self.request.POST
            places = rewrite_rows(data, prefix, drop, renew, key)
            for place, line in zip(places, renew.values(), strict=True):
                line.key = f"{prefix}:new{place}"
                self.lines.append(line)


def is_touched(form: BaseForm, name: str, was: Any) -> bool:
    """Whether what was sent for the field is something else than what the form showed. A field may show a value so that
    it comes back in another shape: it says itself then that nothing has changed."""
    one = form.fields[name]
    if name in form.errors:
        return True
    return plain_value(one, form.cleaned_data.get(name)) != was and one.has_changed(was, form[name].data)


def differing(*values: Any) -> tuple[Any, ...]:
    """Of objects what is not alike in all of them; other values whole."""
    if not all(isinstance(value, dict) or value is None for value in values):
        return values
    found = [value or {} for value in values]
    keys = {key for value in found for key in value if any(value.get(key) != other.get(key) for other in found)}
    return tuple({key: item for key, item in value.items() if key in keys} or None for value in found)


def name_of(row: BaseForm, kind: str) -> str:
    """What to call a row that is gone: by what was sent for its first field."""
    first = next((str(row[name].data) for name in fields_of(row) if row[name].data), "")
    return f"{kind} “{first}”" if first else kind


def who_deleted(model: str, object_id: str) -> tuple[str, datetime | None]:
    """Who deleted the thing, and when; ("", None) where nobody knows."""
    found = AuditEntry.objects.filter(model=model, object_id=object_id, action=AuditEntry.Action.DELETED).first()
    return (found.who, found.at) if found else ("", None)


def who_changed(thing: Model, kept_as: str, since: datetime) -> tuple[str, datetime | None]:
    """Who has changed it last since then, and when; ("", None) where nobody knows."""
    own = {one.name for one in (*thing._meta.concrete_fields, *thing._meta.many_to_many)}
    sources = [(thing._meta.label_lower, str(thing.pk))]
    if "[" not in kept_as and kept_as not in own:
        # A field that the form shows of the thing's user, say.
        links = [one for one in thing._meta.concrete_fields if isinstance(one, OneToOneField)]
        sources = [(one.related_model._meta.label_lower, str(getattr(thing, one.attname))) for one in links]
    for model, object_id in sources:
        entries = AuditEntry.objects.filter(model=model, object_id=object_id, at__gte=since - EARLIER)
        for entry in entries.order_by("-at", "-pk"):
            if kept_as not in own and "[" not in kept_as:
                return entry.who, entry.at
            if any(name == kept_as or name.startswith(f"{kept_as}.") for name in entry.changes):
                return entry.who, entry.at
    return "", None
