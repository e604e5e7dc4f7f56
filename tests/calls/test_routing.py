"""Who is offered what, as a function of facts alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calls.routing import Choice, FreeAgent, WaitingCall, distribute, may_take

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def agent(agent_id, idle_minutes=0, **facts):
    return FreeAgent(agent_id, NOON - timedelta(minutes=idle_minutes), **facts)


def call(call_id, *groups, lang="en", number="+13392195276", passed_over=()):
    return WaitingCall(call_id, lang, number, tuple(frozenset(group) for group in groups), frozenset(passed_over))


def test_one_call_is_offered_to_every_free_agent_of_its_groups():
    chosen = distribute([call(1, {1, 2}, {3})], [agent(1), agent(2), agent(3), agent(4)])
    assert chosen == [Choice(1, 1, 0), Choice(1, 2, 0), Choice(1, 3, 1)]


def test_within_a_group_the_longest_idle_comes_first():
    chosen = distribute([call(1, {1, 2, 3})], [agent(1, 5), agent(2, 50), agent(3, 20)])
    assert [choice.agent_id for choice in chosen] == [2, 3, 1]


def test_an_earlier_group_comes_before_a_longer_idle_agent_of_a_later_one():
    chosen = distribute([call(1, {1}, {2})], [agent(1, 1), agent(2, 100)])
    assert chosen[0] == Choice(1, 1, 0)


def test_an_agent_who_answers_by_themselves_settles_the_call():
    chosen = distribute([call(1, {1, 2, 3})], [agent(1, 90), agent(2, 1, auto_answer=True), agent(3)])
    assert chosen == [Choice(1, 2, 0)]


def test_no_call_gets_a_second_agent_before_each_had_a_first():
    chosen = distribute([call(1, {1, 2, 3}), call(2, {1, 2, 3})], [agent(1, 3), agent(2, 2), agent(3, 1)])
    assert [(choice.call_id, choice.agent_id) for choice in chosen] == [(1, 1), (2, 2), (1, 3)]


def test_with_fewer_agents_than_calls_those_who_waited_longest_are_served():
    chosen = distribute([call(1, {1}), call(2, {1}), call(3, {2})], [agent(1), agent(2)])
    assert [(choice.call_id, choice.agent_id) for choice in chosen] == [(1, 1), (3, 2)]


def test_an_agent_is_asked_only_in_a_language_they_speak():
    assert may_take(agent(1, languages=frozenset({"en"})), call(1, {1}, lang="en-US"))
    assert not may_take(agent(1, languages=frozenset({"en-US"})), call(1, {1}, lang="en"))
    assert not may_take(agent(1, languages=frozenset({"ko"})), call(1, {1}, lang="en"))
    assert may_take(agent(1), call(1, {1}, lang="ko"))


def test_an_agent_is_asked_only_where_they_may_show_the_calls_number():
    mine = frozenset({"+17608675309"})
    assert not may_take(agent(1, numbers=mine), call(1, {1}, number="+13392195276"))
    assert may_take(agent(1, numbers=mine), call(1, {1}, number="+17608675309"))
    assert may_take(agent(1, numbers=mine), call(1, {1}, number=""))


def test_an_agent_who_declined_is_not_asked_again():
    chosen = distribute([call(1, {1, 2}, passed_over={1})], [agent(1, 9), agent(2)])
    assert chosen == [Choice(1, 2, 0)]


groups = st.lists(st.frozensets(st.integers(1, 8), max_size=4), min_size=1, max_size=3)


@given(
    st.lists(groups, max_size=6),
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=8),
)
def test_whatever_waits_no_agent_is_named_twice_and_nobody_who_could_serve_is_left_idle(calls, facts):
    waiting = [call(number, *members) for number, members in enumerate(calls, start=1)]
    free = [agent(number, idle, auto_answer=auto) for number, (idle, auto) in enumerate(facts, start=1)]
    chosen = distribute(waiting, free)
    named = [choice.agent_id for choice in chosen]
    assert len(named) == len(set(named))
    by_id = {one.agent_id: one for one in free}
    settled = {choice.call_id for choice in chosen if by_id[choice.agent_id].auto_answer}
    for one in free:
        for other in waiting:
            wanted = any(one.agent_id in group for group in other.groups)
            assert one.agent_id in named or not wanted or other.call_id in settled
