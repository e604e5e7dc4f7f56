"""A past for a center that has none: plausible calls that are over, for a demo, for reports, for load.

They are written straight into the tables, with all their rows, as the lifecycle would have left them: nothing here is
live, and the clock finds nothing to do. What a call may be is drawn from shares (`shares`), its center from the
database (`center`); `telling` tells it, from its birth to its end, and `writing` writes many of them.
"""

from calls.sample_history.center import NobodyToCall
from calls.sample_history.writing import make_calls

__all__ = ["NobodyToCall", "make_calls"]
