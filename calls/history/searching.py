"""What a search means: the same few digits may be a call, a ticket, or the end of a phone number.

Every meaning is a condition that an index serves. What nothing meets is dropped, and what remains is said above the
list, so that nobody wonders why a call is in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, models
from django.db.models import Exists, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from agents.models import Agent
from calls.models import Call, EndUser
from ccai.admin import is_id
from ccai.api.parsing import has_unstorable_text
from ccai.personal import shown_number
from ccai.phones import in_any_country, parse_phone

# How many people a name may stand for; more are said, and not searched.
MOST_PEOPLE = 200
FEWEST_DIGITS = 3
NUMBER = re.compile(r"[0-9 +().\-/]+", re.ASCII)
# A mark before the end of a number: … or three dots or *.
ENDING = re.compile(r"(?:…|\.{2,3}|\*)\s*(?=[0-9])")
BACKWARDS = "backwards"  # the name of an annotation


class Place(models.TextChoices):
    """Where a search looks."""

    ANYWHERE = "", "anywhere"
    NUMBER = "number", "number"
    TICKET = "ticket", "ticket"
    END_USER = "user", "end user"
    AGENT = "agent", "agent"
    CALL = "call", "call"


@dataclass(frozen=True)
class Meaning:
    """One thing that a search may mean, in words that follow "calls", and what calls meet it: any of `conditions`.

    Without conditions no call does.
    """

    words: str
    conditions: tuple[Q, ...]


class Backwards(Func):
    """A text written backwards, as the index `calls_by_end_of_number` has it."""

    function = "reverse"
    output_field = TextField()


def searchable(calls: models.QuerySet[Call]) -> models.QuerySet[Call]:
    """`calls` such that the conditions of a meaning can be put to them."""
    if connection.vendor == "postgresql":
        return calls.alias(**{BACKWARDS: Backwards(F("end_user_number"))})
    return calls


def ends_in(digits: str) -> Q:
    """Calls with a number that ends in `digits`."""
    if connection.vendor == "postgresql":
        return Q(**{f"{BACKWARDS}__startswith": digits[::-1]})
    return Q(end_user_number__endswith=digits)


def meanings_of(term: str, place: str, *, clear: bool) -> list[Meaning]:
    """What `term` may mean when it is looked for in `place`, the most exact first.

    Without `clear`, which is the permission to see personal data, end users are found by their whole number alone,
    with its country code or without.
    ValidationError where it cannot mean anything.
    """
    if has_unstorable_text(term):
        raise ValidationError(_("Nothing can be called that. Write it without invisible characters."))
    everywhere = place == Place.ANYWHERE
    found: list[Meaning] = []
    if (everywhere and is_id(term.removeprefix("#"))) or place == Place.CALL:
        found += meanings_as_call(term)
    if (everywhere and not term.startswith("#")) or place == Place.TICKET:
        found.append(Meaning(_("about ticket %(ticket)s") % {"ticket": term}, (Q(out_ticket_id=term),)))
    if (everywhere and may_be_number(term)) or place == Place.NUMBER:
        found += meanings_as_number(term, clear=clear, alone=place == Place.NUMBER or bool(ENDING.match(term)))
    if place == Place.END_USER and not clear:
        raise ValidationError(_("You may not see who called, and so cannot search for end users."))
    if clear and (everywhere or place == Place.END_USER):
        found.append(meaning_as_end_user(term))
    if everywhere or place == Place.AGENT:
        found.append(meaning_as_agent(term))
    return found


def meanings_as_call(term: str) -> list[Meaning]:
    """The call of that id."""
    digits = term.removeprefix("#").strip()
    if not is_id(digits):
        raise ValidationError(_("A call's id is a number: write digits alone."))
    return [Meaning(_("with the id %(id)s") % {"id": digits}, (Q(pk=int(digits)),))]


def may_be_number(term: str) -> bool:
    """True where `term` could be a phone number or the end of one."""
    return bool(NUMBER.fullmatch(ENDING.sub("", term, count=1)))


def meanings_as_number(term: str, *, clear: bool, alone: bool) -> list[Meaning]:
    """The calls with that number; or, for those who may see numbers, with numbers that end so.

    With or without `+`, a country code, or a leading zero. `alone` where nothing but a number can be meant: then what
    is too short is refused.
    """
    is_ending = bool(ENDING.match(term))
    rest = ENDING.sub("", term, count=1)
    digits = "".join(filter(str.isdigit, rest)) if may_be_number(term) else ""
    if len(digits) < FEWEST_DIGITS:
        if alone:
            raise ValidationError(_("Write at least three digits of the number."))
        return []
    found = []
    if not is_ending and not clear and not rest.startswith("+"):
        return [meaning_as_whole_number(rest, digits)]
    if not is_ending:
        plus = rest if rest.startswith("+") else f"+{digits.lstrip('0')}"
        number = parse_phone(plus) or f"+{digits}"
        said = shown_number(number, clear=True) if parse_phone(number) else number
        found.append(Meaning(_("with the number %(number)s") % {"number": said}, (Q(end_user_number=number),)))
    if not clear:
        if is_ending:
            raise ValidationError(
                _("You may not see numbers, and so can search for whole ones only. Write it with the country code.")
            )
        return found
    if is_ending or not rest.startswith("+"):
        # A national number is written with a zero in front that the international one does not have.
        national = digits.lstrip("0") if not is_ending and len(digits.lstrip("0")) >= FEWEST_DIGITS else digits
        endings = dict.fromkeys((digits, national))
        words = _("with a number that ends in %(digits)s") % {"digits": digits}
        found.append(Meaning(words, tuple(ends_in(ending) for ending in endings)))
    return found


def meaning_as_whole_number(said: str, digits: str) -> Meaning:
    """The calls with the number that is written so, with its country code or without."""
    international = parse_phone(f"+{digits.lstrip('0')}")
    numbers = [*([international] if international else []), *in_any_country(digits)]
    words = _("with the whole number %(number)s (finding numbers by their ends needs the permission to see them)")
    conditions = tuple(Q(end_user_number=number) for number in dict.fromkeys(numbers))
    return Meaning(words % {"number": said.strip()}, conditions)


def meaning_as_end_user(term: str) -> Meaning:
    """The calls of people with that identifier or contact of the CRM, or whose name has all words of `term` in it."""
    exactly = Q(identifier=term) | Q(out_contact_id=term)
    named = Q()
    for word in term.split():
        named &= Q(name__icontains=word)
    # Digits are no name, and are asked for often.
    wanted = exactly if may_be_number(term) else exactly | named
    words = _("of an end user known as %(name)s") % {"name": term}
    return meaning_of_people("end_user_id", EndUser.objects.filter(wanted), words)


def meaning_as_agent(term: str) -> Meaning:
    """The calls of agents with that e-mail address, or a part of it, or that agent number or name."""
    wanted = Q(agent_number=term)
    if is_whole_address(term):
        wanted |= Q(user__email__iexact=term)
    elif not may_be_number(term):
        wanted |= Q(user__email__icontains=term) | Q(name__icontains=term)
    agents = Agent.objects.alias(name=Concat("user__first_name", Value(" "), "user__last_name")).filter(wanted)
    return meaning_of_people("agent_id", agents, _("of an agent known as %(name)s") % {"name": term})


def is_whole_address(term: str) -> bool:
    """True where `term` is an e-mail address, from its beginning to its end."""
    try:
        validate_email(term)
    except ValidationError:
        return False
    return True


def meaning_of_people(column: str, people: QuerySet, words: str) -> Meaning:
    """The calls whose `column` is one of `people`, the first 200 of them."""
    ids = list(people.order_by().values_list("pk", flat=True)[: MOST_PEOPLE + 1])
    if len(ids) > MOST_PEOPLE:
        del ids[MOST_PEOPLE:]
        words = _("%(words)s (only the first %(most)d people of that name)") % {"words": words, "most": MOST_PEOPLE}
    return Meaning(words, tuple(Q(**{column: pk}) for pk in ids))


def met(calls: models.QuerySet[Call], meanings: Iterable[Meaning]) -> list[Meaning]:
    """Those of `meanings` that some of `calls` meet; one statement, whatever there is to be asked."""
    meanings = [meaning for meaning in meanings if meaning.conditions]
    if not meanings:
        return []
    asked = {f"meaning_{number}": Exists(narrowed(calls, meaning)) for number, meaning in enumerate(meanings)}
    answer = Call.objects.order_by().values(**asked).first() or {}
    return [meaning for number, meaning in enumerate(meanings) if answer.get(f"meaning_{number}")]


def narrowed(calls: models.QuerySet[Call], meaning: Meaning) -> models.QuerySet[Call]:
    """The `calls` that meet `meaning`."""
    wanted = Q()
    for condition in meaning.conditions:
        wanted |= condition
    return searchable(calls).filter(wanted)
