"""The people on the other end."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ccai.audited import audited
from ccai.phones import E164_MAX_LENGTH, wire_phone
from ccai.times import now


@audited(leaves_out="ask_crm_at created_at", personal="number name identifier out_contact_id", is_personal=True)
class EndUser(models.Model):
    """A person the center talks to: known by the CRM's contact where there is one, by phone number otherwise."""

    number = models.CharField(_("number"), max_length=E164_MAX_LENGTH, blank=True)  # E.164; "" where none is known
    name = models.CharField(_("name"), max_length=200, blank=True)
    identifier = models.CharField(
        _("identifier"), max_length=255, null=True, blank=True, help_text=_("The customer's own name for the person.")
    )
    out_contact_id = models.CharField(_("CRM contact id"), max_length=255, null=True, blank=True)
    # The CRM did not answer when this person was first met: when the clock asks again.
    ask_crm_at = models.DateTimeField(_("ask the CRM at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)

    class Meta:
        verbose_name = _("end user")
        verbose_name_plural = _("end users")
        permissions = (("view_personal_data", _("Can see names and numbers of end users")),)
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["out_contact_id"],
                condition=Q(out_contact_id__isnull=False),
                name="a_crm_contact_is_one_end_user",
                violation_error_message=_("Another end user is this contact already."),
            ),
            models.UniqueConstraint(
                fields=["number"],
                condition=Q(out_contact_id=None) & ~Q(number=""),
                name="a_number_without_contact_is_one_end_user",
                violation_error_message=_("Another end user without a contact has this number already."),
            ),
            models.UniqueConstraint(
                fields=["identifier"],
                condition=Q(identifier__isnull=False),
                name="an_identifier_is_one_end_user",
                violation_error_message=_("Another end user has this identifier already."),
            ),
        )
        indexes = (
            models.Index(fields=["number"], name="end_users_by_number"),  # who calls, who is called
            # GET /end_users
            models.Index(F("created_at").desc(), F("id").desc(), name="end_users_by_creation"),
            # dispatch.fill_in_contacts
            models.Index(fields=["ask_crm_at"], condition=Q(ask_crm_at__isnull=False), name="end_users_to_look_up"),
        )

    def __str__(self) -> str:
        return self.name or wire_phone(self.number) or str(self.pk)
