"""Documents that are parsed already, whatever stands in them: each is loaded, or its faults are said."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccai.center import CenterFaults, dump_center, load_documents
from tests.center.center_files import BARE, FULL, LANGUAGE_KEYS, NOT_A_NUMBER, load

pytestmark = pytest.mark.django_db


# What may stand in the wrong place.
STRANGE = [
    *(None, True, -1, 0, 8, 2**63, 1.5, "", "no", "null", "\x00", "\ud800", "a" * 300, "queue", "+1 339-219-5276"),
    *([], {}, [None], [[]], [{}], {"a\ud800": 1}, {"kind": "queue", "menu_id": 5}, [{"name": "Group 1"}], [{"id": 8}]),
]


def places(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in `tree`."""
    yield way
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[key], (*way, key))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_stands_in_the_wrong_place_is_loaded_or_is_a_fault(full_center, data):
    tree = deepcopy(full_center)
    for _time in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(list(places(tree))[1:]))
        outer = tree
        for key in way:
            outer = outer[key]
        outer[last] = deepcopy(data.draw(st.sampled_from(STRANGE)))
    found = []
    try:
        load_documents([("given", tree)], dry_run=True)
    except CenterFaults as error:
        found = error.faults
    assert all(fault.path and fault.sentence and str(fault).encode() for fault in found)


@pytest.fixture
def full_center():
    """A center with every key, loaded; and what the file says, without passwords, which would take long."""
    load(FULL)
    return yaml.safe_load(dump_center(secrets=False))


class TestDocumentsThatAreParsedAlready:
    @pytest.mark.parametrize(
        ("tree", "faults"),
        [
            ([], [f"given: must be a mapping with {LANGUAGE_KEYS}"]),
            ({1: 2}, [f"given: 1: unknown key; known are {LANGUAGE_KEYS}"]),
            (
                {"outbound_numbers": [{"number": 13392195276}, {"number": True}]},
                [
                    f'given: outbound_numbers[0].number: "13392195276" {BARE}',
                    f'given: outbound_numbers[1].number: "True" {NOT_A_NUMBER}',
                ],
            ),
            (
                {"crm": {"tickets": [{"ticket_id": True}, {"ticket_id": 7.5}, {"ticket_id": "\ud800"}]}},
                [
                    "given: crm.tickets[0].ticket_id: must be text; put it in quotes",
                    "given: crm.tickets[1].ticket_id: must be text; put it in quotes",
                    "given: crm.tickets[2].ticket_id: contains a character that cannot be stored",
                ],
            ),
            (
                {"menus": [{"id": True}, {"id": 1.0}, {"id": -(10**30)}]},
                [
                    "given: menus[0].id: must be a whole number such as 20, without quotes and leading zeros",
                    "given: menus[1].id: must be a whole number such as 20, without quotes and leading zeros",
                    "given: menus[2].id: must be a whole number from 1 to 9007199254740991",
                ],
            ),
        ],
    )
    def test_their_types_are_looked_at(self, tree, faults):
        with pytest.raises(CenterFaults) as raised:
            load_documents([("given", tree)])
        assert str(raised.value).splitlines() == faults

    def test_they_may_not_be_bottomless(self):
        tree = {"menus": []}
        tree["menus"].append({"name": "A", "children": tree["menus"]})
        with pytest.raises(CenterFaults, match="given: is nested more than 100 levels deep"):
            load_documents([("given", tree)])
