"""A call told line by line: what happened, when, why, and who did it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from calls.models import CallEvent, FailReason, Offer, Participant, Status, Transfer
from calls.showing import words
from calls.showing.story import Story
from calls.showing.timeline import lasted, name_of
from ccai.admin import duration

OFFER_ENDS: dict[str, Promise] = {
    Offer.Status.DECLINED: gettext_lazy("Declined by %(agents)s"),
    Offer.Status.EXPIRED: gettext_lazy("Not answered in time by %(agents)s"),
    Offer.Status.WITHDRAWN: gettext_lazy("No longer offered to %(agents)s"),
}


@dataclass(frozen=True)
class Line:
    """One line. `status` is set where the call came to one."""

    at: datetime
    since: str  # after the beginning
    what: str
    why: str
    who: str
    status: str = ""


def tell(story: Story) -> list[Line]:
    """Everything that happened in `story`, in the order of time; what came at one moment, as it was decided."""
    lines = [
        *_moves(story),
        *_casts(story),
        *_offers(story),
        *_stays(story),
        *_holds(story),
        *_transfers(story),
        *_deflections(story),
    ]
    return sorted(lines, key=lambda line: line.at)


def _line(story: Story, at: datetime, what: str, *, why: str = "", who: object = "", status: str = "") -> Line:
    seconds = max(0, int((at - story.call.created_at).total_seconds()))
    return Line(at, f"+{duration(seconds)}", what, why, str(who), status)


def _moves(story: Story) -> Iterator[Line]:
    for event in story.events:
        reason = words.why(event)
        if event is story.events[-1] and event.new == Status.FAILED:
            reason = f"{reason} {_why_failed(story)}"
        yield _line(story, event.at, words.what_happened(event), why=reason, who=_who(story, event), status=event.new)


def _why_failed(story: Story) -> str:
    """The reason, and what was said of it."""
    call = story.call
    if not call.fail_details:
        return f"({call.get_fail_reason_display()})"
    return f"({call.get_fail_reason_display()}: {call.fail_details})"


def _who(story: Story, event: CallEvent) -> str:
    """Who did it; the agent by name, where it can be told which."""
    there = [offer.agent for offer in story.offers] + [stay.agent for stay in story.participants if stay.agent]
    if named := next((agent for agent in there if agent.user.email == event.by), None):
        return str(named)
    doer = words.who(event)
    if doer != str(words.AGENT):
        return doer
    for offer in story.offers:
        if offer.status == Offer.Status.ACCEPTED and offer.settled_at == event.at:
            return str(offer.agent)
    on_it = {stay.agent_id: stay.agent for stay in story.participants if stay.agent_id}
    left = {stay.agent_id: stay.agent for stay in story.participants if stay.agent_id and stay.ended_at == event.at}
    for found in (on_it, left):
        if len(found) == 1:
            return str(next(iter(found.values())))
    return doer


def _casts(story: Story) -> Iterator[Line]:
    for cast in story.casts:
        yield _line(story, cast.casting_time, _("Cast to the group %(group)s") % {"group": cast.group}, who=words.CLOCK)


def _offers(story: Story) -> Iterator[Line]:
    """Offers that were made, and that came to nothing, at one moment are one line."""
    made, ended = defaultdict(list), defaultdict(list)
    for offer in story.offers:
        made[offer.offered_at, offer.group, offer.round, offer.transfer_id].append(offer)
        if offer.settled_at and offer.status in OFFER_ENDS:
            ended[offer.settled_at, offer.status].append(offer)
    for (at, group, cast_round, transfer_id), offers in made.items():
        if transfer_id is None:
            why, who = _("Group %(group)s, round %(round)s") % {"group": group, "round": cast_round}, words.CLOCK
        else:
            why, who = _("By a transfer"), words.AGENT
        yield _line(story, at, _("Offered to %(agents)s") % {"agents": _names(offers)}, why=why, who=who)
    for (at, status), offers in ended.items():
        what = str(OFFER_ENDS[status]) % {"agents": _names(offers)}
        why = _("After %(lasted)s") % {"lasted": lasted(offers[0].offered_at, at)}
        yield _line(story, at, what, why=why, who=_names(offers) if status == Offer.Status.DECLINED else words.CLOCK)


def _names(offers: Sequence[Offer]) -> str:
    return ", ".join(dict.fromkeys(str(offer.agent) for offer in offers))


def _stays(story: Story) -> Iterator[Line]:
    """Who came on the line and left it, beside the moves of the call itself."""
    for stay in story.participants:
        who = name_of(stay)
        if stay.connected_at:
            yield _line(story, stay.connected_at, _("%(who)s is on the line") % {"who": who}, who=words.PROVIDER)
        if stay.ended_at and stay.ended_at < story.ends_at:
            why = "" if stay.fail_reason == FailReason.NOTHING else stay.get_fail_reason_display()
            is_agent = stay.type == Participant.Type.AGENT
            by = who if is_agent else words.END_USER
            yield _line(story, stay.ended_at, _("%(who)s left") % {"who": who}, why=why, who=by)


def _holds(story: Story) -> Iterator[Line]:
    for hold in story.holds:
        yield _line(story, hold.started_at, _("Put on hold"), who=hold.agent)
        if hold.ended_at:
            why = _("After %(lasted)s") % {"lasted": lasted(hold.started_at, hold.ended_at)}
            yield _line(story, hold.ended_at, _("Off hold"), why=why, who=hold.agent)


def _transfers(story: Story) -> Iterator[Line]:
    for made in story.transfers:
        source = (made.from_agent or made.from_menu or {}).get("name", "")
        target = (made.to_agent or made.to_menu or {}).get("name", "")
        what = _("Is being handed on to %(target)s") % {"target": target}
        yield _line(story, made.created_at, what, why=made.get_kind_display(), who=source)
        if made.ended_at is None:
            continue
        if made.status == Transfer.Status.FAILED:
            what, why = _("Not handed on to %(target)s"), made.get_fail_reason_display()
        else:
            what, why = _("Handed on to %(target)s"), ""
        yield _line(story, made.ended_at, what % {"target": target}, why=why, who=source)


def _deflections(story: Story) -> Iterator[Line]:
    """What each menu gave instead, at the moment of the deflection."""
    moments = [event.at for event in story.events if event.new == Status.DEFLECTED] or [story.call.created_at]
    for detail in story.deflections:
        place = (detail.from_menu_path or {}).get("name", "")
        yield _line(story, moments[-1], detail.get_deflection_display(), why=place, who=words.CLOCK)
