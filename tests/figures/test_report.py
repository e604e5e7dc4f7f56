"""The figures of reports, against a small center worked out by hand (tests/figures/small_center.py)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from calls.figures.definitions import FIGURES, OUTCOMES, Counts
from calls.figures.report import Selection, report
from calls.figures.spans import Span, Step
from calls.models import Channel
from calls.scope import Scope
from menus.scope import branch_ids
from tests.factories import make_call, make_menu
from tests.figures.small_center import API, CALLBACK, IVR, MOBILE, OUTBOUND, SCHEDULED, ZONE, make_small_center

pytestmark = pytest.mark.django_db

ALL = Scope(None, None)
LATER = datetime(2026, 11, 3, 12, tzinfo=UTC)
THE_DAY = Span(date(2026, 11, 1), date(2026, 11, 1), LATER)
OF_THE_DAY = {
    "calls": 17,
    "offered": 10,
    "answered": 3,
    "service_level": 0.4,
    "speed_of_answer": 25,
    "abandoned": 2,
    "abandon_rate": 0.2,
    "time_to_abandon": 30,
    "handle_time": 1_290 / 7,
    "talk_time": 1_170 / 7,
    "hold_time": 30 / 7,
    "wrap_up_time": 90 / 7,
    "occupancy": 1_290 / 13_040,
    "deflections": 3,
    "callbacks_kept": 0.5,
    "transfers": 1,
    "rating": 3.5,
    "voicemails": 1,
}
OUTCOMES_OF_THE_DAY = (7, 3, 1, 1, 3, 1, 1)


@pytest.fixture
def center(settings):
    settings.TIME_ZONE = ZONE
    return make_small_center()


def figures_of(counts):
    return {key: figure.of(counts) for key, figure in FIGURES.items()}


def test_every_figure_of_the_day_is_the_one_worked_out_by_hand(center):
    shown = report(Selection(ALL), THE_DAY)

    assert figures_of(shown.now.whole) == pytest.approx(OF_THE_DAY)
    assert tuple(getattr(shown.now.whole, outcome) for outcome in OUTCOMES) == OUTCOMES_OF_THE_DAY
    assert {kind: counts.calls for kind, counts in shown.now.types.items()} == {
        IVR: 8, MOBILE: 2, API: 2, SCHEDULED: 2, CALLBACK: 1, OUTBOUND: 2
    }  # fmt: skip
    assert shown.now.kinds == {
        "over_capacity_voicemail": 1, "after_hours_message_only": 1, "over_capacity_callback": 1
    }  # fmt: skip
    assert shown.now.whole.transfers_done == 1


def test_the_day_before_is_what_it_is_compared_with(center):
    before = report(Selection(ALL), THE_DAY).before

    assert (before.span.first, before.whole.calls, before.whole.answered) == (date(2026, 10, 31), 2, 1)
    assert figures_of(before.whole)["speed_of_answer"] == 10
    assert figures_of(before.whole)["callbacks_kept"] is None  # L was promised for the day after


def test_a_day_of_25_hours_has_25_and_adds_up(center):
    shown = report(Selection(ALL), THE_DAY)
    hours = shown.pieces(Step.HOUR)

    assert len(hours) == 25
    assert [(piece.name, now.calls, before and before.calls) for piece, now, before in hours[:4]] == [
        ("2026-11-01 00:00", 1, 0),  # K, made at 00:30
        ("2026-11-01 01:00 -04:00", 2, 1),  # A and M; the day before, a
        ("2026-11-01 01:00 -05:00", 1, None),  # B; the day before had no such hour
        ("2026-11-01 02:00", 0, 0),
    ]
    assert sum(now.calls for _piece, now, _before in hours) == 17
    assert len(shown.pieces(Step.QUARTER)) == 100
    [(day, whole, _before)] = shown.pieces(Step.DAY)
    assert (day.name, whole.calls) == ("2026-11-01", 17)
    assert shown.now.by_hour_of_the_week()[6, 1].calls == 3  # Sunday, 01:00, both times


def test_handle_time_is_in_the_piece_in_which_the_call_was_made(center):
    hours = {piece.name: now for piece, now, _before in report(Selection(ALL), THE_DAY).pieces(Step.HOUR)}

    assert hours["2026-11-01 01:00 -05:00"].conversations == 2
    assert figures_of(hours["2026-11-01 01:00 -04:00"])["handle_time"] == 360
    assert figures_of(hours["2026-11-01 01:00 -05:00"])["handle_time"] == (540 + 30) / 2
    assert hours["2026-11-01 14:00"].promises_kept == 1  # K, promised for 19:00 UTC


def test_a_day_of_23_hours_ends_an_hour_sooner(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    edges = ("2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T00:59:59", "2026-03-29T01:00:00",
             "2026-03-29T21:59:59", "2026-03-29T22:00:00")  # fmt: skip
    for moment in edges:
        made = datetime.fromisoformat(f"{moment}+00:00")
        make_call("failed", created_at=made, queued_at=None, ends_at=made)
    shown = report(Selection(ALL), Span(date(2026, 3, 29), date(2026, 3, 29), LATER))
    hours = [(piece.name, now.calls) for piece, now, _before in shown.pieces(Step.HOUR)]

    assert len(hours) == 23
    assert [hour for hour in hours if hour[1]] == [
        ("2026-03-29 00:00", 1), ("2026-03-29 01:00", 1), ("2026-03-29 03:00", 1), ("2026-03-29 23:00", 1)
    ]  # fmt: skip
    assert (shown.now.whole.calls, shown.before.whole.calls) == (4, 1)


@pytest.mark.parametrize(
    ("which", "calls", "offered", "conversations"),
    [
        (lambda center: {"menus": frozenset(branch_ids([center.sales.pk]))}, 16, 9, 7),
        (lambda center: {"menus": frozenset(branch_ids([center.other.pk]))}, 1, 1, 0),
        (lambda center: {"channel": Channel.MOBILE}, 2, 1, 0),
        (lambda center: {"channel": Channel.WEB}, 1, 1, 1),
        (lambda center: {"channel": Channel.DESK}, 2, 0, 1),
        # what Ann had last: A N O; her parts in calls: these and the first of B
        (lambda center: {"agents": frozenset([center.ann.pk])}, 3, 3, 4),
        (lambda center: {"agents": frozenset([center.bob.pk])}, 4, 1, 3),
    ],
)  # fmt: skip
def test_a_part_of_the_center_has_its_part_of_the_figures(center, which, calls, offered, conversations):
    whole = report(Selection(ALL, **which(center)), THE_DAY).now.whole
    assert (whole.calls, whole.offered, whole.conversations) == (calls, offered, conversations)


def test_wrap_up_and_occupancy_follow_the_part(center):
    by_mobile = report(Selection(ALL, channel=Channel.MOBILE), THE_DAY).now.whole
    of_bob = report(Selection(ALL, agents=frozenset([center.bob.pk])), THE_DAY).now.whole
    of_other = report(Selection(ALL, menus=frozenset([center.other.pk])), THE_DAY).now.whole

    assert (by_mobile.wrap_up_seconds, of_bob.wrap_up_seconds) == (0, 0)
    assert figures_of(of_bob)["occupancy"] == 1  # he talked, and never said that he was available
    assert figures_of(of_other)["occupancy"] is None  # nobody serves it


def test_a_supervisor_sees_what_is_theirs(center):
    of_other = report(Selection(Scope(frozenset([center.other.pk]), None)), THE_DAY).now.whole
    of_team = report(Selection(Scope(None, frozenset([center.team.pk]))), THE_DAY).now.whole

    assert (of_other.calls, of_other.conversations, of_other.available_seconds) == (1, 0, 0)
    assert (of_team.calls, of_team.available_seconds) == (3, 11_750)


def test_a_team_is_seen_by_what_its_agents_did_and_a_branch_by_its_calls(center):
    def parts(menus, teams, **selected):
        whole = report(Selection(Scope(menus, teams), **selected), THE_DAY).now.whole
        return whole.conversations, whole.talk_seconds, whole.wrap_up_seconds

    of_ann = (4, 690, 90)  # A, B before it went to Bob, N and O
    team, nobody = frozenset([center.team.pk]), frozenset()
    leaf, other = frozenset([center.leaf.pk]), frozenset([center.other.pk])
    assert parts(None, team) == parts(other, team) == of_ann
    assert parts(None, None, agents=frozenset([center.ann.pk])) == of_ann
    assert parts(leaf, None) == parts(leaf, team) == (7, 1_170, 90)
    assert parts(leaf, None, agents=frozenset([center.bob.pk])) == (3, 480, 0)
    assert parts(None, team, agents=frozenset([center.bob.pk])) == parts(nobody, nobody) == (0, 0, 0)


def test_hours_and_weeks_are_the_clocks_where_it_is_half_an_hour_off(settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    for minute in (29, 30):  # 08:59 and 09:00 on the clock
        made = datetime(2026, 3, 2, 3, minute, tzinfo=UTC)
        make_call("failed", created_at=made, queued_at=None, ends_at=made)
    shown = report(Selection(ALL), Span(date(2026, 3, 1), date(2026, 3, 7), LATER))

    assert {piece.name: now.calls for piece, now, _before in shown.pieces(Step.HOUR) if now.calls} == {
        "2026-03-02 08:00": 1, "2026-03-02 09:00": 1
    }  # fmt: skip
    assert [now.calls for _piece, now, _before in shown.pieces(Step.DAY)] == [0, 2, 0, 0, 0, 0, 0]


def test_a_day_that_is_not_over_is_compared_with_the_same_time_of_the_day_before(settings):
    settings.TIME_ZONE = ZONE
    # 09:30 on the day after the clock was changed is 14:30 UTC; the day before it was 14:30 UTC too, and 13:30 before
    today = Span(date(2026, 11, 1), date(2026, 11, 1), datetime(2026, 11, 1, 14, 30, tzinfo=UTC))

    assert today.end == datetime(2026, 11, 1, 14, 30, tzinfo=UTC)
    assert today.before().end == datetime(2026, 10, 31, 13, 30, tzinfo=UTC)
    assert (today.before().start, today.start) == (
        datetime(2026, 10, 31, 4, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)
    )  # fmt: skip
    assert len(today.pieces(Step.HOUR)) == 25


def test_a_promise_is_counted_once_it_is_kept_or_cannot_be_kept_any_more():
    due = datetime(2026, 6, 1, 12, tzinfo=UTC)
    make_call("scheduled", call_type=SCHEDULED, created_at=due - timedelta(days=1), scheduled_at=due, queued_at=None)

    def promises(minutes):
        at = due + timedelta(minutes=minutes)
        return report(Selection(ALL), Span(date(2026, 6, 1), date(2026, 6, 1), at)).now.whole.promises

    assert [promises(14), promises(15)] == [0, 1]


def test_no_calls_have_no_averages():
    nothing = report(Selection(ALL, menus=frozenset([make_menu().pk])), THE_DAY).now.whole

    assert nothing == Counts()
    assert {key for key, figure in FIGURES.items() if figure.of(nothing) is None} == {
        "service_level", "speed_of_answer", "abandon_rate", "time_to_abandon", "handle_time", "talk_time",
        "hold_time", "wrap_up_time", "occupancy", "callbacks_kept", "rating",
    }  # fmt: skip


def test_every_definition_names_the_limits_of_the_center(settings):
    settings.CCAI_SERVICE_LEVEL_SECONDS, settings.CCAI_SCHEDULED_CALL_EXPIRATION = 45, 600

    assert "within 45 seconds" in FIGURES["service_level"].explain()
    assert "10 minutes" in FIGURES["callbacks_kept"].explain()
    assert all(figure.explain() and "%(" not in figure.explain() for figure in FIGURES.values())


def test_the_limit_of_the_service_level_is_the_centers(center, settings):
    settings.CCAI_SERVICE_LEVEL_SECONDS = 40  # A, B and N are in time, D is late, E was not answered
    assert figures_of(report(Selection(ALL), THE_DAY).now.whole)["service_level"] == 3 / 5
