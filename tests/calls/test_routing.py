"""Who is offered what, as a function of facts alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calls.routing import Choice, FreeAgent, WaitingCall, deal, distribute, may_take, rank

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def agent(agent_id, idle_minutes=0, **facts):
    return FreeAgent(agent_id, NOON - timedelta(minutes=idle_minutes), **facts)


def call(call_id, *groups, lang="en", number="+13392195276", passed_over=(), **facts):
    members = tuple(frozenset(group) for group in groups)
    return WaitingCall(call_id, lang, number, members, frozenset(passed_over), **facts)


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


def test_where_many_are_asked_one_who_answers_by_themselves_comes_first():
    agents = [agent(1, 90), agent(2, 1, auto_answer=True)]
    assert [choice.agent_id for choice in rank(call(1, {1}, {2}), agents)] == [2, 1]


def test_a_call_that_agents_have_in_turn_goes_to_the_longest_idle_of_all_groups_alone():
    agents = [agent(1, 5), agent(2, 50), agent(3, 20, auto_answer=True)]
    assert distribute([call(1, {1}, {2, 3}, in_turn=True)], agents) == [Choice(1, 2, 1)]


def test_an_agent_who_is_in_two_groups_has_the_call_as_one_of_the_first():
    assert rank(call(1, {2}, {1, 2}), [agent(2)]) == [Choice(1, 2, 0)]


def test_of_two_idle_equally_long_the_order_is_always_the_same():
    assert [choice.agent_id for choice in rank(call(1, {1, 2, 3}), [agent(3), agent(1), agent(2)])] == [1, 2, 3]


def test_a_call_that_somebody_is_asked_about_already_comes_after_all_others():
    waiting = [call(1, {1, 2}, held_out=True), call(2, {1, 2})]
    assert distribute(waiting, [agent(1, 9), agent(2)]) == [Choice(2, 1, 0), Choice(1, 2, 0)]
    assert deal(waiting, [agent(1, 9), agent(2)]) == [Choice(2, 1, 0)]


def test_while_one_agent_has_their_turn_no_other_is_asked():
    assert distribute([call(1, {1, 2}, in_turn=True, held_out=True)], [agent(1), agent(2)]) == []


groups = st.lists(st.frozensets(st.integers(1, 8), max_size=4), min_size=1, max_size=3)


@given(
    st.lists(st.tuples(groups, st.booleans(), st.booleans()), max_size=6),
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=8),
)
def test_whatever_waits_no_agent_is_named_twice_and_nobody_who_could_serve_is_left_idle(calls, facts):
    waiting = [
        call(number, *members, in_turn=in_turn, held_out=held_out)
        for number, (members, in_turn, held_out) in enumerate(calls, start=1)
    ]
    free = [agent(number, idle, auto_answer=auto) for number, (idle, auto) in enumerate(facts, start=1)]
    chosen = distribute(waiting, free)
    named = [choice.agent_id for choice in chosen]
    assert len(named) == len(set(named))
    for other in waiting:
        times = sum(choice.call_id == other.call_id for choice in chosen)
        assert not other.in_turn or times + other.held_out <= 1
    by_id = {one.agent_id: one for one in free}
    settled = {choice.call_id for choice in chosen if by_id[choice.agent_id].auto_answer}
    for one in free:
        for other in waiting:
            wanted = any(one.agent_id in group for group in other.groups)
            had = other.in_turn and (other.held_out or any(choice.call_id == other.call_id for choice in chosen))
            assert one.agent_id in named or not wanted or other.call_id in settled or had
