"""Asking Twilio: each request has a time-out, is made once, and leaves no number in a log.

A refusal is a VoipError with what it means here. Whatever leaves open whether the request arrived is a VoipTimeout:
silence, an error of Twilio's own, an answer that is none. What surely did not arrive is a VoipError again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import requests
from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import HTTPError

from calls.voip.base import VoipError, VoipTimeout
from calls.voip.twilio.reasons import refusal
from ccai.deadlines import Deadline, watched_session

# Bytes that a recording may have: four hours of a telephone's sound.
RECORDING_MAX_BYTES = 256 * 1_048_576
# Seconds that one may take to come: the others wait meanwhile.
RECORDING_SECONDS = 30


class QuietHttpClient(TwilioHttpClient):
    """The SDK's own, which would write numbers and texts into the log, and wait for ever for a peer that drips, without
    that: a request has CCAI_TWILIO_TIMEOUT seconds in all, with looking up the host's name.

    It opens a connection for each request: one that is kept may break just when a phone is to be rung.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=False, timeout=settings.CCAI_TWILIO_TIMEOUT)

    def request(self, *args: Any, **kwargs: Any) -> Response:
        """As the one above; VoipTimeout where there is no whole answer in time."""
        with in_time(settings.CCAI_TWILIO_TIMEOUT), watched_session() as self.session:
            return super().request(*args, **kwargs)

    def log_request(self, kwargs: object) -> None:
        """Nothing is written."""

    def log_response(self, status_code: int, response: object) -> None:
        """Nothing is written."""

    def fetch_sound(self, url: str, auth: tuple[str, str], into: IO[bytes]) -> None:
        """The WAV file at `url` is in `into`, piece by piece. VoipError where it is none, or is too long; VoipTimeout
        where it comes too slowly."""
        with (
            in_time(RECORDING_SECONDS),
            watched_session() as session,
            session.get(url, auth=auth, timeout=self.timeout, stream=True) as answer,
        ):
            if answer.status_code != 200:
                raise VoipError(f"Twilio answered HTTP {answer.status_code} to the question for a recording")
            for part in answer.iter_content(65_536):
                into.write(part)
                if into.tell() > RECORDING_MAX_BYTES:
                    raise VoipError("the recording is too long")
        into.seek(0)
        if into.read(4) != b"RIFF":
            raise VoipError("what Twilio gave for a recording is no WAV file")
        into.seek(0)


def make_client(http_client: TwilioHttpClient) -> Client:
    """The SDK's client for the account of the settings: with the API key where there is one, else the auth token."""
    user: str = settings.CCAI_TWILIO_API_KEY or settings.CCAI_TWILIO_ACCOUNT_SID
    secret: str = settings.CCAI_TWILIO_API_SECRET if settings.CCAI_TWILIO_API_KEY else settings.CCAI_TWILIO_AUTH_TOKEN
    return Client(user, secret, settings.CCAI_TWILIO_ACCOUNT_SID, http_client=http_client)


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """What a watched session does inside is cut after `seconds`, and is a VoipTimeout then, whatever came of it; a
    VoipError where there was no connection at all."""
    with Deadline(seconds) as deadline:
        try:
            yield
        except (OSError, HTTPError, ValueError):
            if not deadline.has_connected:
                raise VoipError("Twilio cannot be reached", fail_reason="voip_conn_signal") from None
            if not deadline.has_passed:
                raise
        if deadline.has_passed:
            raise VoipTimeout("Twilio did not answer in time")


@contextmanager
def understood(*, agent: bool = False) -> Iterator[None]:
    """What goes wrong in a request is a VoipError or a VoipTimeout. `agent`: it was for an agent's line.

    Neither says more than a code: Twilio's own words have numbers in them.
    """
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as error:
        # 408: it may be a proxy between us that waited in vain. 3xx: nobody knows who it was that sent us elsewhere.
        if error.status >= 500 or error.status < 400 or error.status == 408:
            raise VoipTimeout(f"Twilio answered HTTP {error.status}") from None
        raise refusal(error.status, error.code, agent=agent) from None
    except requests.RequestException as error:
        raise VoipTimeout(f"Twilio did not answer: {type(error).__name__}") from None
    except (TwilioException, ValueError, TypeError, AttributeError, KeyError):
        raise VoipTimeout("Twilio's answer cannot be understood") from None
