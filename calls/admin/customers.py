"""The people on the other end, and the built-in CRM's books."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from calls.models import Contact, ContactPhone, EndUser, Ticket
from ccai.admin import CenterAdmin, LongListAdmin, PhoneFields, clock_time, shown_phone
from ccai.phones import parse_phone


@admin.register(EndUser)
class EndUserAdmin(LongListAdmin):
    """People the center has talked to. They stay, since calls remember them."""

    phone_fields = ("number",)
    list_display = ("person", "phone", "out_contact_id", "identifier", "created")
    search_fields = ("name", "number", "out_contact_id", "identifier")
    search_help_text = _("Name, whole phone number, CRM contact id or identifier")
    readonly_fields = ("created",)
    fields = (("name", "number"), "out_contact_id", "identifier", "created")

    def has_delete_permission(self, request: HttpRequest, obj: EndUser | None = None) -> bool:
        """Nobody."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[EndUser], search_term: str
    ) -> tuple[QuerySet[EndUser], bool]:
        """The people with that phone number, contact id or identifier, or whose name holds the term."""
        term = search_term.strip()
        match = Q(name__icontains=term) | Q(out_contact_id=term) | Q(identifier=term)
        number = parse_phone(term if term.startswith("+") else f"+{term}")
        if number:
            match |= Q(number=number)
        return queryset.filter(match), False

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
class ContactAdmin(CenterAdmin):
    """Customers, as the built-in CRM knows them."""

    list_display = ("out_contact_id", "name", "email", "phones", "time_zone")
    list_display_links = ("out_contact_id", "name")
    search_fields = ("out_contact_id", "name", "email")
    fields = (("out_contact_id", "name"), ("email", "time_zone"))
    inlines = (ContactPhoneInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        """With their numbers."""
        return super().get_queryset(request).prefetch_related("phones")

    @display(description=_("phone numbers"))
    def phones(self, contact: Contact) -> str:
        """In the international format."""
        return ", ".join(str(phone) for phone in contact.phones.all())


@admin.register(Ticket)
class TicketAdmin(CenterAdmin):
    """Customers' matters, as the built-in CRM knows them."""

    list_display = ("ticket_id", "contact", "closed", "url")
    list_filter = (("closed", BooleanRadioFilter),)
    list_select_related = ("contact",)
    search_fields = ("ticket_id", "contact__name", "contact__out_contact_id")
    autocomplete_fields = ("contact",)
    fields = ("ticket_id", "contact", "url", "closed")
