"""What the tests of center files share."""

from pathlib import Path

from agents.models import Agent, Language, OutboundNumber, Team, User
from calls.models import Contact, Ticket
from ccai.center import CenterFaults, LoadReport, Outcome, load_center
from ccai.models import ApiToken
from menus.models import DeflectionOption, Menu

DATA = Path(__file__).resolve().parent.parent / "data"
CONFORMANCE = (DATA / "conformance.center.yaml").read_text()
FULL = (DATA / "full.center.yaml").read_text()

# What faults say.
EXAMPLE = '"+1 339-219-5276"'
NOT_A_NUMBER = f"is not a phone number; write it in quotes with + and the country code: {EXAMPLE}"
BARE = f"has no country code; write it in quotes with + and the country code: {EXAMPLE}"
LANGUAGE_KEYS = "languages, api_tokens, outbound_numbers, agents, menus, crm"


def load(text: str, **options) -> LoadReport:
    """Load one file."""
    return load_center([("center.yaml", text)], **options)


def faults_of(*texts: str) -> list[str]:
    """What is wrong with these files: path and sentence, without the file's name where there is only one file."""
    names = ["center.yaml"] if len(texts) == 1 else [f"{number}.yaml" for number in range(1, len(texts) + 1)]
    try:
        load_center(list(zip(names, texts, strict=True)))
    except CenterFaults as error:
        return [str(fault).removeprefix("center.yaml: ") for fault in error.faults]
    return []


def empty_database() -> None:
    """Nothing is left of the center."""
    Menu.objects.update(substitute=None)
    for model in (Ticket, Contact, DeflectionOption, Menu, Agent, User):
        model.objects.all().delete()
    while Team.objects.exists():
        Team.objects.filter(children=None).delete()
    for model in (OutboundNumber, Language, ApiToken):
        model.objects.all().delete()


def changes(report):
    """What changed, by name."""
    return {line.name: line.keys for line in report.lines if line.outcome == Outcome.CHANGED}


def created(report):
    """The names of what was created."""
    return [line.name for line in report.lines if line.outcome == Outcome.CREATED]


def user(email):
    """The login with this address."""
    return User.objects.get(email=email)


def agent(email):
    """The agent with this address."""
    return Agent.objects.get(user__email=email)
