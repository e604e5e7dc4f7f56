"""Twilio on paper: what it is asked is kept, and answered as a test says; and what it asks of us."""

import json
from itertools import count
from urllib.parse import urlsplit

from django.test import Client
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator

from calls.models import TwilioLine
from calls.voip.sandbox import generate_recording
from calls.voip.twilio import TwilioProvider

TOKEN = "a-token-that-nobody-guesses"
ACCOUNT = "AC" + "0" * 32
PUBLIC = "https://calls.example.com"
NUMBER = "+12025550123"
sids = count(1)


def new_sid(kind="CA"):
    """An id as Twilio makes them."""
    return f"{kind}{next(sids):032x}"


class Paper(TwilioHttpClient):
    """An HTTP client of the SDK that asks nobody."""

    asked: list = []
    answers: list = []
    sounds: list = []

    def request(self, method, url, params=None, data=None, **_more):
        Paper.asked.append((method, urlsplit(url).path, data if method == "POST" else params))
        nothing = {"calls": []} if method == "GET" and url.endswith("/Calls.json") else {}
        answer = Paper.answers.pop(0) if Paper.answers else nothing
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer()
        if isinstance(answer, Response):
            return answer
        if "calls" in answer:
            return Response(200, json.dumps(answer))
        sid = urlsplit(url).path.rpartition("/")[2].removesuffix(".json")
        known = {"sid": sid if sid.startswith("CA") else new_sid(), "status": "queued"}
        return Response(200 if method == "GET" else 201, json.dumps({**known, **answer}))

    def fetch_sound(self, url, auth, into):
        Paper.asked.append(("GET", urlsplit(url).path, None))
        answer = Paper.sounds.pop(0) if Paper.sounds else generate_recording(0.1)
        if isinstance(answer, Exception):
            raise answer
        into.write(answer() if callable(answer) else answer)

    @classmethod
    def clear(cls):
        """Nothing was asked, and nothing is to be answered."""
        cls.asked, cls.answers, cls.sounds = [], [], []

    @classmethod
    def rung(cls):
        """Which numbers and addresses Twilio was to ring, in their order."""
        return [sent["To"] for method, path, sent in cls.asked if method == "POST" and path.endswith("/Calls.json")]

    @classmethod
    def ended(cls):
        """The ids of the lines that were to be hung up."""
        changed = [(path, sent) for method, path, sent in cls.asked if method == "POST" and "/Calls/" in path]
        return {path.rpartition("/")[2].removesuffix(".json") for path, sent in changed if "Status" in sent}

    @classmethod
    def told(cls):
        """The documents that lines were given, in their order."""
        return [sent["Twiml"] for _method, _path, sent in cls.asked if sent and "Twiml" in sent]


class TwilioOnPaper(TwilioProvider):
    """The adapter, with nobody behind it."""

    http_client = Paper


def refused(code, status=400):
    """Twilio says no."""
    return Response(status, json.dumps({"code": code, "message": "+12025550123 is not right", "status": status}))


class Twilio:
    """Twilio, when it asks us: by signed requests, through a proxy that keeps no host name."""

    def __init__(self):
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.through_no_proxy = Client(SERVER_NAME=urlsplit(PUBLIC).hostname)

    def post(self, path, sent, *, token=TOKEN, public=PUBLIC, signature=None):
        """What we answer."""
        if signature is None:
            signature = RequestValidator(token).compute_signature(f"{public}{path}", sent)
        return self.client.post(path, sent, headers={"X-Twilio-Signature": signature})

    def report(self, line, status, what="status", **more):
        """The line has come so far."""
        line.refresh_from_db()
        path = f"/voip/twilio/{line.call_ref}/{line.leg}/{line.attempt}/{what}"
        if what == "key":
            path += f"?told={line.told[:16]}"
        sid = line.sid or more.pop("sid", None) or new_sid()
        return self.post(path, {"CallSid": sid, "AccountSid": ACCOUNT, "CallStatus": status, **more})

    def ask(self, line, what="document", **more):
        """The document for the line."""
        response = self.report(line, "in-progress", what, **more)
        assert response.status_code == 200, response.content
        assert response["Content-Type"].startswith("text/xml")
        return response.content.decode()


def line_of(call_id, leg=0):
    """The last line of the call: the end user's, or any agent's where `leg` is None."""
    lines = TwilioLine.objects.filter(call_ref=call_id)
    lines = lines.exclude(leg=0) if leg is None else lines.filter(leg=leg)
    return lines.order_by("pk").last()
