"""Cancelling many calls at once."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccai.times import now


class CancelJob(models.Model):
    """Calls that are to be cancelled, one after the other, by the clock (contract section 8).

    The first `done` of `call_ids` are: each stands in `cancelled`, or in `failed` with the sentence that says why.
    """

    job_id = models.UUIDField(_("job id"), default=uuid.uuid4, unique=True, editable=False)
    call_ids = models.JSONField(_("call ids"))
    done = models.PositiveIntegerField(_("done"), default=0)
    cancelled = models.JSONField(_("cancelled"), default=list)
    failed = models.JSONField(_("failed"), default=list)  # [{"id": …, "message": …}]
    asked_by = models.CharField(_("asked by"), max_length=254, blank=True)
    created_at = models.DateTimeField(_("created at"), default=now)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("cancel job")
        verbose_name_plural = _("cancel jobs")
        default_permissions = ()
        indexes = (
            # the jobs that are not finished
            models.Index(fields=["id"], condition=Q(finished_at=None), name="cancel_jobs_to_do"),
            # what is old enough to be forgotten
            models.Index(fields=["created_at"], name="cancel_jobs_by_age"),
        )

    def __str__(self) -> str:
        return str(self.job_id)
