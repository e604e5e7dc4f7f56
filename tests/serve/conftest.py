"""Centers that run, each with a data directory and a database of its own."""

import pytest

from tests.serve.running import Serve, databases


@pytest.fixture(scope="module")
def make_database():
    """Makes an empty database and returns its URL; None for SQLite, which lives in the data directory."""
    with databases() as make:
        yield make


@pytest.fixture(scope="module")
def serve(tmp_path_factory, make_database):
    """Starts a center: in a new data directory, or in one that has run before; it is gone after the tests."""
    started = []

    def start(*arguments, after=None, **variables):
        if after is None:
            data_dir, database_url = tmp_path_factory.mktemp("center"), make_database()
        else:
            data_dir, database_url = after.data_dir, after.database_url
        started.append(Serve(data_dir, *arguments, database_url=database_url, **variables))
        return started[-1]

    yield start
    for one in started:
        one.kill_all()
