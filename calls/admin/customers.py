"""The people on the other end, and the built-in CRM's books."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from calls.admin.masking import Masked, PersonalThroughout
from calls.models import Contact, ContactPhone, EndUser, Ticket
from calls.scope import scope_of
from calls.services import end_users
from ccai.admin import CenterAdmin, LongListAdmin, PhoneFields, clock_time, shown_phone
from ccai.personal import masked_phone, masked_text, sees_personal_data
from ccai.phones import parse_phone


@admin.register(EndUser)
class EndUserAdmin(Masked, LongListAdmin):
    """People the center has talked to. They stay, since calls remember them."""

    phone_fields = ("number",)
    masks: Mapping[str, Any] = {
        "name": masked_text,
        "number": masked_phone,
        "identifier": masked_text,
        "out_contact_id": masked_text,
    }
    list_display = ("person", "phone", "out_contact_id", "identifier", "created")
    search_fields = ("name", "number", "out_contact_id", "identifier")
    search_help_text = _("Name, whole phone number, CRM contact id or identifier")
    masked_search_help_text = _("Whole phone number, CRM contact id or identifier")
    readonly_fields = ("created",)
    fields = (("name", "number"), "out_contact_id", "identifier", "created")

    def has_delete_permission(self, request: HttpRequest, obj: EndUser | None = None) -> bool:
        """Nobody."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[EndUser]:
        """Those who are seen."""
        scope = scope_of(request.user)
        people = super().get_queryset(request)
        return people.filter(pk__in=scope.end_users().values("pk")) if scope.is_limited else people

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[EndUser], search_term: str
    ) -> tuple[QuerySet[EndUser], bool]:
        """The people with that phone number, contact id or identifier, or whose name holds the term. Whoever sees no
        names finds nobody by them."""
        term = search_term.strip()
        if not term:
            return queryset, False
        match = Q(out_contact_id=term) | Q(identifier=term)
        if sees_personal_data(request.user):
            match |= Q(name__icontains=term)
        number = parse_phone(term if term.startswith("+") else f"+{term}")
        if number:
            match |= Q(number=number)
        return queryset.filter(match), False

    def save_model(self, request: HttpRequest, obj: EndUser, form: Any, change: bool) -> None:
        """As the one above; and who polls for calls by `updated_at` sees those that show something else of the person
        now."""
        super().save_model(request, obj, form, change)
        if change and {"identifier", "out_contact_id"} & set(form.changed_data):
            end_users.touch_calls(obj)

    @display(description=_("end user"))
    def person(self, end_user: EndUser) -> str:
        """The name, or what else is known."""
        return str(end_user)

    @display(description=_("number"))
    def phone(self, end_user: EndUser) -> str | None:
        """In the international format."""
        return shown_phone(end_user.number)

    @display(description=_("created at"))
    def created(self, end_user: EndUser) -> str | None:
        """When the center first met the person."""
        return clock_time(end_user.created_at)


class ContactPhoneInline(PhoneFields, TabularInline):
    """A contact's phone numbers."""

    model = ContactPhone
    phone_fields = ("number",)
    extra = 0
    hide_title = True


@admin.register(Contact)
class ContactAdmin(PersonalThroughout, CenterAdmin):
    """Customers, as the built-in CRM knows them."""

    list_display = ("out_contact_id", "name", "email", "phones", "time_zone")
    list_display_links = ("out_contact_id", "name")
    search_fields = ("out_contact_id", "name", "email")
    fields = (("out_contact_id", "name"), ("email", "time_zone"))
    inlines = (ContactPhoneInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        """Those who are seen, with their numbers."""
        scope = scope_of(request.user)
        contacts = super().get_queryset(request).prefetch_related("phones")
        return contacts.filter(pk__in=scope.contacts().values("pk")) if scope.is_limited else contacts

    @display(description=_("phone numbers"))
    def phones(self, contact: Contact) -> str:
        """In the international format."""
        return ", ".join(str(phone) for phone in contact.phones.all())


@admin.register(Ticket)
class TicketAdmin(PersonalThroughout, CenterAdmin):
    """Customers' matters, as the built-in CRM knows them."""

    list_display = ("ticket_id", "contact", "closed", "url")
    list_filter = (("closed", BooleanRadioFilter),)
    list_select_related = ("contact",)
    search_fields = ("ticket_id", "contact__name", "contact__out_contact_id")
    autocomplete_fields = ("contact",)
    fields = ("ticket_id", "contact", "url", "closed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Those that are seen."""
        scope = scope_of(request.user)
        tickets = super().get_queryset(request)
        return tickets.filter(pk__in=scope.tickets().values("pk")) if scope.is_limited else tickets
