"""Pages of the management API: by number, as its clients ask for the first one, and on from there along `Link`.

Who copies a table reads it in the order of a time that changes, such as `updated_at`, and goes on later from the last
one that was seen. Page numbers lose rows then: one that is changed while it is copied leaves its page for the last, and
those behind it move up by one, past the reader. So `Link` carries a place in the order, beyond which nothing moves but
further on.

One thing could still be lost. A row bears the time at which it was written, and is seen once that is committed, which
another one's may be first. Beyond those that were seen nothing is looked for again. So what was written a moment ago is
shown only once everything older is sure to be seen with it, and a page that comes upon the present waits for that.
"""

import base64
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Generic, TypeVar

import redis
from django.db import connection
from django.http import QueryDict
from rest_framework.request import Request

from calls.manager.listings import Listing
from ccai.api.pagination import Cursor, read_moment, read_per
from ccai.databases.in_flight import oldest_transaction
from ccai.errors import NOT_WELL_FORMED, Refused
from ccai.redis import breaker, client
from ccai.times import now

Row = TypeVar("Row")

# How long after it looked at the clock somebody may begin the transaction that writes the time down.
HASTE = timedelta(seconds=1)
# How often, and after how many seconds each, a page asks again for transactions that take longer.
ROUNDS, PAUSE = 20, 0.1
# For how long pages follow what is written while they are read, before the reader is left to come again.
PATIENCE = timedelta(seconds=15)
MAX_PAGE = 10**9
# For how long those who go from page to page by number are told the total that the first one told.
MEMORY = timedelta(minutes=5)


@dataclass(frozen=True)
class Place:
    """Where the next page begins: beyond a row, with the `total` that the first page counted. Once pages have come
    upon the present, `present_since` says when that was."""

    cursor: Cursor
    total: int
    present_since: datetime | None = None

    def encode(self) -> str:
        """The place as one opaque word."""
        since = self.present_since.isoformat() if self.present_since else None
        raw = json.dumps([self.cursor.encode(), self.total, since]).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, word: str, *, timed: bool) -> "Place":
        """The place in `word`; refused with "cursor is not well formed" where there is none."""
        try:
            cursor, total, since = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            present_since = read_moment(since) if since is not None else None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise Refused(NOT_WELL_FORMED, field="cursor") from None
        if type(cursor) is not str or type(total) is not int or not 0 <= total < 2**63:
            raise Refused(NOT_WELL_FORMED, field="cursor")
        return cls(Cursor.decode(cursor, timed=timed), total, present_since)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page: its rows in order, and the headers that go with it."""

    rows: list[Row]
    headers: dict[str, str]


def read_page_number(params: QueryDict) -> int:
    """Which page is asked for: `page`, from 1 on. Refused where it is no such number."""
    text = params.get("page", "1")
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise Refused(NOT_WELL_FORMED, field="page")
    return MAX_PAGE if len(text.lstrip("0")) > 9 else int(text)


def page_of(listing: Listing[Row], request: Request, *, falling: bool) -> Page[Row]:
    """The page of `listing` that `request` asks for by `page` and `per`, or by `cursor` and `per`.

    Headers: `Per-Page`, `Total` as it was at the first page, and `Link` with `rel="next"` where there is more.
    Counting costs what the table holds.
    """
    params = request.query_params
    per = read_per(params)
    if "cursor" in params:
        place = Place.decode(params["cursor"], timed=listing.timed)
        cursor: Cursor | None = place.cursor
        total, present_since = place.total, place.present_since
    else:
        skipped = (read_page_number(params) - 1) * per
        total, present_since = total_of(listing, request, anew=not skipped), None
        cursor = listing.place_after(skipped, falling=falling) if skipped else None
        if skipped and cursor is None:
            return Page([], {"Per-Page": str(per), "Total": str(total)})
    asked_at = now()
    rows, is_cut = read_settled(listing, cursor, falling=falling, most=per + 1, asked_at=asked_at)
    headers = {"Per-Page": str(per), "Total": str(total)}
    last = listing.place_of(rows[:per][-1]) if rows else None
    if last is not None and len(rows) > per:
        headers["Link"] = next_link(request, Place(last, total, present_since))
    elif last is not None and is_cut and asked_at - (present_since or asked_at) < PATIENCE:
        headers["Link"] = next_link(request, Place(last, total, present_since or asked_at))
    return Page(rows[:per], headers)


def total_of(listing: Listing[Row], request: Request, *, anew: bool) -> int:
    """How many rows `listing` has, which `request` asks for: counted now where it is to be told `anew`, else as it was
    counted for another page of it up to MEMORY ago. Without Redis, it is counted each time."""
    asked = sorted((name, values) for name, values in request.query_params.lists() if name not in ("page", "per"))
    key = f"total:{sha256(json.dumps([request.path, asked]).encode()).hexdigest()}"
    if not breaker().closed():
        return listing.count()
    try:
        known: Any = None if anew else client().get(key)
        if known is not None:
            return int(known)
        total = listing.count()
        client().set(key, total, ex=MEMORY)
    except redis.RedisError as error:
        breaker().trip(error)
        return listing.count()
    return total


def read_settled(
    listing: Listing[Row], cursor: Cursor | None, *, falling: bool, most: int, asked_at: datetime
) -> tuple[list[Row], bool]:
    """The first rows beyond `cursor`, and whether some were left out that could not be shown yet.

    All that was written until `asked_at` is shown, unless a transaction is still under way that began before.
    """
    if falling or not listing.timed:
        return listing.read(cursor, falling=falling, most=most), False
    settled = settled_until(asked_at - HASTE)
    rows = listing.read(cursor, falling=False, most=most)
    if len(settled_rows(listing, rows, settled)) == len(rows):
        return rows, False
    wait(HASTE.total_seconds())
    settled = settled_until(asked_at)
    for _ in range(ROUNDS):
        if settled == asked_at:
            break
        wait(PAUSE)
        settled = settled_until(asked_at)
    rows = listing.read(cursor, falling=False, most=most)
    shown = settled_rows(listing, rows, settled)
    return shown, len(shown) < len(rows)


def wait(seconds: float) -> None:
    """So long passes, in which this request has no connection to the database: there are few, and those who wait would
    keep everybody else from the center."""
    if not connection.in_atomic_block:
        connection.close()
    time.sleep(seconds)


def settled_until(moment: datetime) -> datetime:
    """The moment until which all that bears an earlier time has been committed; `moment` at the latest, which must be
    HASTE ago."""
    under_way = oldest_transaction()
    return moment if under_way is None else min(moment, now() - under_way - HASTE)


def settled_rows(listing: Listing[Row], rows: list[Row], settled: datetime) -> list[Row]:
    """The first of `rows`, until one that was written after `settled`; the clocks of other machines may be ahead by
    HASTE. One of a time that is still to come then was not written by this center's clocks."""
    present = now() + HASTE
    for number, row in enumerate(rows):
        moment = listing.place_of(row).value
        if moment is not None and settled < moment <= present:
            return rows[:number]
    return rows


def next_link(request: Request, place: Place) -> str:
    """The Link header (RFC 8288): this request's own URL, at another place."""
    params = request.query_params.copy()
    params.pop("page", None)
    params["cursor"] = place.encode()
    url = request.build_absolute_uri(f"{request.path}?{params.urlencode()}")
    return f'<{url}>; rel="next"'
