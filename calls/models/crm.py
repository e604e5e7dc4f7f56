"""The built-in CRM's tables, for centers that have no other."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ccai.audited import audited
from ccai.phones import E164_MAX_LENGTH, wire_phone


@audited(personal="out_contact_id name email", is_personal=True)
class Contact(models.Model):
    """A customer as the CRM knows one."""

    out_contact_id = models.CharField(_("contact id"), max_length=255, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("email address"), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("out_contact_id",)

    def __str__(self) -> str:
        return self.name or self.out_contact_id


@audited(part_of="contact", personal="number", is_personal=True)
class ContactPhone(models.Model):
    """A phone number of a contact; the one with the lowest position is the first."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="phones", verbose_name=_("contact"))
    number = models.CharField(_("number"), max_length=E164_MAX_LENGTH)  # E.164
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("phone number")
        verbose_name_plural = _("phone numbers")
        ordering = ("position", "pk")
        constraints = (models.UniqueConstraint(fields=["contact", "number"], name="a_contact_lists_a_phone_once"),)
        indexes = (models.Index(fields=["number"], name="contacts_by_phone"),)  # whose number is it

    def __str__(self) -> str:
        return wire_phone(self.number) or ""


@audited(personal="contact")
class Ticket(models.Model):
    """A customer's matter."""

    ticket_id = models.CharField(_("ticket id"), max_length=255, unique=True)
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("contact")
    )
    url = models.URLField(_("URL"), max_length=1000, null=True, blank=True)
    closed = models.BooleanField(_("closed"), default=False)

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ("ticket_id",)

    def __str__(self) -> str:
        return self.ticket_id
