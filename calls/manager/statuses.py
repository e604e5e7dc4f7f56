"""The statuses of agents as the management API lists them: what agents say, and that they are on a call."""

from typing import TypedDict

from agents.models import Agent


class StatusObject(TypedDict):
    """A status that an agent can have. `wfm_id` is that of a workforce management, of which there is none."""

    id: int
    name: str
    color: str
    wfm_id: None


# Never renumbered: who copies them keeps the ids.
STATUSES: dict[str, StatusObject] = {
    status: StatusObject(id=number, name=name, color=color, wfm_id=None)
    for number, status, name, color in (
        (1, Agent.Status.AVAILABLE, "Available", "#16a34a"),
        (2, Agent.Status.UNAVAILABLE, "Unavailable", "#dc2626"),
        (3, Agent.Status.BREAK, "Break", "#d97706"),
        (4, Agent.Status.MEAL, "Meal", "#b45309"),
        (5, Agent.Status.WRAP_UP, "Wrap-up", "#7c3aed"),
        (6, Agent.Status.MISSED_CALL, "Missed call", "#e11d48"),
        (7, Agent.Status.UNRESPONSIVE, "Unresponsive", "#9f1239"),
        (8, Agent.Status.OFFLINE, "Offline", "#6b7280"),
        (9, Agent.ON_CALL, "On call", "#2563eb"),
    )
}
