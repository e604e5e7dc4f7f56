"""A center whose CRM is a Zendesk that plays what is written down in files."""

import pytest

from calls.crm import crm, pausing
from tests.crm.playing import Player


@pytest.fixture
def player():
    """A server that plays exchanges."""
    player = Player()
    yield player
    player.stop()


@pytest.fixture
def zendesk(player, settings):
    """The player, which the center takes for its Zendesk, with its tickets and users."""
    pausing.told_here.clear()
    settings.CCAI_CRM = "zendesk"
    settings.CCAI_ZENDESK_URL = player.url
    settings.CCAI_ZENDESK_EMAIL, settings.CCAI_ZENDESK_TOKEN = "kim@example.com", "s3cr3t-t0k3n"
    player.play("tickets")
    player.play("search")
    yield player
    pausing.told_here.clear()


@pytest.fixture
def ask(zendesk):
    """The adapter that the center asks."""
    return crm()
