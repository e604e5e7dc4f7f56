"""What the center's calls and agents add up to: definitions and questions, nothing of pages."""

from calls.figures.agents import AgentFigures, agents_today

__all__ = ["AgentFigures", "agents_today"]
