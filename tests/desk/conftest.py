"""Agents at their pages, in the process of the test."""

import pytest
from django.test import Client

from tests.conftest import HOST
from tests.desk.pages import Page
from tests.factories import make_agent, make_menu


@pytest.fixture
def at_desk():
    """`at_desk(agent)` is the agent's page, where they have logged in."""

    def log_in(agent):
        client = Client(SERVER_NAME=HOST)
        client.force_login(agent.user)
        return Page(client)

    return log_in


@pytest.fixture
def ana(center):
    """An agent who is available."""
    return make_agent("ana@example.com")


@pytest.fixture
def ben(center):
    """Another one."""
    return make_agent("ben@example.com")


@pytest.fixture
def queue(ana):
    """A queue that Ana serves."""
    return make_menu("Advice", agents=[ana])
