"""Sending: what is due is claimed, posted outside of any transaction, and written down, until nothing is left.

One thread asks the database; others post and know nothing of it. Each endpoint has threads of its own, so that one that
is slow, or dead, holds up no other; one that fails has few, and little is claimed for it. A process that dies leaves
claims behind that end by themselves: what it had sent may arrive twice, and nothing is lost.
"""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from django.utils.translation import gettext_noop as _

from ccai.models import WebhookDelivery
from ccai.times import now
from ccai.webhooks import again, outbox
from ccai.webhooks.outbox import Claim, Result
from ccai.webhooks.posting import Answer, Target, Watch
from ccai.webhooks.signing import headers_of

log = logging.getLogger(__name__)

THREADS = 256  # in all; they are made as they are needed
OF_ONE = 8  # threads of one endpoint
OF_ONE_THAT_FAILS = 2
# Deliveries of one endpoint that are claimed at once: few at first, more as they arrive.
FEW, MANY = 8, 256
# Seconds.
PULSE = 0.05  # between two looks at what has come back
LOOK = 0.25  # between two looks for what is due while nothing comes back
RELEASE = 2.0  # between two looks for what is kept though its endpoint is active
FAREWELL = 3.0  # for what is under way when the process is to end
# Before the end of a claim nothing is begun any more.
MARGIN = timedelta(seconds=1)

NOT_SENT = _("It could not be sent. The log says why.")

# Set when this process is to end.
stopping = threading.Event()


class Endpoint:
    """What this process has to do with one endpoint."""

    def __init__(self, target: Target, *, fails: bool) -> None:
        self.target = target
        self.waiting: deque[Claim] = deque()
        self.under_way = 0  # deliveries that are claimed, and not written down
        self.threads = 0
        self.most_threads = OF_ONE_THAT_FAILS if fails else OF_ONE
        self.room = FEW

    def learn(self, results: Sequence[Result]) -> None:
        """What came back says how much it is worth claiming for it."""
        self.under_way -= len(results)
        answers = [result.answer for result in results if result.answer is not None]
        if any(not answer.is_good for answer in answers):
            self.room, self.most_threads = FEW, OF_ONE_THAT_FAILS
        elif answers:
            self.room, self.most_threads = min(MANY, 2 * self.room), OF_ONE


class Sender:
    """Sends until nothing is left. `run` is for one thread, and for one run."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.endpoints: dict[int, Endpoint] = {}
        self.results: SimpleQueue[Result] = SimpleQueue()
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self.lock = threading.Lock()
        self.is_over = False

    def run(self) -> int:
        """Nothing is due any more, or the process is to end. Returns how many deliveries were tried."""
        tried = 0
        look_at = release_at = ends_at = 0.0
        try:
            while True:
                claimed = 0
                if stopping.is_set():
                    ends_at = ends_at or time.monotonic() + FAREWELL
                elif time.monotonic() >= look_at:
                    if time.monotonic() >= release_at:
                        outbox.release_kept(now())
                        release_at = time.monotonic() + RELEASE
                    claimed = again.go_on(now()) + self.claim_due()
                    look_at = time.monotonic() + (0 if claimed else LOOK)
                self.put_to_work()
                self.watch.end_late()
                came_back = self.take_results()
                if came_back:
                    tried += sum(result.answer is not None for result in came_back)
                    self.write(came_back)
                    look_at = 0.0
                elif (not claimed and not self.is_busy()) or (ends_at and time.monotonic() >= ends_at):
                    return tried
        finally:
            self.close()

    def claim_due(self) -> int:
        """What is due, and has room, waits for a thread. Returns how many deliveries that are."""
        claimed = 0
        for endpoint_id in outbox.find_due(now()):
            known = self.endpoints.get(endpoint_id)
            room, under_way = (known.room, known.under_way) if known else (FEW, 0)
            if 2 * under_way > room:
                continue
            for claim in outbox.claim(endpoint_id, room - under_way, now()):
                endpoint = self.endpoint_of(claim)
                endpoint.waiting.append(claim)
                endpoint.under_way += len(claim.deliveries)
                claimed += len(claim.deliveries)
        return claimed

    def endpoint_of(self, claim: Claim) -> Endpoint:
        """The endpoint as this process knows it, at the URL that it has now."""
        url, timeout = claim.endpoint.url, outbox.timeout()
        known = self.endpoints.get(claim.endpoint.pk)
        if known is None:
            fails = claim.endpoint.failing_since is not None
            known = self.endpoints[claim.endpoint.pk] = Endpoint(Target(url, timeout, self.watch), fails=fails)
        elif known.target.url != url:
            known.target.close()
            known.target = Target(url, timeout, self.watch)
        return known

    def put_to_work(self) -> None:
        """What waits has threads, as many as its endpoint may have."""
        for endpoint in self.endpoints.values():
            with self.lock:
                more = min(endpoint.most_threads - endpoint.threads, len(endpoint.waiting))
                endpoint.threads += max(0, more)
            for _number in range(more):
                self.pool.submit(self.work, endpoint)

    def work(self, endpoint: Endpoint) -> None:
        """In a thread of the endpoint: post what waits for it."""
        try:
            while endpoint.threads <= endpoint.most_threads:
                try:
                    claim = endpoint.waiting.popleft()
                except IndexError:
                    return
                self.post(endpoint.target, claim)
        finally:
            with self.lock:
                endpoint.threads -= 1

    def post(self, target: Target, claim: Claim) -> None:
        """The deliveries of one lane, in order, up to one that fails. Each has a result."""
        goes_on = True
        last_moment = claim.until - timedelta(seconds=outbox.timeout()) - MARGIN
        for delivery in claim.deliveries:
            at = now()
            answer = None
            if goes_on and at <= last_moment and not stopping.is_set() and not self.is_over:
                answer = self.answer_to(target, claim, delivery, at)
            goes_on = answer is not None and answer.is_good
            self.results.put(Result(delivery, claim.until, at, answer))

    def answer_to(self, target: Target, claim: Claim, delivery: WebhookDelivery, at: datetime) -> Answer:
        """What came of posting it."""
        event = delivery.event
        try:
            body = event.body.encode()
            headers = {"Content-Type": "application/json", "User-Agent": "ccai-webhooks"}
            return target.post({**headers, **headers_of(claim.endpoint, event.uid, body, at)}, body)
        except Exception:
            log.exception("webhook delivery %s cannot be sent", delivery.pk)
            return Answer(error=NOT_SENT)

    def take_results(self) -> list[Result]:
        """What has come back; after a moment, nothing."""
        results: list[Result] = []
        try:
            results.append(self.results.get(timeout=PULSE))
            while len(results) < 2 * MANY:
                results.append(self.results.get_nowait())
        except Empty:
            pass
        return results

    def write(self, results: Sequence[Result]) -> None:
        """What came back is in the table, and known here."""
        outbox.write(results, now())
        by_endpoint: dict[int, list[Result]] = defaultdict(list)
        for result in results:
            by_endpoint[result.delivery.endpoint_id].append(result)
        for endpoint_id, its_results in by_endpoint.items():
            self.endpoints[endpoint_id].learn(its_results)

    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return any(endpoint.under_way for endpoint in self.endpoints.values())

    def close(self) -> None:
        """Nothing is posted any more, and no connection is open. Claims that are left end by themselves."""
        self.is_over = True
        for endpoint in self.endpoints.values():
            endpoint.waiting.clear()
            endpoint.target.close()
        self.watch.end_all()
        self.pool.shutdown(wait=False, cancel_futures=True)
