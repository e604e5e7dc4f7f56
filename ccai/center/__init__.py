"""Center files: a whole contact center in one YAML file, loaded over what is there, or dumped from it.

From the text to the database: `parsing` (YAML without its guesses), `schema` (what a file may say, read into
entries), `records` (the center in memory), `applying` (entries put over it), `writing` (what has changed goes to the
database). Everything that is wrong on the way is a Fault, and all faults are said in one go.
"""

from pathlib import Path

from ccai.center.dumping import dump_center
from ccai.center.faults import CenterFaults, Fault
from ccai.center.loading import PlanIsStale, load_center, load_documents, load_files
from ccai.center.report import Line, LoadReport, Outcome

# The center that a newcomer finds on the first run.
DEMO = Path(__file__).with_name("demo.yaml")

__all__ = [
    "DEMO",
    "CenterFaults",
    "Fault",
    "Line",
    "LoadReport",
    "Outcome",
    "PlanIsStale",
    "dump_center",
    "load_center",
    "load_documents",
    "load_files",
]
