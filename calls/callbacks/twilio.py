"""What Twilio reports and asks. Nothing here asks Twilio anything: what is to be asked of it is ordered.

Each request is signed; one that is not is 403, and writes nothing. One of a line nobody knows is 404.
"""

import logging
import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotFound
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from calls import orders
from calls.crm import pausing
from calls.models import Call, Hold, Participant, Status, TwilioLine, TwilioRecording, VoipOrder
from calls.services import apply_voip_event, phone
from calls.voip.base import VoipEvent, VoipEventKind
from calls.voip.twilio import documents, lines, reports
from calls.voip.twilio.addresses import NAME, is_signed
from ccai.phones import parse_phone
from ccai.times import now
from menus.models import Menu

log = logging.getLogger(__name__)

KEYS = frozenset("0123456789*#")
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
RECORDING_SID = re.compile(r"RE[0-9a-fA-F]{32}")
# What Twilio gives for the number of a caller who hides it: such a word, on the keys of a phone, after a +.
ON_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
HIDDEN = frozenset(
    f"+{word.translate(ON_KEYS)}"
    for word in ("ANONYMOUS", "BLOCKED", "PRIVATE", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")
)
# Where an agent's line, and the end user's with it, belongs in the conference.
IN_CONFERENCE = (Status.CONNECTING, Status.CONNECTED)
# With these every line of the call is to be over.
LAST = (VoipEventKind.FAILED, VoipEventKind.ENDED)
SIGNED_OTHERWISE = gettext_noop(
    "Twilio signs what it sends with another token than CCAI_TWILIO_AUTH_TOKEN, or for another address than"
    " CCAI_PUBLIC_URL."
)

View = Callable[..., HttpResponse]


def signed(view: View) -> View:
    """`view`, for requests that Twilio has signed; 403 for all others."""

    @wraps(view)
    def verified(request: HttpRequest, **which: Any) -> HttpResponse:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not is_signed(_asked_for(request), request.POST, signature):
            if signature and request.POST.get("AccountSid") == settings.CCAI_TWILIO_ACCOUNT_SID:
                _say_unsigned(int(now().timestamp()) // 60)
            return HttpResponseForbidden()
        return view(request, **which)

    return csrf_exempt(require_POST(verified))


@signed
def line_status(request: HttpRequest, call_id: int, leg: int, attempt: int) -> HttpResponse:
    """A line that we asked for has come farther."""
    with transaction.atomic():
        found = _find(request, call_id, leg, attempt)
        if found is None:
            return _unknown(call_id)
        _take_report(request, *found)
    return HttpResponse(status=204)


@signed
def line_document(request: HttpRequest, call_id: int, leg: int, attempt: int) -> HttpResponse:
    """What a line is to do, which is as good as a report that it is up."""
    with transaction.atomic():
        found = _find(request, call_id, leg, attempt)
        if found is None:
            return _unknown(call_id)
        call, line = found
        _take_report(request, call, line)
        return _twiml(_document(call, line))


@signed
def key_pressed(request: HttpRequest, call_id: int, leg: int, attempt: int) -> HttpResponse:
    """The end user has pressed a key; the line does what follows from it. A key for what the line does no more, as one
    that Twilio reports again, counts for nothing."""
    with transaction.atomic():
        found = _find(request, call_id, leg, attempt)
        if found is None:
            return _unknown(call_id)
        call, line = found
        key = request.POST.get("Digits", "")[:1]
        told = request.GET.get("told", "")
        is_for_this = len(told) == documents.MARK and line.told.startswith(told)
        said = ""
        if key in KEYS and is_for_this and not line.leg and lines.is_newest(line):
            said = phone.answer_to_key(call, key)
            apply_voip_event(VoipEvent(VoipEventKind.KEY_PRESSED, call.pk, NAME, now(), key=key))
        return _twiml(_document(call, line, said))


@signed
def line_end(request: HttpRequest, call_id: int, leg: int, attempt: int) -> HttpResponse:
    """A message is recorded: the line is hung up."""
    return _twiml(documents.end())


@signed
def recording_ready(
    request: HttpRequest, call_id: int, leg: int, attempt: int, *, is_message: bool = False
) -> HttpResponse:
    """A recording can be fetched, which a worker does. It is kept once."""
    sid = request.POST.get("RecordingSid", "")
    if not RECORDING_SID.fullmatch(sid) or not lines.of_call(NAME, call_id).filter(leg=leg, attempt=attempt).exists():
        return _unknown(call_id)
    if request.POST.get("RecordingStatus", "completed") == "completed":
        TwilioRecording.objects.get_or_create(
            sid=sid, defaults={"provider": NAME, "call_ref": call_id, "is_message": is_message}
        )
    return HttpResponse(status=204)


@signed
def call_came_in(request: HttpRequest, menu_id: int) -> HttpResponse:
    """Somebody calls one of our numbers, which is for that IVR menu: the call begins, once, and hears the menu."""
    sid, given = request.POST.get("CallSid", ""), request.POST.get("From", "")
    number = None if given in HIDDEN else parse_phone(given)
    menu = Menu.objects.filter(pk=menu_id, menu_type=Menu.MenuType.IVR, deleted=False).first()
    if menu is None:
        _say_no_menu(menu_id)
        return HttpResponseNotFound()
    if not CALL_SID.fullmatch(sid):
        return _unknown(0)
    lang = phone.choose_language(menu)
    if number is None:
        log.info("menu %s: a caller who hides their number was turned away", menu_id)
        with translation.override(lang):
            sentence = _("We cannot take calls from hidden numbers. Please call again, and let us see yours.")
        return _twiml(documents.say_and_end(sentence, lang))
    known = TwilioLine.objects.filter(sid=sid)
    if not known.exists():
        try:
            _answer(sid, number, menu, request.POST.get("To", ""))
        except IntegrityError:
            # Asked twice at once: the other has answered.
            if not known.exists():
                raise
    with transaction.atomic():
        line = known.get()
        call = _lock(line.call_ref)
        return _unknown(line.call_ref) if call is None else _twiml(_document(call, line))


@signed
def number_status(request: HttpRequest) -> HttpResponse:
    """A line that came in has come farther: the number's own status callback, which knows of no call of ours."""
    line = TwilioLine.objects.filter(provider=NAME, sid=request.POST.get("CallSid", "") or "-").first()
    if line is None:
        return _unknown(0)
    with transaction.atomic():
        call = _lock(line.call_ref)
        if call is None:
            return _unknown(line.call_ref)
        line.refresh_from_db()
        _take_report(request, call, line)
    return HttpResponse(status=204)


def _asked_for(request: HttpRequest) -> str:
    """The path and the query of the request as they came, letter by letter, since these are signed."""
    query: str = request.META.get("QUERY_STRING", "")
    if isinstance(request, WSGIRequest):
        # WSGI has each byte as a letter.
        query = query.encode("latin-1").decode(errors="replace")
    return f"{request.path}?{query}" if query else request.path


def _answer(sid: str, number: str, menu: Menu, dialled: str) -> None:
    """The caller's line, and its call, are in our books."""

    def begun(call: Call) -> None:
        TwilioLine.objects.create(
            provider=NAME,
            call_ref=call.pk,
            sid=sid,
            state=TwilioLine.State.UP,
            to_number=number,
            from_number=dialled[:200],
            answered_at=now(),
        )

    phone.answer_phone(number=number, menu=menu, provider=NAME, support_number=parse_phone(dialled) or "", begun=begun)


def _find(request: HttpRequest, call_id: int, leg: int, attempt: int) -> tuple[Call, TwilioLine] | None:
    """The line, which is Twilio's `CallSid` from now on, and its call, locked; None where there is no such line."""
    call = _lock(call_id)
    line = lines.of_call(NAME, call_id).filter(leg=leg, attempt=attempt).first()
    sid = request.POST.get("CallSid", "")
    if call is None or line is None or not CALL_SID.fullmatch(sid) or not lines.adopt(line, sid):
        return None
    return call, line


def _lock(call_id: int) -> Call | None:
    """The call, for this transaction alone; None where it is gone."""
    return Call.objects.select_for_update(of=("self",)).filter(pk=call_id).first()


def _take_report(request: HttpRequest, call: Call, line: TwilioLine) -> None:
    """What the request says of the line is what holds. Where the call is over with that, its other lines are ended."""
    for event in reports.events_of(call, line, request.POST.dict(), now()):
        changed = apply_voip_event(event)
        if changed and event.kind in LAST and reports.others_live(line):
            orders.give(call, VoipOrder.Kind.HANG_UP, provider=NAME)
        if changed and event.kind == VoipEventKind.AGENT_ANSWERED:
            _bring_together(call)


def _bring_together(call: Call) -> None:
    """An agent has answered. Where the end user's line is up, and could not be told yet, it is told to join them."""
    line = lines.newest(NAME, call.pk)
    if line is not None and line.state == TwilioLine.State.UP and line.told not in documents.WITH_AGENT:
        orders.give(call, VoipOrder.Kind.RESUME, provider=NAME)


def _document(call: Call, line: TwilioLine, said: str = "") -> str:
    """What `line` is to do now, of the locked call; it hears `said` before. One that nobody wants is hung up."""
    call.refresh_from_db()
    if not lines.is_newest(line) or call.voip_provider != NAME:
        return documents.end()
    living = lines.living(NAME, call.pk).filter(state=TwilioLine.State.UP)
    if line.leg:
        stays = Participant.objects.filter(pk=line.leg, call=call, ended_at=None).exists()
        if not stays or call.status not in IN_CONFERENCE:
            return documents.end()
        return documents.conference(line, begins=living.filter(leg=0).exists(), recorded=call.recorded)
    if call.status in IN_CONFERENCE:
        if Hold.objects.filter(call=call, ended_at=None).exists():
            lines.note_told(line, documents.ON_HOLD)
            return documents.hold_music()
        lines.note_told(line, documents.IN_CONFERENCE)
        return documents.conference(line, begins=living.exclude(leg=0).exists(), recorded=call.recorded)
    instruction = phone.current_instruction(call)
    if instruction is None:
        return documents.end()
    mark = documents.mark_of(instruction)
    lines.note_told(line, mark)
    return documents.follow(instruction, line, said, again=line.told == mark)


def _twiml(document: str) -> HttpResponse:
    return HttpResponse(document, content_type="text/xml; charset=utf-8")


def _unknown(call_id: int) -> HttpResponse:
    """404. The log says so once for each call."""
    _say_unknown(call_id)
    return HttpResponseNotFound()


@lru_cache(maxsize=1_000)
def _say_unknown(call_id: int) -> None:
    log.warning("Twilio reports of call %s, of which there is no such line here", call_id or "(not ours)")


@lru_cache(maxsize=1)
def _say_unsigned(_minute: int) -> None:
    """Once a minute, in the log and on the admin's first page: the calls behind these requests are lost."""
    log.warning("%s This is %s", SIGNED_OTHERWISE, settings.CCAI_PUBLIC_URL)
    pausing.complain(f"voip:{NAME}", SIGNED_OTHERWISE)


@lru_cache(maxsize=1_000)
def _say_no_menu(menu_id: int) -> None:
    log.warning("Twilio has calls for menu %s, which is no IVR menu here: look at its numbers' addresses", menu_id)


LINE = "<int:call_id>/<int:leg>/<int:attempt>/"

urlpatterns = [
    path(f"{LINE}status", line_status),
    path(f"{LINE}document", line_document),
    path(f"{LINE}key", key_pressed),
    path(f"{LINE}end", line_end),
    path(f"{LINE}recording", recording_ready),
    path(f"{LINE}message", recording_ready, {"is_message": True}),
    path("inbound/<int:menu_id>", call_came_in),
    path("status", number_status),
]
