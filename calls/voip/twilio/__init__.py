"""Twilio, on its official SDK (requirements-twilio.txt).

A call is a conference there, named after ours; every line is rung by itself and joins it. What a line does is said by
TwiML (`documents.py`): an agent's joins the conference, the end user's does what the call wants at that moment. What
Twilio reports comes to `calls/callbacks/`, and is read by `reports.py`; the adapter is told nothing else.
"""

from calls.voip.twilio.adapter import TwilioProvider

__all__ = ["TwilioProvider"]
