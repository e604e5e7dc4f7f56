"""Files that wait to be applied."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ccai.times import now


class StagedFile(models.Model):
    """A file that somebody has uploaded, and that waits for them to look at what it would change and to apply it.

    The clock takes away what nobody has applied within a quarter of an hour.
    """

    class Purpose(models.TextChoices):
        """What is to be done with it."""

        CENTER = "center", _("Center file")
        AGENTS = "agents", _("List of agents")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    name = models.CharField(_("name"), max_length=255)
    content = models.BinaryField(_("content"))
    created_at = models.DateTimeField(_("created at"), default=now)

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        default_permissions = ()
        permissions = (("load_center", _("Can load and download center files")),)
        indexes = (models.Index(fields=["created_at"], name="staged_files_by_age"),)

    def __str__(self) -> str:
        return self.name
