"""POST /calls: of any two faults that a body has at once, the one that comes first in the contract is told."""

import pytest

from tests.calls.faults import PAIRS, make_rows, post_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def rows():
    make_rows()


@pytest.mark.parametrize(("call_type", "first", "second"), PAIRS, ids=str)
def test_of_two_faults_the_first_is_reported(api, rows, call_type, first, second):
    response = post_with(api, call_type, second, first)
    assert (response.status_code, response.json()) == (400, {"message": first.sentence})
