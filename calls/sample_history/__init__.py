"""A past for a center that has none: plausible calls that are over, for a demo, for reports, for load.

They are written straight into the tables, with all their rows, as the lifecycle would have left them: nothing here is
live, and the clock finds nothing to do. What a call may be is drawn from shares (`shares`), its center from the
database (`center`); `telling` tells it, from its birth to its end, `writing` writes many of them, `repeating` has the
database repeat them where they are very many, and `shifts` has it tell what the agents did around them.
"""

from calls.sample_history.center import NobodyToCall
from calls.sample_history.writing import days_for, make_calls

__all__ = ["NobodyToCall", "days_for", "make_calls"]
