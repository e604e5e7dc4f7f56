"""What the center's calls and agents add up to: definitions and questions, nothing of pages."""

from calls.figures.agents import AgentFigures, agents_today
from calls.figures.report import Report, Selection, report
from calls.figures.today import Today, today

__all__ = ["AgentFigures", "Report", "Selection", "Today", "agents_today", "report", "today"]
