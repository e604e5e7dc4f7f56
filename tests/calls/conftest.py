"""Whom most calls of these tests come to."""

import pytest

from tests.factories import make_agent, make_menu


@pytest.fixture
def auto(center):
    """An agent who takes calls at once."""
    return make_agent(auto_answer=True)


@pytest.fixture
def menu(auto):
    """The queue of that agent."""
    return make_menu(agents=[auto])
