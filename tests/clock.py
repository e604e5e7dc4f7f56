"""A clock that a test turns by hand."""

from datetime import timedelta

from calls import dispatch

# Seconds: how long a clock that is turned looks each second, and how often it looks in between.
ALERT, BUSY = 6, 8


class Clock:
    """Time as the clock's steps are told it. It begins at the present and moves only when a test moves it."""

    def __init__(self, mover):
        self._mover = mover

    def tick(self, rounds=50):
        """Do what is due now."""
        return dispatch.tick(rounds=rounds)

    def pass_by(self, seconds):
        """Let time go by and do what falls due: second by second at first and at last, as a busy clock in between."""
        done, left = 0, int(seconds)
        while left:
            step = 1 if seconds - left < ALERT or left <= ALERT else min(BUSY, left - ALERT)
            self._mover.shift(timedelta(seconds=step))
            done += self.tick()
            left -= step
        return done

    def jump(self, seconds):
        """Let time go by while no worker runs."""
        self._mover.shift(timedelta(seconds=seconds))
