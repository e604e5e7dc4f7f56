"""HTTP to a system that may be slow, down or lying: bounded in time and in size, and led to no other host.

Nothing that is raised or logged here has an address in it: those hold phone numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import requests
from django.db import connection
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from ccai.deadlines import Deadline, watched_session

CONNECT, READ = 3.05, 5.0  # seconds, for a connection and for each part of an answer
MAX_BODY = 4 * 1_048_576  # bytes
CHUNK = 65_536


class NoAnswer(Exception):
    """There was no answer, or none that can be read. The text says what there was instead."""


class Silence(NoAnswer):
    """There was no answer at all, or not in time."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]  # found without case
    body: bytes

    def read_json(self) -> Any:
        """What the body says. Raises NoAnswer where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise NoAnswer(f"{self.status} without JSON") from None


class Question:
    """A question that may take several requests, over one connection, and no longer than `seconds` in all.

    Whoever asks outside of a transaction gives the connection to the database back: there are few, and ten who wait
    here would keep everybody else from the center.
    """

    def __init__(self, base: str, auth: AuthBase, seconds: float) -> None:
        self._base = base
        self._auth = auth
        self._session = watched_session()
        # No compression, so that what comes is as large as it says.
        self._session.headers.update(
            {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "ccai"}
        )
        self._deadline = Deadline(seconds)

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            connection.close()
        self._deadline.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline.__exit__(kind, error, trace)
        self._session.close()

    def ask(
        self, method: str, path: str, params: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """The answer to one request. Raises Silence where there is none in time, and NoAnswer where it is too large.

        Redirects are answers like any other: what we have to say is for this host alone.
        """
        try:
            with self._session.request(
                method,
                self._base + path,
                params=params,
                json=body,
                auth=self._auth,
                timeout=(CONNECT, READ),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, response.headers, self._read(response))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            what = "not in time" if self._deadline.has_passed else type(error).__name__
            raise Silence(what) from None

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            body += chunk
            if len(body) > MAX_BODY:
                raise NoAnswer("an answer that is too large")
        if self._deadline.has_passed:
            raise Silence("not in time")
        return bytes(body)
