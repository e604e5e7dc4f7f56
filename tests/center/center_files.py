"""What the tests of center files share."""

from pathlib import Path

from agents.models import Agent, Language, OutboundNumber, Team, User
from calls.models import Contact, Ticket
from ccai.center import CenterFaults, LoadReport, load_center
from ccai.models import ApiToken
from menus.models import DeflectionOption, Menu

DATA = Path(__file__).resolve().parent.parent / "data"
CONFORMANCE = (DATA / "conformance.center.yaml").read_text()
FULL = (DATA / "full.center.yaml").read_text()


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
