"""The roles of people as one table: what each may do. A migration makes a group of each; a test holds the two together.

A superuser may do everything. Who is an agent and nothing else has the page at /desk/ and no other: `is_staff`, which
opens the back office, comes with the other three roles.
"""

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
    | every("ccai", "view", "auditentry")
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
