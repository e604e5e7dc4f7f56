"""Zendesk Support: tickets with their requesters, users by phone, and comments, over its REST API (version 2).

Sources: developer.zendesk.com, API reference: Tickets, Users, User Identities, Search, Ticket Comments, Rate limits;
and "Retrieving the Zendesk user id of a caller" for how phones are searched. What it answers is believed no further
than it can be checked: who was not asked for, or has another number, is no answer.
"""

import base64
import logging
import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, ClassVar

import phonenumbers
import requests
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop
from phonenumbers import PhoneNumberFormat, ValidationResult
from requests.auth import AuthBase

from calls.crm.base import Crm, CrmContact, CrmRefused, CrmTicket, CrmUnavailable, NotAsked
from calls.crm.http import Answer, NoAnswer, Question, Silence
from calls.crm.pausing import be_wary, complain, complaint, pause, seconds_left, seconds_of_another, trust
from ccai.phones import parse_phone
from ccai.times import now

log = logging.getLogger(__name__)

# Seconds for which it is left alone after silence, after a wrong password, and where it says "later" without a number;
# and the longest time that it can ask for.
SILENT, LOCKED_OUT, LATER, LONGEST = 5.0, 30.0, 60.0, 900.0
# Tickets that one request asks for, comments that are looked through, and users whose identities are read, at most.
TICKETS, COMMENTS, CANDIDATES = 25, 50, 3
MAX_ID = 2**63 - 1
MAX_NAME = 200  # characters, as end users have


# What an answer with this status means for who wrote the settings.
WRONG = {
    401: gettext_noop("401: it does not take the user and the token. Look at CCAI_ZENDESK_EMAIL and the token."),
    403: gettext_noop("403: the user whose token it is may not do that. Look at their role in Zendesk."),
    404: gettext_noop("404: there is no such account. Look at CCAI_ZENDESK_URL."),
}


class Credentials(AuthBase):
    """An OAuth token, or an agent's e-mail address with an API token."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its Authorization."""
        if settings.CCAI_ZENDESK_OAUTH_TOKEN:
            request.headers["Authorization"] = f"Bearer {settings.CCAI_ZENDESK_OAUTH_TOKEN}"
        else:
            pair = f"{settings.CCAI_ZENDESK_EMAIL}/token:{settings.CCAI_ZENDESK_TOKEN}"
            request.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return request


class ZendeskCrm(Crm):
    """One Zendesk account, at CCAI_ZENDESK_URL."""

    takes_comments: ClassVar[bool] = True

    def find_ticket(self, ticket_id: str) -> CrmTicket | None:
        """The ticket with this id and its requester, by the phone of their profile and those of their identities."""
        if not is_id(ticket_id):
            return None
        with question() as asked:
            answer = asked.get("tickets", f"/tickets/{ticket_id}.json", {"include": "users"})
            if answer is None:
                return None
            ticket = as_object(answer.get("ticket"), "ticket")
            if as_id(ticket.get("id")) != ticket_id:
                raise CrmUnavailable("another ticket than was asked for")
            status = as_text(ticket.get("status"))
            if status == "deleted":
                return None
            requester = as_id(ticket.get("requester_id"))
            users = as_objects(answer.get("users", []), "users")
            user = next((user for user in users if requester and as_id(user.get("id")) == requester), None)
            if user is None and requester:
                user = asked.get_user(requester)
            contact = asked.read_contact(user) if user and user.get("active", True) is not False else None
        return CrmTicket(
            ticket_id, f"{settings.CCAI_ZENDESK_URL}/agent/tickets/{ticket_id}", contact, status == "closed"
        )

    def find_contact(self, number: str) -> CrmContact | None:
        """The end user whose phone this is: surely rather than perhaps, then the longest known.

        Zendesk finds a number in any spelling by its last digits, and so finds others, too: each is looked at again.
        Its search knows a new user a minute or so later.
        """
        national = phonenumbers.national_significant_number(phonenumbers.parse(number))
        query = {"query": f"type:user role:end-user phone:*{national}", "sort_by": "created_at", "sort_order": "asc"}
        with question() as asked:
            answer = asked.get("search", "/search.json", query) or {}
            users = as_objects(answer.get("results"), "results")
            users = [user for user in users if as_id(user.get("id")) and user.get("active", True) is not False]
            users.sort(key=lambda user: (as_text(user.get("created_at")), int(as_id(user["id"]))))
            phones = [[as_text(user.get("phone"))] for user in users]
            if users and not any(likeness(text, number) for texts in phones for text in texts):
                # It may be one of the other numbers of somebody.
                phones[:CANDIDATES] = [asked.get_phones(as_id(user["id"])) for user in users[:CANDIDATES]]
        alike = [max((likeness(text, number) for text in texts), default=0) for texts in phones]
        if not any(alike):
            return None
        user = users[alike.index(max(alike))]
        return CrmContact(as_id(user["id"]), as_text(user.get("name"))[:MAX_NAME], (number,))

    def closed_tickets(self, ticket_ids: Collection[str]) -> set[str]:
        """Those of `ticket_ids` that are closed."""
        known = sorted({ticket_id for ticket_id in ticket_ids if is_id(ticket_id)})
        closed = set()
        with question() as asked:
            for first in range(0, len(known), TICKETS):
                some = known[first : first + TICKETS]
                answer = asked.get("tickets", "/tickets/show_many.json", {"ids": ",".join(some)}) or {}
                for ticket in as_objects(answer.get("tickets"), "tickets"):
                    if as_text(ticket.get("status")) == "closed":
                        closed.add(as_id(ticket.get("id")))
        return closed & set(known)

    def contact_url(self, out_contact_id: str) -> str | None:
        """The user's page in the agents' workspace; None for what is no id of Zendesk."""
        return f"{settings.CCAI_ZENDESK_URL}/agent/users/{out_contact_id}" if is_id(out_contact_id) else None

    def complaint(self) -> str:
        """What an administrator has to mend before it answers, as it was told of last."""
        return complaint(account())

    def add_comment(self, ticket_id: str, text: str, marker: str, *, may_be_there: bool) -> None:
        """The ticket has an internal note with this text, unless one with the marker is among its latest comments.

        Zendesk takes an Idempotency-Key for new tickets alone, so that comments are told apart by what they say.
        """
        if not is_id(ticket_id):
            raise CrmRefused("Zendesk has no such ticket.")
        with question() as asked:
            if may_be_there:
                newest = {"sort_order": "desc", "per_page": str(COMMENTS)}
                answer = asked.get("tickets", f"/tickets/{ticket_id}/comments.json", newest) or {}
                comments = as_objects(answer.get("comments", []), "comments")
                if any(marker in as_text(comment.get("body")) for comment in comments):
                    return
            asked.put_comment(ticket_id, {"ticket": {"comment": {"body": text, "public": False}}})


class Asking:
    """A question under way: requests whose answers have been looked at. `is_news`: the log does not have yet what kept
    it from being answered."""

    def __init__(self, asked: Question) -> None:
        self._asked = asked
        self.is_news = True

    def get(self, kind: str, path: str, params: dict[str, str] | None = None) -> dict[str, Any] | None:
        """The object at `path`; None where there is none."""
        answer = self._exchange(kind, "GET", path, params)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise CrmUnavailable(f"{answer.status} to a question about {kind}")
        return as_object(answer.read_json(), kind)

    def get_user(self, user_id: str) -> dict[str, Any] | None:
        """The user with this id; None where there is none."""
        answer = self.get("users", f"/users/{user_id}.json")
        if answer is None:
            return None
        user = as_object(answer.get("user"), "user")
        if as_id(user.get("id")) != user_id:
            raise CrmUnavailable("another user than was asked for")
        return user

    def get_phones(self, user_id: str) -> list[str]:
        """The numbers among the identities of the user, the primary ones first, as they are written there."""
        answer = self.get("users", f"/users/{user_id}/identities.json") or {"identities": []}
        identities = as_objects(answer.get("identities"), "identities")
        mine = [one for one in identities if one.get("type") == "phone_number" and as_id(one.get("user_id")) == user_id]
        mine.sort(key=lambda one: one.get("primary") is not True)
        return [as_text(one.get("value")) for one in mine]

    def read_contact(self, user: dict[str, Any]) -> CrmContact:
        """The contact that `user` is, with all their numbers that can be dialled, each once."""
        user_id = as_id(user.get("id"))
        written = [as_text(user.get("phone")), *self.get_phones(user_id)]
        phones = dict.fromkeys(number for text in written if (number := read_number(text)))
        return CrmContact(user_id, as_text(user.get("name"))[:MAX_NAME], tuple(phones))

    def put_comment(self, ticket_id: str, body: dict[str, Any]) -> None:
        """The ticket is told. Raises CrmRefused where it will never take it."""
        # How often one ticket may be changed is limited for each ticket (30 times in ten minutes).
        answer = self._exchange(f"comments:{ticket_id}", "PUT", f"/tickets/{ticket_id}.json", body=body)
        if answer.status == 404:
            raise CrmRefused("Zendesk has no such ticket.")
        if answer.status == 422:
            raise CrmRefused("Zendesk does not take the comment; the ticket is closed, or a rule of its forbids it.")
        if answer.status != 200:
            raise CrmUnavailable(f"{answer.status} to a comment")
        if as_id(as_object(as_object(answer.read_json(), "answer").get("ticket"), "ticket").get("id")) != ticket_id:
            raise CrmUnavailable("another ticket than was told")

    def _exchange(
        self,
        kind: str,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Answer:
        """An answer that is of the thing itself. Whoever is not to be asked now is not, by any process."""
        everything = account()
        own = f"{everything}:{kind}"
        if left := seconds_left(everything, own):
            raise NotAsked("is not to be asked now", left)
        # Everybody who waits for the end of a silence would find out the same, by waiting for it together.
        if left := seconds_of_another(everything, settings.CCAI_ZENDESK_TIMEOUT):
            raise NotAsked("is being tried by another", left)
        try:
            answer = self._asked.ask(method, f"/api/v2{path}", params, body)
        except Silence:
            self.is_news = pause(everything, SILENT)
            be_wary(everything, LONGEST)
            raise
        except NoAnswer:
            trust(everything)
            raise
        wrong = find_wrong(answer)
        trust(everything, is_content=not wrong and answer.status in (200, 404, 422))
        if wrong:
            self.is_news = complain(everything, wrong)
            if answer.status != 401:
                raise CrmUnavailable(wrong)
            pause(everything, LOCKED_OUT)
            raise CrmUnavailable(wrong, LOCKED_OUT)
        if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
            wait = read_wait(answer.headers["Retry-After"]) if "Retry-After" in answer.headers else LATER
            # With requests left for the account this is a limit of this kind of request.
            left_over = answer.headers.get("X-Rate-Limit-Remaining") or answer.headers.get("ratelimit-remaining") or ""
            self.is_news = pause(own if left_over.isdecimal() and int(left_over[:9]) else everything, wait)
            raise CrmUnavailable(f"{answer.status}, asks for {wait:g} s of peace", wait)
        if answer.status in (502, 503, 504):
            self.is_news = pause(everything, SILENT)
            raise CrmUnavailable(str(answer.status))
        return answer


@contextmanager
def question() -> Iterator[Asking]:
    """Requests that together take no longer than CCAI_ZENDESK_TIMEOUT. Raises CrmUnavailable, and says so in the log,
    where one is not answered sensibly; of those that found the same at the same time, once."""
    asked = Question(settings.CCAI_ZENDESK_URL, Credentials(), settings.CCAI_ZENDESK_TIMEOUT)
    asking = Asking(asked)
    try:
        with asked:
            yield asking
    except NoAnswer as error:
        if asking.is_news:
            log.warning("Zendesk does not answer: %s", error)
        raise CrmUnavailable(str(error)) from None
    except NotAsked:
        raise
    except CrmUnavailable as error:
        if asking.is_news:
            log.warning("Zendesk: %s", error)
        raise


def account() -> str:
    """The name under which is kept what the account did. With another address, user or token all begins anew."""
    said = (settings.CCAI_ZENDESK_URL, settings.CCAI_ZENDESK_EMAIL)
    secrets = (settings.CCAI_ZENDESK_TOKEN, settings.CCAI_ZENDESK_OAUTH_TOKEN)
    return "zendesk:" + salted_hmac("calls.crm.zendesk", "\n".join(said + secrets)).hexdigest()[:16]


def find_wrong(answer: Answer) -> str:
    """What the center says wrongly of its account, by the answer; "" where that is nothing.

    An address without an account answers 404, too, and so does a proxy: only Zendesk says which record it has not.
    """
    if answer.status == 404:
        try:
            said = answer.read_json()
        except NoAnswer:
            return WRONG[404]
        return "" if isinstance(said, dict) and said.get("error") == "RecordNotFound" else WRONG[404]
    return WRONG.get(answer.status, "")


def is_id(text: str) -> bool:
    """Whether `text` is an id as Zendesk writes them: digits without zeros before them."""
    return text.isascii() and text.isdecimal() and not text.startswith("0") and int(text[:20]) <= MAX_ID


def as_id(value: Any) -> str:
    """An id as text; "" where there is none. Raises CrmUnavailable where it is something else."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ID:
        raise CrmUnavailable("an id that is none")
    return str(value)


def as_text(value: Any) -> str:
    """Text that can be kept; "" for what is none."""
    return value.encode(errors="ignore").decode().replace("\0", "").strip() if isinstance(value, str) else ""


def as_object(value: Any, name: str) -> dict[str, Any]:
    """A JSON object. Raises CrmUnavailable where it is something else."""
    if not isinstance(value, dict):
        raise CrmUnavailable(f"{name}: something else than an object")
    return value


def as_objects(value: Any, name: str) -> list[dict[str, Any]]:
    """An array of objects. Raises CrmUnavailable where it is something else."""
    if not isinstance(value, list):
        raise CrmUnavailable(f"{name}: something else than an array")
    return [as_object(one, name) for one in value]


def read_wait(text: str) -> float:
    """The seconds that a Retry-After asks for, which may be a moment; within bounds, whatever it says."""
    try:
        wait = float(text)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(text) - now()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            wait = LATER
    return min(max(wait, 1.0), LONGEST) if math.isfinite(wait) else LATER


@lru_cache(maxsize=20_000)
def in_country(text: str, country: str) -> str | None:
    """`text`, a number as people of `country` write it, as E.164; None where it is none that can be dialled."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def read_number(text: str) -> str | None:
    """A number as somebody wrote it into a profile, as E.164; None where it cannot be dialled.

    Without `+` and a country code it is one of CCAI_ZENDESK_COUNTRY; where none is set it could be anybody's.
    """
    number = parse_phone(text)
    if number is None and settings.CCAI_ZENDESK_COUNTRY and len(text) <= 100 and not text.startswith("+"):
        number = in_country(text, settings.CCAI_ZENDESK_COUNTRY)
    return number


def likeness(text: str, number: str) -> int:
    """Whether `text` is a spelling of `number` (E.164): 2 where it is, 1 where it lacks the country, 0 where not."""
    read = read_number(text)
    if read is not None:
        return 2 if read == number else 0
    if text.startswith("+") or any(character.isalpha() for character in text):
        return 0
    digits = "".join(character for character in text if character in "0123456789").lstrip("0")
    national = phonenumbers.national_significant_number(phonenumbers.parse(number)).lstrip("0")
    if digits == number.removeprefix("+"):
        return 2
    return 1 if digits and digits == national else 0
