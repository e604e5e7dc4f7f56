"""TwiML, which says what a line at Twilio is to do: https://www.twilio.com/docs/voice/twiml."""

import hashlib
import re
from collections.abc import Iterator
from itertools import accumulate, islice, takewhile
from urllib.parse import quote

from django.conf import settings
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from calls.models import Call, TwilioLine
from calls.voip.base import Instruction, InstructionKind
from calls.voip.twilio.addresses import address_of

# What `TwilioLine.told` says beside hashes of instructions.
IN_CONFERENCE = "conference"
ON_HOLD = "hold"
WITH_AGENT = (IN_CONFERENCE, ON_HOLD)

# How much of the hash of what asked for a key comes back with the key.
MARK = 16
# Seconds: until a prompt is said again to who presses no key, and that a message may take.
PROMPT_AGAIN = 8
MESSAGE_SECONDS = 180
# How often the music is played before what a waiting caller is told is said again.
MUSIC_ROUNDS = 3
# Letters of a document that Twilio takes with a request (https://www.twilio.com/docs/api/errors/32018). Where there are
# more it is to ask for the document, which may have 64 kB (11750).
SENT_AT_MOST = 4_000
# Letters, as in a URL, that every voice of Twilio's says at once (13521), and how often a document says as much.
SAID_AT_ONCE = 3_000
PIECES = 12
# What no XML document may have in it. Editors leave such characters in texts that are copied from them.
NOT_XML = re.compile(r"[^\t\n\r -\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")

# The languages that Twilio speaks, by the first part of ours; others are read out in its default.
VOICES = {
    "ar": "arb",
    "ca": "ca-ES",
    "cs": "cs-CZ",
    "da": "da-DK",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "fi": "fi-FI",
    "fr": "fr-FR",
    "it": "it-IT",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "nb": "nb-NO",
    "nl": "nl-NL",
    "no": "nb-NO",
    "pl": "pl-PL",
    "pt": "pt-BR",
    "ro": "ro-RO",
    "ru": "ru-RU",
    "sv": "sv-SE",
    "tr": "tr-TR",
    "zh": "cmn-CN",
}


def conference(line: TwilioLine, *, begins: bool, recorded: bool) -> str:
    """The line joins its call's conference. `begins`: it has not to wait for somebody else, with music, before it
    hears those who are there."""
    document = VoiceResponse()
    dial = Dial()
    recording = {}
    if recorded:
        recording = {
            "record": "record-from-start",
            "recording_status_callback": address_of(line, "recording"),
            "recording_status_callback_event": "completed",
        }
    dial.conference(
        f"{settings.CCAI_SUBDOMAIN}-{line.call_ref}",
        beep="false",
        start_conference_on_enter=begins,
        end_conference_on_exit=False,
        **recording,
    )
    document.append(dial)
    return str(document)


def to_be_asked_for(line: TwilioLine) -> str:
    """The line asks us what it is to do."""
    document = VoiceResponse()
    document.redirect(address_of(line, "document"))
    return str(document)


def hold_music() -> str:
    """The line hears music, and nobody."""
    document = VoiceResponse()
    document.play(settings.CCAI_TWILIO_MUSIC_URL, loop=0)
    return str(document)


def end() -> str:
    """The line is hung up."""
    document = VoiceResponse()
    document.hangup()
    return str(document)


def say_and_end(text: str, lang: str) -> str:
    """The line hears `text`, and is hung up."""
    document = VoiceResponse()
    _say(document, text, lang)
    document.hangup()
    return str(document)


def follow(instruction: Instruction, line: TwilioLine, said: str = "", *, again: bool = False) -> str:
    """The end user's line does as `instruction` says; `again`: as it did before. Where it waits for keys it hears
    `said` first."""
    document = VoiceResponse()
    lang = language_of(line.call_ref)
    if instruction.kind in (InstructionKind.GATHER, InstructionKind.WAIT):
        waits = instruction.kind == InstructionKind.WAIT
        # An empty finish_on_key, so that * and # are keys like others.
        gather = Gather(
            input="dtmf",
            num_digits=1,
            finish_on_key="",
            action=f"{address_of(line, 'key')}?told={mark_of(instruction)[:MARK]}",
            timeout=1 if waits else PROMPT_AGAIN,
        )
        for text in (said, instruction.text, "" if again else instruction.once):
            _say(gather, text, lang)
        if waits:
            gather.play(settings.CCAI_TWILIO_MUSIC_URL, loop=MUSIC_ROUNDS)
        document.append(gather)
        document.redirect(address_of(line, "document"))
        return str(document)
    _say(document, instruction.text, lang)
    if instruction.kind == InstructionKind.RECORD:
        document.record(
            action=address_of(line, "end"),
            max_length=MESSAGE_SECONDS,
            play_beep=True,
            recording_status_callback=address_of(line, "message"),
            recording_status_callback_event="completed",
        )
    elif instruction.kind == InstructionKind.DIAL:
        document.dial(instruction.number)
    document.hangup()
    return str(document)


def mark_of(instruction: Instruction) -> str:
    """What `TwilioLine.told` says of a line that follows `instruction`."""
    said = "\n".join((instruction.kind.value, instruction.number, instruction.text))
    return hashlib.sha256(said.encode()).hexdigest()


def language_of(call_id: int) -> str:
    """The language of the call; "" where nobody knows the call."""
    return Call.objects.filter(pk=call_id).values_list("lang", flat=True).first() or ""


def _say(document: VoiceResponse | Gather, text: str, lang: str) -> None:
    """`text` is read out, where there is any; of one that would take an hour, the beginning."""
    voice = VOICES.get(lang.partition("-")[0].lower())
    for piece in islice(_pieces(NOT_XML.sub(" ", text).strip()), PIECES):
        document.say(piece, **({"language": voice} if voice else {}))


def _pieces(text: str) -> Iterator[str]:
    """`text` in pieces that Twilio says at once, cut between words where there are any."""
    while text:
        sizes = accumulate(len(quote(letter)) for letter in text)
        length = sum(1 for _size in takewhile(lambda size: size <= SAID_AT_ONCE, sizes))
        if length < len(text):
            length = max(text.rfind(" ", 0, length + 1), 0) or length
        yield text[:length]
        text = text[length:].lstrip()
