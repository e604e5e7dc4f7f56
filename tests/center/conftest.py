"""A center that a file describes."""

import pytest

from tests.center.center_files import CONFORMANCE, load


@pytest.fixture
def conformance(db):
    """The conformance center is loaded."""
    load(CONFORMANCE)
