"""What the calls' tests share: a small center, and a clock that a test turns by hand."""

from datetime import timedelta

import pytest

from calls import dispatch
from ccai.times import now
from tests.factories import make_center


@pytest.fixture
def center(db):
    """English is live, and there is one outbound number."""
    make_center()


class Clock:
    """Time as the clock's steps are told it. It begins at the present and moves only when a test moves it."""

    def __init__(self, mover):
        self._mover = mover

    def tick(self, rounds=50):
        """Do what is due now."""
        return dispatch.tick(rounds=rounds)

    def pass_by(self, seconds):
        """Let time go by and do, second by second, what falls due."""
        done = 0
        for _second in range(int(seconds)):
            self._mover.shift(timedelta(seconds=1))
            done += self.tick()
        return done

    def jump(self, seconds):
        """Let time go by while no worker runs."""
        self._mover.shift(timedelta(seconds=seconds))


@pytest.fixture
def clock(time_machine):
    """A Clock. Real time stands still."""
    time_machine.move_to(now(), tick=False)
    return Clock(time_machine)
