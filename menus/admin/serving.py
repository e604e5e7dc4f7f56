"""Who serves a menu and under which numbers, on its page: groups of agents and outbound numbers, both in an order.

However many rows there are, they are shown with a fixed number of queries.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.db.models import ForeignKey, ManyToManyField, Model, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import StackedInline, TabularInline
from unfold.decorators import display

from agents.models import Agent
from ccai.admin import NOTHING
from menus.models import AgentGroup, Menu, MenuOutboundNumber
from menus.scope import sees_everything

Known = dict[int, Model]
Options = list[tuple[str | None, list[dict[str, Any]], int | None]]


class AgentsPicker(AutocompleteSelectMultiple):
    """Agents, found by part of their names. Those that are `known` are not looked up again to be shown."""

    known: Known = {}

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Options:
        """Who is chosen; the rest is found by searching."""
        return chosen_options(self, self.known, name, value)


class NumberPicker(AutocompleteSelect):
    """An outbound number, found by a part of it. Those that are `known` are not looked up again to be shown."""

    known: Known = {}

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Options:
        """Which is chosen; the rest is found by searching."""
        options = chosen_options(self, self.known, name, value)
        if not self.is_required:
            options[0][1].insert(0, self.create_option(name, "", "", False, 0))
        return options


def chosen_options(picker: AgentsPicker | NumberPicker, known: Known, name: str, value: Iterable[Any]) -> Options:
    """The options of `picker` that are chosen, in the order in which they were."""
    chosen = [int(one) for one in value if str(one).isdecimal()]
    missing = [one for one in chosen if one not in known]
    queryset, field = picker.choices.queryset, picker.choices.field
    found = {**known, **(queryset.in_bulk(missing) if missing else {})}
    options = [
        picker.create_option(name, one, field.label_from_instance(found[one]), True, index)
        for index, one in enumerate(chosen)
        if one in found
    ]
    return [(None, options, 0)]


class PositionForm(forms.ModelForm):
    """A row that has a place in an order."""

    def has_changed(self) -> bool:
        """A new row for which nothing but its place is given is none."""
        return (self.instance.pk is not None and super().has_changed()) or bool(set(self.changed_data) - {"position"})


class KnowingFormSet(forms.BaseInlineFormSet):
    """Its pickers know what its rows have chosen."""

    picker: str

    def things(self) -> Iterable[Model]:
        """Everything that the rows have chosen."""
        raise NotImplementedError

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        """And the picker knows."""
        super().add_fields(form, index)
        if self.picker in form.fields:
            wrapper: Any = form.fields[self.picker].widget
            picker = getattr(wrapper, "widget", wrapper)
            picker.known = {thing.pk: thing for thing in self.things()}
            # Agents and numbers have pages of their own: here they are only chosen.
            form.fields[self.picker].widget = picker
        if index is None or index >= self.initial_form_count():
            form.fields["position"].initial = index


class GroupFormSet(KnowingFormSet):
    """The groups of a menu."""

    picker = "agents"

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        """And where nobody is picked, the row says who serves."""
        super().add_fields(form, index)
        form.who_serves = who_serves(form.instance)  # type: ignore[attr-defined]

    def things(self) -> Iterable[Model]:
        """The agents of all groups."""
        return (agent for group in self.get_queryset() for agent in group.agents.all())


class NumberFormSet(KnowingFormSet):
    """The outbound numbers of a menu."""

    picker = "outbound_number"

    def things(self) -> Iterable[Model]:
        """The numbers."""
        return (row.outbound_number for row in self.get_queryset())


def who_serves(group: AgentGroup) -> str:
    """The agents of a group whom somebody sees (`seen`), and how many more there are."""
    if group.pk is None:
        return NOTHING
    agents, seen = list(group.agents.all()), getattr(group, "seen", [])
    names, others = ", ".join(str(agent) for agent in seen), len(agents) - len(seen)
    if not others:
        return names or NOTHING
    if not names:
        return ngettext("%(count)d agent", "%(count)d agents", others) % {"count": others}
    return ngettext("%(names)s and %(count)d other", "%(names)s and %(count)d others", others) % {
        "names": names,
        "count": others,
    }


class AgentGroupInline(StackedInline):
    """The agents who are offered the menu's calls."""

    model = AgentGroup
    form = PositionForm
    formset = GroupFormSet
    template = "admin/menus/menu/groups.html"
    extra = 1
    fields = ("name", "timeout_seconds", "agents", "position")
    readonly_fields = ("shown_agents",)
    tab = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Who may only look sees names instead of pickers."""
        return [name if self._may_pick(request, obj) or name != "agents" else "shown_agents" for name in self.fields]

    def _may_pick(self, request: HttpRequest, menu: Any = None) -> bool:
        menus = self.admin_site.get_model_admin(Menu)
        if not (self.has_change_permission(request, menu) and menus.has_change_permission(request, menu)):
            return False
        if menu is None or sees_everything(request.user):
            return True
        # Who does not see all who serve the menu would send them away by leaving them out.
        listed = self._listed(request).values("pk")
        return not Agent.objects.filter(groups__menu=menu).exclude(pk__in=listed).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may not pick sends nobody away with their group either."""
        return super().has_delete_permission(request, obj) and self._may_pick(request, obj)

    def _listed(self, request: HttpRequest) -> QuerySet[Agent]:
        """The agents on the person's own list."""
        listed: QuerySet[Agent] = self.admin_site.get_model_admin(Agent).get_queryset(request)
        return listed

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentGroup]:
        """The groups with their agents, and these with their names; where it is not all of them, `seen` are those on
        the person's own list."""
        agents = Agent.objects.select_related("user")
        groups = super().get_queryset(request).prefetch_related(Prefetch("agents", agents))
        if self._may_pick(request) and sees_everything(request.user):
            return groups
        seen = agents.filter(pk__in=self._listed(request).values("pk"))
        return groups.prefetch_related(Prefetch("agents", seen, to_attr="seen"))

    @display(description=_("agents"))
    def shown_agents(self, group: AgentGroup) -> str:
        """The agents whom the person sees, and how many more there are."""
        return who_serves(group)

    def formfield_for_manytomany(self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        """Those on the person's own list, shown by the names of their users, which come along."""
        if db_field.name == "agents":
            agents = Agent.objects.select_related("user")
            if not sees_everything(request.user):
                agents = agents.filter(pk__in=self._listed(request).values("pk"))
            kwargs["queryset"] = agents
            kwargs["widget"] = AgentsPicker(db_field, self.admin_site)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class MenuOutboundNumberInline(TabularInline):
    """The numbers that the menu's calls may show, the first first."""

    model = MenuOutboundNumber
    form = PositionForm
    formset = NumberFormSet
    template = "admin/menus/menu/numbers.html"
    extra = 1
    verbose_name = _("outbound number")
    verbose_name_plural = _("outbound numbers")
    fields = ("outbound_number", "position")
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[MenuOutboundNumber]:
        """The rows with their numbers."""
        return super().get_queryset(request).select_related("outbound_number")

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        """Numbers are found by searching."""
        if db_field.name == "outbound_number":
            kwargs["widget"] = NumberPicker(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
