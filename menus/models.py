"""What the caller meets: a tree of menus, each with its hours, redirection and groups. A leaf is the queue."""

from datetime import datetime
from typing import Annotated, Any, TypedDict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from tree_queries.models import TreeNode

from ccai.audited import audited
from ccai.phones import E164_MAX_LENGTH
from ccai.shapes import Keywords, Words
from ccai.times import now
from menus import hours as opening_hours


class MenuSnapshot(TypedDict):
    """A menu as the call object shows it (contract section 2, `selected_menu`)."""

    id: int
    name: str
    parent_id: int | None
    position: int
    deleted: bool
    hidden: bool
    menu_type: Annotated[str, Words(lambda: Menu.MenuType, "MenuType")]
    output_msg: str


class MenuPath(TypedDict):
    """The way from the root to a menu (contract section 2, `menu_path`)."""

    items_count: int
    name: Annotated[str, Keywords("The names from the root on.", examples=["parent/child"])]
    materialized_path: Annotated[str, Keywords("The ids from the root on.", examples=["6/8"])]


def validate_hours(value: Any) -> None:
    """Raise ValidationError, with every fault, where `value` are no opening hours."""
    if value is not None:
        faults = opening_hours.find_faults(value)
        if faults:
            raise ValidationError([f"{path}: {sentence}" if path else sentence for path, sentence in faults])


@audited()
class Menu(TreeNode):
    """A place in the tree a caller walks, or an app or web page shows. Deleted ones stay, for the calls they took."""

    class MenuType(models.TextChoices):
        """Where the menu is met. A child has its root's."""

        IVR = "ivr_menu", _("IVR")
        MOBILE = "mobile_menu", _("Mobile")
        WEB = "web_menu", _("Web")

    class State(models.TextChoices):
        """Whether the menu takes calls at a given moment."""

        OPEN = "open", _("Open")
        AFTER_HOURS = "after_hours", _("After hours")
        MANUAL_REDIRECTION = "manual_redirection", _("Redirected")

    class RecordingOption(models.TextChoices):
        """Which of its calls are recorded (contract section 5)."""

        RECORD = "record", _("Record all")
        DO_NOT_RECORD = "do_not_record", _("Do not record")
        ASK_PERMISSION = "ask_permission", _("Ask for permission")

    class OfferType(models.TextChoices):
        """How a queued call is offered to the menu's groups."""

        CASCADE = "cascade", _("Cascade: group after group")
        MULTICAST = "multicast", _("Multicast: all groups at once")
        DELTACAST = "deltacast", _("Deltacast: the longest idle agent, one at a time")

    name = models.CharField(_("name"), max_length=200)
    position = models.PositiveIntegerField(_("position"), default=0)
    menu_type = models.CharField(_("type"), max_length=12, choices=MenuType)
    output_msg = models.TextField(_("output message"), blank=True, help_text=_("What a caller hears or reads here."))
    hidden = models.BooleanField(_("hidden"), default=False)
    deleted = models.BooleanField(_("deleted"), default=False)
    languages = models.ManyToManyField(
        "agents.Language",
        blank=True,
        related_name="menus",
        verbose_name=_("languages"),
        help_text=_("Empty: all that are live."),
    )
    hours = models.JSONField(
        _("hours"),
        null=True,
        blank=True,
        validators=[validate_hours],
        help_text=_("Empty: always open. The shape is that of the center file."),
    )
    recording = models.CharField(
        _("recording"), max_length=16, choices=RecordingOption, default=RecordingOption.DO_NOT_RECORD
    )
    offer_type = models.CharField(_("offer type"), max_length=12, choices=OfferType, default=OfferType.CASCADE)
    priority = models.SmallIntegerField(
        _("priority"),
        default=0,
        db_default=0,
        help_text=_("Agents of several menus take calls of the one with the higher priority first."),
    )
    # Where calls that wait go when the menu is deleted; empty: they are `failed`, `menu_deleted`.
    substitute = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("substitute")
    )
    # The emergency in which it was closed; empty while there is none.
    closing = models.ForeignKey(
        "Closing",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="menus",
        verbose_name=_("closing"),
    )
    outbound_numbers = models.ManyToManyField(
        "agents.OutboundNumber",
        through="MenuOutboundNumber",
        blank=True,
        related_name="menus",
        verbose_name=_("outbound numbers"),
    )

    class Meta:
        verbose_name = _("menu")
        verbose_name_plural = _("menus")
        ordering = ("position", "pk")
        permissions = (("close_menu", _("Can close menus in an emergency, redirect them, and open them again")),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a parent below itself, a deleted parent, and a type that is not that of the menus above and below."""
        super().clean()
        if self.parent and self.parent.deleted and not self.deleted:
            raise ValidationError({"parent": _("This menu is deleted. Choose another, or restore it first.")})
        if self.parent and self.parent.menu_type != self.menu_type:
            raise ValidationError({"menu_type": _("A menu has the type of the menu it stands below.")})
        if self.pk and Menu.objects.filter(parent=self.pk).exclude(menu_type=self.menu_type).exists():
            raise ValidationError({"menu_type": _("Menus below this one have another type. Move them first.")})

    def state_at(self, at: datetime) -> str:
        """`open`, `after_hours` or `manual_redirection` (Menu.State) at the moment `at`.

        Who comes to a menu that is closed in an emergency gets what it gives after hours, even while it is redirected:
        nobody knows yet when that is over, so it is closed at any moment. A redirection is a switch someone has
        thrown, so it holds whatever the hours say.
        """
        if self.closing_id is not None:
            return Menu.State.AFTER_HOURS
        redirection = self.option(DeflectionOption.Occasion.REDIRECTION)
        if redirection is not None and redirection.active:
            return Menu.State.MANUAL_REDIRECTION
        if self.hours is not None and not opening_hours.parse_hours(self.hours).is_open(at):
            return Menu.State.AFTER_HOURS
        return Menu.State.OPEN

    def option(self, occasion: str) -> "DeflectionOption | None":
        """What happens to calls on this `occasion`, or None where nothing is configured."""
        return next((option for option in self.deflection_options.all() if option.occasion == occasion), None)

    def stand_in(self) -> "Menu | None":
        """The menu that takes the calls of this one: itself, its substitute where it is deleted, and so on; or None."""
        menu: Menu | None = self
        seen: set[int] = set()
        while menu is not None and menu.deleted:
            seen.add(menu.pk)
            menu = menu.substitute if menu.substitute_id not in seen else None
        return menu

    def snapshot(self) -> MenuSnapshot:
        """The menu as a call remembers it."""
        return MenuSnapshot(
            id=self.pk,
            name=self.name,
            parent_id=self.parent_id,
            position=self.position,
            deleted=self.deleted,
            hidden=self.hidden,
            menu_type=self.menu_type,
            output_msg=self.output_msg,
        )

    def path(self) -> MenuPath:
        """The way from the root to this menu, in one query."""
        names = list(
            Menu.objects.raw(
                """
                WITH RECURSIVE way (id, parent_id, name, height) AS (
                    SELECT id, parent_id, name, 0 FROM menus_menu WHERE id = %s
                    UNION ALL
                    SELECT menu.id, menu.parent_id, menu.name, way.height + 1
                    FROM menus_menu AS menu JOIN way ON menu.id = way.parent_id
                )
                SELECT id, name FROM way ORDER BY height DESC
                """,
                [self.pk],
            )
        )
        return MenuPath(
            items_count=len(names),
            name="/".join(menu.name for menu in names),
            materialized_path="/".join(str(menu.pk) for menu in names),
        )


@audited(part_of="menu", leaves_out="switched_at switched_by")
class DeflectionOption(models.Model):
    """What a menu does with calls it does not take: after hours, while redirected, or when too many wait.

    The row for `redirection` is the switch itself: while it is active, the menu is in manual redirection.
    """

    class Occasion(models.TextChoices):
        """When the option holds."""

        AFTER_HOURS = "after_hours", _("After hours")
        REDIRECTION = "redirection", _("Manual redirection")
        OVER_CAPACITY = "over_capacity", _("Over capacity")

    class Kind(models.TextChoices):
        """What the caller gets instead of an agent."""

        MESSAGE = "message", _("A message")
        VOICEMAIL = "voicemail", _("Voicemail")
        QUEUE = "queue", _("Another menu")
        PHONE = "phone", _("Another phone")
        CALLBACK = "callback", _("A call back")
        SCHEDULED_CALL = "scheduled_call", _("A scheduled call")

    # Which kinds an occasion may have (center file).
    KINDS = {
        Occasion.AFTER_HOURS: (Kind.MESSAGE, Kind.VOICEMAIL, Kind.QUEUE, Kind.PHONE),
        Occasion.REDIRECTION: (Kind.MESSAGE, Kind.VOICEMAIL, Kind.QUEUE, Kind.PHONE),
        Occasion.OVER_CAPACITY: (Kind.MESSAGE, Kind.VOICEMAIL, Kind.CALLBACK, Kind.SCHEDULED_CALL),
    }

    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="deflection_options", verbose_name=_("menu"))
    occasion = models.CharField(_("occasion"), max_length=16, choices=Occasion)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    message = models.TextField(_("message"), blank=True)
    to_menu = models.ForeignKey(
        Menu, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("to menu")
    )
    to_number = models.CharField(_("to number"), max_length=E164_MAX_LENGTH, blank=True)
    after_seconds = models.PositiveIntegerField(
        _("after seconds"), null=True, blank=True, help_text=_("Over capacity: how long a call waits at most.")
    )
    # A redirection that is switched off keeps what it is set to for the next time.
    active = models.BooleanField(_("active"), default=True, db_default=True)
    switched_at = models.DateTimeField(_("switched at"), null=True, blank=True, editable=False)
    switched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("switched by"),
    )

    class Meta:
        verbose_name = _("deflection option")
        verbose_name_plural = _("deflection options")
        constraints = (
            models.UniqueConstraint(fields=["menu", "occasion"], name="a_menu_has_one_option_per_occasion"),
            models.CheckConstraint(
                condition=~models.Q(kind="queue") | models.Q(to_menu__isnull=False),
                name="deflection_to_a_queue_names_the_menu",
                violation_error_message=_("Choose the menu that takes the calls."),
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="phone") | ~models.Q(to_number=""),
                name="deflection_to_a_phone_names_the_number",
                violation_error_message=_("Write the number that takes the calls."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_occasion_display()}: {self.get_kind_display()}"

    def clean(self) -> None:
        """Refuse a kind that the occasion does not have, and a menu that sends its calls to itself."""
        super().clean()
        if self.occasion and self.kind and self.kind not in self.KINDS[self.Occasion(self.occasion)]:
            raise ValidationError({"kind": _("This kind does not go with the occasion.")})
        if self.to_menu_id and self.to_menu_id == self.menu_id:
            raise ValidationError({"to_menu": _("A menu cannot send its calls to itself.")})


@audited(part_of="menu", leaves_out="closed_at closed_by opened_by")
class Closing(models.Model):  # type: ignore[django-manager-missing]
    """An emergency: a menu, or a whole branch, is closed whatever its hours say, until it is undone.

    `Menu.closing` of the menus that it closed points to it; those that another had closed before are that one's.
    """

    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="closings", verbose_name=_("menu"))
    whole_branch = models.BooleanField(_("whole branch"), default=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    closed_at = models.DateTimeField(_("closed at"), default=now)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("closed by"),
    )
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("opened by"),
    )

    class Meta:
        verbose_name = _("closing")
        verbose_name_plural = _("closings")
        ordering = ("-closed_at", "-pk")

    def __str__(self) -> str:
        return f"{self.menu}, {self.closed_at:%Y-%m-%d %H:%M}"


@audited(part_of="user", named_by=("menu",))
class BranchLimit(models.Model):
    """A supervisor sees the calls of this menu and of all below it; see also `User.limited_to_teams`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="branch_limits", verbose_name=_("user")
    )
    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="+", verbose_name=_("branch"))

    class Meta:
        verbose_name = _("branch of a supervisor")
        verbose_name_plural = _("branches of a supervisor")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["user", "menu"], name="a_supervisor_has_a_branch_once"),)

    def __str__(self) -> str:
        return self.menu.name


@audited(part_of="menu", named_by=("outbound_number",))
class MenuOutboundNumber(models.Model):
    """A number a menu's calls may show; the one with the lowest position is the menu's first."""

    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="number_choices", verbose_name=_("menu"))
    outbound_number = models.ForeignKey(
        "agents.OutboundNumber", on_delete=models.CASCADE, related_name="+", verbose_name=_("outbound number")
    )
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("outbound number of a menu")
        verbose_name_plural = _("outbound numbers of a menu")
        ordering = ("position", "pk")
        constraints = (models.UniqueConstraint(fields=["menu", "outbound_number"], name="a_menu_lists_a_number_once"),)

    def __str__(self) -> str:
        return str(self.outbound_number)


@audited(part_of="menu")
class AgentGroup(models.Model):
    """Agents of a leaf menu who are offered its calls together, in the order of `position`."""

    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="groups", verbose_name=_("menu"))
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveIntegerField(_("position"), default=0)
    timeout_seconds = models.PositiveIntegerField(
        _("timeout in seconds"), default=20, help_text=_("After this long without an answer the next group joins.")
    )
    agents = models.ManyToManyField("agents.Agent", blank=True, related_name="groups", verbose_name=_("agents"))

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(fields=["menu", "name"], name="group_name_is_unique_in_its_menu"),
            models.CheckConstraint(condition=models.Q(timeout_seconds__gt=0), name="a_group_waits_at_least_a_second"),
        )

    def __str__(self) -> str:
        return self.name
