"""What the page of a call says of it beside its story: facts in groups, each a label and what is known.

End users' names, numbers and identifiers are masked for who may not see them; what they wrote, and programs say of
them, is hidden.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents.models import User
from calls.admin.call_parts import COLOURS, fail_reason, snapshot_name
from calls.crm import crm
from calls.models import Call, CrmComment, Deflection, DisconnectedBy, Status, VoicemailReason
from calls.showing.links import contact_address, web_address
from calls.showing.story import Story
from calls.showing.waited import FIELDS, waited
from ccai.admin import clock_time, duration, label
from ccai.personal import HIDDEN, masked_text, sees_personal_data, shown_number

LINK = "text-primary-600 dark:text-primary-500"
FLAGS: tuple[tuple[str, Promise], ...] = (
    ("verified_customer", gettext_lazy("verified customer")),
    ("repeat_customer", gettext_lazy("repeat customer")),
    ("bad_actor", gettext_lazy("bad actor")),
)
Fact = tuple[str, Any]


@dataclass(frozen=True)
class Reader:
    """Who reads the page, and what they may see."""

    personal_data: bool
    end_users: bool
    agents: bool
    menus: bool


def reader_of(user: User | AnonymousUser) -> Reader:
    """What `user` may see."""
    return Reader(
        personal_data=sees_personal_data(user),
        end_users=user.has_perm("calls.view_enduser"),
        agents=user.has_perm("agents.view_agent"),
        menus=user.has_perm("menus.view_menu"),
    )


def facts_of(story: Story, reader: Reader) -> list[tuple[str, list[Fact]]]:
    """The groups that have anything to say, with what they say."""
    call = story.call
    groups = (
        (_("Call"), _about(story, reader)),
        (_("Times"), _times(story)),
        (_("Outcome"), _outcome(call, reader)),
        (_("Line"), _line(call)),
    )
    return [(str(name), [fact for fact in facts if fact[1] not in (None, "")]) for name, facts in groups]


def status_label(call: Call) -> SafeString:
    """Where `call` stands, on its coloured ground."""
    return label(call.get_status_display(), COLOURS[Status(call.status)])


def call_link(call: Call) -> SafeString:
    """The id of `call`, which leads to its page."""
    return link(reverse("admin:calls_call_change", args=[call.pk]), f"#{call.pk}")


def link(address: str, text: Any) -> SafeString:
    """`text`, which leads to `address`, a page of ours."""
    return format_html('<a class="{}" href="{}">{}</a>', LINK, address, text)


def away(address: str, text: str) -> SafeString | str:
    """`text`, which leads to `address`, a page of the CRM; where there is none, `text` as it is."""
    if not address:
        return text
    return format_html('<a class="{}" href="{}" target="_blank" rel="noopener noreferrer">{}</a>', LINK, address, text)


def ticket(call: Call) -> SafeString | str | None:
    """The id of the CRM's record, which leads to it where its address is one of the web."""
    return away(web_address(call.out_ticket_url), call.out_ticket_id) if call.out_ticket_id else None


def end_user(call: Call, reader: Reader) -> SafeString | str | None:
    """Who is called or calls: the name, which leads to the person, and what else is known of them."""
    person = call.end_user
    if person is None:
        return None
    clear = reader.personal_data
    shown = person.name if clear else masked_text(person.name)
    shown = shown or shown_number(person.number, clear=clear) or str(person.pk)
    if reader.end_users:
        shown = link(reverse("admin:calls_enduser_change", args=[person.pk]), shown)
    known = [person.out_contact_id, person.identifier]
    others: list[Any] = [one if clear else masked_text(one) for one in known if one]
    if clear and person.out_contact_id:
        others[0] = away(contact_address(person), person.out_contact_id)
    if not others:
        return shown
    return format_html("{} ({})", shown, format_html_join(", ", "{}", [(one,) for one in others]))


def number(call: Call, reader: Reader) -> SafeString | str | None:
    """The end user's number; for who may see it, with a way to all its calls."""
    shown = shown_number(call.end_user_number, clear=reader.personal_data)
    if not shown or not reader.personal_data:
        return shown
    query = urlencode({"q": call.end_user_number})
    calls = link(f"{reverse('admin:calls_call_changelist')}?{query}", _("all calls"))
    return format_html('<span class="whitespace-nowrap">{}</span> · {}', shown, calls)


def parameters(call: Call, reader: Reader) -> SafeString | None:
    """The data parameters, one a line, as JSON; their values are masked with personal data."""
    if not call.data_parameters:
        return None
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False) if reader.personal_data else HIDDEN}"
        for key, value in call.data_parameters.items()
    ]
    return format_html('<span class="as-written">{}</span>', "\n".join(lines))


def comments(story: Story) -> SafeString:
    """What the CRM's record was told of the call, or is to be told, one a line."""
    return format_html_join(
        mark_safe("<br>"), "{}: {}", [(one.get_occasion_display(), _fate(one)) for one in story.comments]
    )


def _fate(comment: CrmComment) -> str:
    """Whether the CRM has `comment`, and why not."""
    if comment.posted_at is not None:
        return _("told at %(time)s") % {"time": localtime(comment.posted_at).strftime("%Y-%m-%d %H:%M:%S")}
    if comment.is_given_up:
        return _("not told, and given up. %(error)s") % {"error": comment.error}
    if comment.error:
        sentence = ngettext(
            "not told yet, after %(tries)d try. %(error)s",
            "not told yet, after %(tries)d tries. %(error)s",
            comment.attempts,
        )
        return sentence % {"tries": comment.attempts, "error": comment.error}
    return _("not told yet")


def _about(story: Story, reader: Reader) -> list[Fact]:
    call = story.call
    menu = snapshot_name(call.menu_path)
    if menu and call.menu_id and reader.menus:
        menu = link(reverse("admin:menus_menu_change", args=[call.menu_id]), menu)
    agent: Any = str(call.agent) if call.agent else None
    if agent and reader.agents:
        agent = link(reverse("admin:agents_agent_change", args=[call.agent_id]), agent)
    queue = str(call.queue) if call.queue and call.queue_id != call.menu_id else None
    return [
        (_("End user"), end_user(call, reader)),
        (_("Number"), number(call, reader)),
        (_("Menu"), menu),
        (_("Queue"), queue),
        (_("Agent"), agent),
        (_("Language"), call.lang),
        (_("Ticket"), ticket(call)),
        (_("Comments on the ticket"), comments(story)),
        (_("Parent"), call_link(call.parent) if call.parent else None),
        (_("Data parameters"), parameters(call, reader)),
    ]


def _times(story: Story) -> list[Fact]:
    call = story.call
    return [
        (_("Created"), clock_time(call.created_at)),
        (_("Scheduled for"), clock_time(call.scheduled_at)),
        (_("Waits"), _for_the_crm(story)),
        (_("Queued"), clock_time(call.queued_at)),
        (_("Assigned"), clock_time(call.assigned_at)),
        (_("Connected"), clock_time(call.connected_at)),
        (_("Ended"), clock_time(call.ends_at)),
        (_("Waited"), duration(waited({name: getattr(call, name) for name in FIELDS}, story.at))),
        (_("Talked"), duration(call.call_duration) if call.connected_at and call.ends_at else None),
        (_("On hold"), duration(call.hold_duration) if story.holds else None),
    ]


def _for_the_crm(story: Story) -> SafeString | None:
    """Why a scheduled call is still scheduled though its time has come. Of the built-in CRM nobody has to wait for an
    answer."""
    call = story.call
    is_due = call.status == Status.SCHEDULED and call.scheduled_at is not None and call.scheduled_at <= story.at
    if not is_due or call.ask_crm_at is None or crm().is_local:
        return None
    sentence = _("It is due; the CRM has not said yet whether the ticket is open. Asked again at {time}.")
    return format_html(sentence, time=clock_time(call.ask_crm_at) or "")


def _outcome(call: Call, reader: Reader) -> list[Fact]:
    flags = [str(name) for flag, name in FLAGS if getattr(call, flag)]
    is_deflected = call.deflection != Deflection.NO_DEFLECTION
    has_message = call.voicemail_reason != VoicemailReason.NOT_VOICEMAIL
    has_end = call.ends_at is not None and call.disconnected_by != DisconnectedBy.UNKNOWN
    return [
        (_("Failed"), fail_reason(call)),
        (_("Details"), call.fail_details),
        (_("Ended by"), call.get_disconnected_by_display() if has_end else None),
        (_("Deflection"), call.get_deflection_display() if is_deflected else None),
        (_("Voicemail"), call.get_voicemail_reason_display() if has_message else None),
        (_("Disposition"), str(call.disposition) if call.disposition else None),
        (_("Flags"), ", ".join(flags)),
        (_("Rating"), _stars(call.rating)),
        (_("Feedback"), call.feedback if reader.personal_data or not call.feedback else HIDDEN),
    ]


def _stars(rating: int | None) -> SafeString | None:
    if rating is None:
        return None
    said = _("%(rating)s of 5") % {"rating": rating}
    return format_html('<span role="img" aria-label="{}">{}</span> {}', said, "★" * rating + "☆" * (5 - rating), said)


def _line(call: Call) -> list[Fact]:
    return [
        (_("Provider"), call.voip_provider),
        (_("Provider's call id"), call.voip_ref),
        (_("Number called"), shown_number(call.support_number, clear=True)),
        (_("Number shown"), shown_number(call.outbound_number, clear=True)),
        (_("Answered"), call.get_answer_type_display() if call.assigned_at and call.queue_id else None),
        (_("To be recorded"), _("Yes") if call.recorded else _("No")),
        (_("Permission"), call.get_recording_permission_display() if call.recording_permission != "not_asked" else ""),
        (_("Provider silent since"), clock_time(call.unheard_since)),
    ]


def children(story: Story) -> SafeString:
    """The calls that came of this one, with where they stand."""
    return format_html_join(
        mark_safe(" "),
        '<span class="whitespace-nowrap">{} {}</span>',
        ((call_link(child), status_label(child)) for child in story.children),
    )
