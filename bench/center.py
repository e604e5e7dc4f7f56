"""The center that benchmarks run on, as a center file."""

import json
from pathlib import Path

USER = "demo"
TOKEN = "not-a-secret-of-benchmarks"
RATE_LIMIT = 1_000_000  # requests per second: out of the way


def agent_email(number: int) -> str:
    """The address of the agent with this number, from 1 on."""
    return f"agent-{number}@example.com"


def write_center(path: Path, *, agents: int, menus: int = 1) -> Path:
    """A center file at `path`: an API token, available agents who answer by themselves, and menus that all serve.

    The menus have the ids from 1 on, and are mobile ones: these take inbound calls and scheduled ones.
    """
    numbers = range(1, agents + 1)
    center = {
        "languages": {"en": "live", "es": "live", "ko": "live"},
        "api_tokens": [{"name": "bench", "token": TOKEN}],
        "outbound_numbers": [{"number": "+1 202-555-0100", "default": True}],
        "agents": [
            {
                "email": agent_email(number),
                "first_name": "Agent",
                "last_name": str(number),
                "status": "available",
                "auto_answer": True,
            }
            for number in numbers
        ],
        "menus": [
            {
                "id": menu,
                "name": f"Menu {menu}",
                "menu_type": "mobile_menu",
                "groups": [{"name": "Group 1", "agents": [agent_email(number) for number in numbers]}],
            }
            for menu in range(1, menus + 1)
        ],
    }
    path.write_text(json.dumps(center))  # JSON is YAML
    return path
