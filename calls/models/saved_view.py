"""Views of the history that people keep."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ccai.audited import audited
from ccai.times import now


@audited(leaves_out="created_at", personal="query")
class SavedView(models.Model):
    """A name for a search of the call history, with its filters and columns; its owner's alone, or everybody's."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=100)
    # The query of the page's address, which says everything: filters, order and columns.
    query = models.TextField(_("query"), blank=True)
    shared = models.BooleanField(_("shared"), default=False, help_text=_("Everybody who sees the history sees it."))
    created_at = models.DateTimeField(_("created at"), default=now)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name", "pk")
        constraints = (models.UniqueConstraint(fields=["owner", "name"], name="a_person_has_a_view_of_a_name_once"),)

    def __str__(self) -> str:
        return self.name
