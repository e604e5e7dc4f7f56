"""The roles of people as one table: what each may do. A migration makes a group of each; a test holds the two together.

A superuser may do everything. Who is an agent and nothing else has the page at /desk/ and no other: `is_staff`, which
opens the back office, comes with the other three roles.
"""

from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import User

VIEWER, AGENT, SUPERVISOR, ADMIN = "viewer", "agent", "supervisor", "admin"
CHANGE = "add change delete"


def every(app: str, verbs: str, names: str) -> frozenset[str]:
    """The permissions for each of `verbs` on each of `names`, both written with spaces between."""
    return frozenset(f"{app}.{verb}_{name}" for verb in verbs.split() for name in names.split())


_LOOK = (
    every("calls", "view", "call callevent deflectiondetail dialprompt disposition enduser hold note offer offerevent")
    | every("calls", "view", "participant photo transfer video voiporder report wallboard savedview")
    | every("calls", CHANGE, "savedview")
    | every("calls", "export", "call")
    | every("agents", "view", "agent engagement language outboundnumber statuschange team")
    | every("menus", "view", "agentgroup closing deflectionoption menu menuoutboundnumber")
)
_SUPERVISE = (
    every("agents", "steer", "agent")
    | every("calls", "force_end reschedule", "call")
    | every("calls", "view", "personal_data contact contactphone ticket")
    | every("menus", "close", "menu")
)
_ADMINISTER = (
    every("agents", "add change", "agent user")
    | every("agents", "view", "user")
    | every("agents", CHANGE, "language outboundnumber team")
    | every("auth", "view", "group")
    | every("calls", CHANGE, "contact contactphone disposition ticket")
    | every("calls", "add change", "enduser")
    | every("ccai", f"view {CHANGE}", "apitoken")
    | every("ccai", "view", "auditentry webhookattempt webhookdelivery webhookevent")
    | every("ccai", f"view {CHANGE}", "webhookendpoint")
    | every("ccai", "resend", "webhookdelivery")
    | every("ccai", "load", "center")
    | every("menus", "add change", "menu")
    | every("menus", CHANGE, "agentgroup branchlimit deflectionoption menuoutboundnumber")
    | every("menus", "view", "branchlimit")
)

# A supervisor may do all that a viewer may, and an admin all that a supervisor may. An agent has callers to talk to, so
# their names and numbers are shown at the desk; whoever may see none sees them masked there too.
PERMISSIONS: dict[str, frozenset[str]] = {
    AGENT: every("calls", "view", "personal_data"),
    VIEWER: _LOOK,
    SUPERVISOR: _LOOK | _SUPERVISE,
    ADMIN: _LOOK | _SUPERVISE | _ADMINISTER,
}

NAMES: Mapping[str, Promise] = {
    AGENT: _("Agent: takes calls at the desk"),
    VIEWER: _("Viewer: sees the back office, with names and numbers masked"),
    SUPERVISOR: _("Supervisor: watches the floor, steps in, sees names and numbers"),
    ADMIN: _("Admin: changes the center"),
}


def role_groups() -> dict[str, Group]:
    """The group of each role, by the role's name. One that somebody has removed from the database is made again."""
    found = {group.name: group for group in Group.objects.filter(name__in=PERMISSIONS)}
    for role in PERMISSIONS.keys() - found.keys():
        found[role] = Group.objects.create(name=role)
        found[role].permissions.set(
            permission
            for permission in Permission.objects.select_related("content_type")
            if f"{permission.content_type.app_label}.{permission.codename}" in PERMISSIONS[role]
        )
    return found


def role_of(user: User) -> str | None:
    """The user's role: the last of the table, where there are several; None where there is none."""
    having = {group.name for group in user.groups.all()}
    return next((role for role in reversed(PERMISSIONS) if role in having), None)


def give_role(user: User, role: str | None) -> None:
    """`user` has this role and no other one, and `is_staff` that goes with it; None takes the role away, and leaves
    `is_staff` to whoever gives permissions by hand."""
    groups = role_groups()
    chosen = groups.pop(role) if role else None
    user.groups.remove(*groups.values())
    if chosen is None:
        return
    user.groups.add(chosen)
    is_staff = role != AGENT or user.is_superuser
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])


def may_give(role: str, by: User | AnonymousUser) -> bool:
    """True where `by` may do all that the role may, so that nobody gives more than they have."""
    return by.is_superuser or PERMISSIONS[role] <= by.get_all_permissions()


def with_more(by: User | AnonymousUser) -> QuerySet[User]:
    """The logins that may do something that `by` may not, whether or not they may log in now."""
    if by.is_superuser:
        return User.objects.none()
    own = by.get_all_permissions()
    rows = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    others = [pk for pk, app, name in rows if f"{app}.{name}" not in own]
    having = Q(is_superuser=True) | Q(
        pk__in=User.user_permissions.through.objects.filter(permission__in=others).values("user_id")
    )
    groups = Group.permissions.through.objects.filter(permission__in=others).values("group_id")
    return User.objects.filter(
        having | Q(pk__in=User.groups.through.objects.filter(group__in=groups).values("user_id"))
    )


def may_change(login: User, by: User | AnonymousUser) -> bool:
    """True where `by` may do all that `login` may: whoever changes an address or a password can log in with it."""
    return by.is_superuser or not with_more(by).filter(pk=login.pk).exists()
