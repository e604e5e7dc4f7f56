"""What a provider is to do with the lines of a call."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.models.call import Call
from ccai.times import now


class VoipOrder(models.Model):
    """One thing a provider is to do, written where it was decided and carried out by the clock after the commit.

    `next_at` is when it is (next) asked for; while a worker asks for it (it was attempted and has no error) when that
    worker is taken for dead; empty once it was done, given up, or asked for the only time it may be.
    """

    class Kind(models.TextChoices):
        """What is to be done. `calls/orders.py` says which may be asked for again."""

        HANG_UP = "hang_up", _("Hang up")
        HOLD = "hold", _("Hold")
        RESUME = "resume", _("Resume")
        INSTRUCT = "instruct", _("Tell the end user's line what to do")
        REACH = "reach", _("Ring the end user, without an agent")
        ADD_AGENT = "add_agent", _("Ring another agent")
        DROP_AGENT = "drop_agent", _("Let an agent's line go")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="voip_orders", verbose_name=_("call"))
    provider = models.CharField(_("provider"), max_length=50)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    leg = models.BigIntegerField(_("leg"), default=0)  # an agent's participant
    created_at = models.DateTimeField(_("created at"), default=now)
    next_at = models.DateTimeField(_("next at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("provider order")
        verbose_name_plural = _("provider orders")
        ordering = ("pk",)
        indexes = (
            # orders.carry_out
            models.Index(fields=["next_at", "id"], condition=Q(next_at__isnull=False), name="voip_orders_to_carry_out"),
        )

    def __str__(self) -> str:
        return f"{self.call_id} {self.kind}"
