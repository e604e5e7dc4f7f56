"""What Zendesk is asked, and what is made of its answers."""

import gzip
import json
import logging
import socket
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from calls.crm import crm, pausing
from calls.crm.base import CrmContact, CrmTicket, CrmUnavailable, NotAsked
from calls.crm.http import MAX_BODY
from calls.crm.zendesk import likeness, read_wait
from calls.models import Call
from ccai.times import now

TICKET = "/api/v2/tickets/76518.json"
# Seconds that a question may take in tests of slow servers.
SHORT = 0.4


class TestTickets:
    def test_a_ticket_has_its_requester_with_the_numbers_that_can_be_dialled(self, ask, zendesk):
        phones = ("+12051234567", "+12051234568")
        contact = CrmContact("381630957514", "Ann Bee", phones)
        assert ask.find_ticket("76517") == CrmTicket("76517", f"{zendesk.url}/agent/tickets/76517", contact)
        assert {request.login for request in zendesk.requests} == {"kim@example.com/token:s3cr3t-t0k3n"}
        assert zendesk.asked() == ["GET /api/v2/tickets/76517.json", "GET /api/v2/users/381630957514/identities.json"]

    def test_numbers_without_a_country_are_of_the_centers_where_it_says_which(self, ask, settings):
        settings.CCAI_ZENDESK_COUNTRY = "US"
        assert ask.find_ticket("76517").contact.phones == ("+12051234567", "+12051234568", "+12051234560")

    def test_a_requester_who_does_not_come_along_is_asked_for(self, ask, settings, zendesk):
        settings.CCAI_ZENDESK_OAUTH_TOKEN, settings.CCAI_ZENDESK_TOKEN = "oauth-t0k3n", ""
        assert ask.find_ticket("76518").contact == CrmContact("381630957515", "Bob Cee", ("+12051234570",))
        assert {request.login for request in zendesk.requests} == {"oauth-t0k3n"}

    def test_a_name_that_cannot_be_kept_is_kept_as_far_as_it_can(self, ask, zendesk):
        ann = {"id": 7, "name": "A\ud800n\0n", "phone": None}
        zendesk.answer("/api/v2/tickets/9.json", body={"ticket": {"id": 9, "requester_id": 7}, "users": [ann]})
        assert ask.find_ticket("9").contact == CrmContact("7", "Ann", ())

    def test_closed_is_closed_and_nobody_is_no_contact(self, ask):
        assert ask.find_ticket("76519").closed
        assert not ask.find_ticket("76518").closed
        assert [ask.find_ticket(name).contact for name in ("76520", "76521")] == [None, None]
        assert ask.find_ticket("76522").contact.phones == ()
        assert ask.find_ticket("76523") is None
        assert ask.find_ticket("99999") is None

    @pytest.mark.parametrize("name", ["", "0", "076517", "76517/../users/1", "76517?x", "seven", "-1", "٣", "9" * 25])
    def test_what_is_no_id_is_no_ticket_and_nobody_is_asked(self, ask, zendesk, name):
        assert ask.find_ticket(name) is None
        assert zendesk.asked() == []

    def test_closed_tickets_are_asked_for_together(self, ask, zendesk):
        assert ask.closed_tickets(["76519", "76518", "none", "76519"]) == {"76519"}
        assert [request.query for request in zendesk.requests] == [{"ids": "76518,76519"}]
        assert ask.closed_tickets([]) == set()


class TestContacts:
    def test_a_number_is_its_owners_then_that_of_the_longest_known(self, ask):
        assert ask.find_contact("+12025550123") == CrmContact("403", "Gus Written", ("+12025550123",))

    def test_a_number_without_a_country_will_do_where_nobody_has_it_with_one(self, ask, settings):
        assert ask.find_contact("+12025550127").out_contact_id == "407"
        settings.CCAI_ZENDESK_COUNTRY = "DE"
        assert ask.find_contact("+12025550127") is None

    def test_the_other_numbers_of_people_count_too(self, ask):
        assert ask.find_contact("+12025550124").out_contact_id == "405"

    def test_nobody_has_a_number_because_its_end_is_alike(self, ask):
        assert ask.find_contact("+12025550125") is None
        assert ask.find_contact("+12025550126") is None

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+12025550123", 2), ("+1 (202) 555-0123", 2), ("+1.202.555.0123", 2), ("12025550123", 2),
            ("001 202 555 0123", 2), ("202-555-0123", 1), ("(202) 555 0123", 1), ("02025550123", 1),
            ("+442025550123", 0), ("+12025550123x5", 0), ("2025550123 ext 5", 0), ("555-0123", 0), ("", 0),
            ("+", 0), ("1" * 500, 0),
        ],
    )  # fmt: skip
    def test_spellings(self, text, expected):
        assert likeness(text, "+12025550123") == expected


def raw(head, body=b""):
    return {"raw": head + b"\r\nContent-Type: application/json\r\n\r\n" + body}


LIES = {
    "html": {"body": b"<html><body>Maintenance</body></html>", "headers": {"Content-Type": "text/html"}},
    "no words": {"body": b""},
    "a list": {"body": [1, 2]},
    "another ticket": {"body": {"ticket": {"id": 1, "requester_id": None}}},
    "a ticket that is a list": {"body": {"ticket": [76518]}},
    "an id that is text": {"body": {"ticket": {"id": "76518"}}},
    "an id that is true": {"body": {"ticket": {"id": 76518, "requester_id": True}}},
    "users that are none": {"body": {"ticket": {"id": 76518, "requester_id": 7}, "users": {"7": 1}}},
    "deep": {"body": b"[" * 200_000},
    "a number of 5000 digits": {"body": b'{"ticket": ' + b"9" * 5_000 + b"}"},
    "too large": {"body": b'{"ticket": "' + b"x" * MAX_BODY + b'"}'},
    "compressed": {"body": gzip.compress(b"{}"), "headers": {"Content-Encoding": "gzip"}},
    "500": {"status": 500, "body": {"error": "oh +12025550123"}},
    "403": {"status": 403, "body": {"error": "Forbidden"}},
    "401": {"status": 401, "body": {"error": "Couldn't authenticate you"}},
    "502": {"status": 502, "body": b"<html>Bad gateway</html>"},
    "204": {"status": 204},
    "cut off": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500", b'{"ticket": {'),
    "chunks that are none": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"zz\r\n"),
    "not HTTP": {"raw": b"220 mail.example.com ESMTP\r\n"},
    "nothing": {"raw": b""},
}


class TestTrouble:
    @pytest.mark.parametrize("lie", LIES)
    def test_what_cannot_be_believed_is_no_answer_and_tells_no_secrets(self, ask, zendesk, caplog, lie):
        caplog.set_level(logging.INFO)
        zendesk.answer(TICKET, **LIES[lie])
        with pytest.raises(CrmUnavailable) as told:
            ask.find_ticket("76518")
        assert told.value.__cause__ is None or told.value.__suppress_context__
        assert "Zendesk" in caplog.text
        for secret in ("s3cr3t", "kim@", "2025550123", "/api/v2"):
            assert secret not in caplog.text + str(told.value)

    def test_a_number_that_is_searched_for_is_in_no_log(self, ask, zendesk, caplog):
        logging.getLogger("urllib3").setLevel(logging.INFO)
        caplog.set_level(logging.DEBUG, logger="")
        zendesk.answer(status=500)
        with pytest.raises(CrmUnavailable) as told:
            ask.find_contact("+12025550123")
        assert "2025550123" not in caplog.text + str(told.value)

    def test_nobody_is_followed_to_another_host(self, ask, zendesk, player):
        zendesk.answer(TICKET, status=302, headers={"Location": f"{zendesk.url}/elsewhere"})
        with pytest.raises(CrmUnavailable):
            ask.find_ticket("76518")
        assert zendesk.asked() == [f"GET {TICKET}"]

    @pytest.mark.parametrize(
        "slow",
        [
            {"raw": b"", "pause": 3},
            {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 100, "pause": 0.02},
            {"raw": b"HTTP/1.1 200 OK\r\n\r\n" + b"{" * 100, "pause": 0.02},
            {"raw": b"H" * 200, "pause": 0.02},
        ],
        ids=["silent", "slow body", "slow body without an end", "slow head"],
    )
    def test_a_slow_answer_is_none_and_the_next_question_does_not_wait_for_it(self, ask, zendesk, settings, slow):
        settings.CCAI_ZENDESK_TIMEOUT = SHORT
        zendesk.answer(TICKET, **slow)
        for _time in range(2):
            with pytest.raises(CrmUnavailable):
                ask.find_ticket("76518")
        assert len(zendesk.asked()) == 1

    def test_time_is_for_the_whole_question(self, ask, zendesk, settings):
        settings.CCAI_ZENDESK_TIMEOUT = SHORT
        slowly = json.dumps({"ticket": {"id": 76518, "requester_id": 381630957515}}).encode()
        zendesk.answer(TICKET, raw=b"HTTP/1.1 200 OK\r\n\r\n" + slowly, pause=0.6 * SHORT / (len(slowly) + 19))
        zendesk.answer("/api/v2/users/381630957515.json", raw=b"H" * 20, pause=0.6 * SHORT / 20)
        with pytest.raises(CrmUnavailable, match="not in time"):
            ask.find_ticket("76518")

    def test_nobody_waits_for_a_name_that_is_looked_up_for_ever(self, ask, zendesk, settings, monkeypatch):
        settings.CCAI_ZENDESK_TIMEOUT, settings.CCAI_ZENDESK_URL = SHORT, "http://name.zendesk.example"
        looked_up, found = threading.Event(), socket.getaddrinfo

        def look_up(host, *args, **kwargs):
            if host == "name.zendesk.example":
                looked_up.wait(20)
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return found(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        with pytest.raises(CrmUnavailable, match="not in time"):
            ask.find_ticket("76518")
        assert not looked_up.is_set()
        looked_up.set()

    @pytest.mark.django_db(transaction=True)
    def test_who_waits_for_an_answer_keeps_no_connection_to_the_database(self, ask):
        assert not Call.objects.exists()
        assert connection.connection is not None
        assert ask.find_ticket("76518")
        assert connection.connection is None

    def test_nobody_there_is_no_answer(self, ask, settings):
        settings.CCAI_ZENDESK_URL = "http://127.0.0.1:9"
        with pytest.raises(CrmUnavailable):
            ask.find_ticket("76518")


class TestPeace:
    """What Zendesk asks for with 429 and 503."""

    @pytest.mark.parametrize("status", [429, 503])
    def test_it_has_as_long_as_it_asks_for_from_all_processes(self, clock, ask, zendesk, status):
        zendesk.answer(TICKET, status=status, headers={"Retry-After": "93", "X-Rate-Limit-Remaining": "0"})
        with pytest.raises(CrmUnavailable) as told:
            ask.find_ticket("76518")
        assert told.value.again_in == 93
        pausing.told_here.clear()  # as another process
        for seconds, left in ((0, 93), (92, 1)):
            clock.jump(seconds)
            with pytest.raises(CrmUnavailable) as told:
                crm().find_contact("+12025550123")
            assert told.value.again_in == pytest.approx(left, abs=0.01)
        assert zendesk.asked() == [f"GET {TICKET}"]
        clock.jump(1)
        assert crm().find_contact("+12025550126") is None

    def test_a_limit_of_one_kind_of_question_leaves_the_others(self, clock, ask, zendesk):
        zendesk.answer(
            "/api/v2/search.json", status=429, headers={"Retry-After": "30", "X-Rate-Limit-Remaining": "650"}
        )
        for _time in range(2):
            with pytest.raises(CrmUnavailable):
                ask.find_contact("+12025550123")
        assert ask.find_ticket("76518")
        assert zendesk.asked()[:2] == ["GET /api/v2/search.json", f"GET {TICKET}"]

    @pytest.mark.parametrize(
        ("response", "words"),
        [
            ({"status": 401}, "Look at CCAI_ZENDESK_EMAIL and the token."),
            ({"status": 403}, "Look at their role in Zendesk."),
            ({"status": 404, "body": {"error": {"title": "No help desk at name.zendesk.com"}}}, "CCAI_ZENDESK_URL."),
            ({"status": 404, "body": b"<html>Nothing here</html>"}, "CCAI_ZENDESK_URL."),
        ],
    )
    def test_what_only_people_can_mend_is_said_once_and_shown_until_it_is(
        self, clock, ask, zendesk, caplog, admin_client, response, words
    ):
        zendesk.answer(**response)
        for _time in range(3):
            with pytest.raises(CrmUnavailable):
                ask.find_ticket("76518")
            clock.jump(31)
        assert len(zendesk.asked()) == 3
        assert caplog.text.count("Zendesk: ") == 1
        assert words in admin_client.get("/admin/").content.decode()
        zendesk.answers.pop(0)
        assert ask.find_ticket("76518")
        assert words not in admin_client.get("/admin/").content.decode()

    def test_another_token_is_tried_at_once(self, ask, zendesk, settings):
        zendesk.answer(status=401)
        with pytest.raises(CrmUnavailable):
            ask.find_ticket("76518")
        assert crm().complaint()
        zendesk.answers.pop(0)
        settings.CCAI_ZENDESK_TOKEN = "an0ther-t0k3n"
        assert not crm().complaint()
        assert ask.find_ticket("76518")

    def test_a_ticket_is_not_given_up_because_there_is_no_account(self, ask, zendesk):
        zendesk.answer(status=404, body=b"<html>Nothing here</html>")
        with pytest.raises(CrmUnavailable):
            ask.closed_tickets(["76518"])
        with pytest.raises(CrmUnavailable):
            ask.add_comment("76518", "It is over.", "[demo 1 ended]", may_be_there=False)

    def test_without_redis_a_process_knows_what_it_was_told_itself(self, no_redis, clock, ask, zendesk):
        zendesk.answer(TICKET, status=429, headers={"Retry-After": "30"})
        for _time in range(2):
            with pytest.raises(CrmUnavailable):
                ask.find_ticket("76518")
        assert len(zendesk.asked()) == 1

    def test_after_silence_nobody_waits_for_five_seconds(self, clock, ask, zendesk):
        zendesk.answer(TICKET, raw=b"")
        for seconds in (0, 4, 1):
            clock.jump(seconds)
            with pytest.raises(CrmUnavailable):
                ask.find_ticket("76518")
        assert len(zendesk.asked()) == 2

    def test_of_those_who_wait_together_for_nothing_one_says_so(self, clock, ask, zendesk, caplog):
        def wait():
            with pytest.raises(CrmUnavailable):
                ask.find_ticket("76518")

        over = threading.Event()
        zendesk.answer(TICKET, raw=b"", after=over)
        waiting = [threading.Thread(target=wait) for _time in range(2)]
        for thread in waiting:
            thread.start()
        while len(zendesk.requests) < len(waiting) and all(thread.is_alive() for thread in waiting):
            time.sleep(0.01)
        over.set()
        for thread in waiting:
            thread.join()
        assert caplog.text.count("Zendesk does not answer") == 1
        clock.jump(5)
        wait()
        assert caplog.text.count("Zendesk does not answer") == 2

    def test_after_a_silence_one_tries_it_and_then_all_may(self, clock, ask, zendesk):
        zendesk.answer(TICKET, raw=b"")
        with pytest.raises(CrmUnavailable):
            ask.find_ticket("76518")
        answered = threading.Event()
        zendesk.answers.pop(0)
        nobody = {"error": "RecordNotFound", "description": "Not found"}
        zendesk.answer("/api/v2/tickets/76517.json", status=404, body=nobody, after=answered)
        clock.jump(5)
        zendesk.asked()
        trying = threading.Thread(target=ask.find_ticket, args=["76517"])
        trying.start()
        while trying.is_alive() and not zendesk.requests:
            time.sleep(0.01)
        with pytest.raises(NotAsked) as told:
            crm().find_ticket("76518")
        assert 0 < told.value.again_in <= 8
        answered.set()
        trying.join()
        assert zendesk.asked() == ["GET /api/v2/tickets/76517.json"]
        assert ask.find_ticket("76518")

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("93", 93),
            ("0", 1),
            ("-5", 1),
            ("1e9", 900),
            ("inf", 60),
            ("nan", 60),
            ("soon", 60),
            ("", 60),
            ("Mon, 01 Jan 2024 00:00:00 +9999999999999", 60),
        ],
    )
    def test_what_it_asks_for_is_read_within_bounds(self, text, seconds):
        assert read_wait(text) == seconds

    def test_it_may_name_a_moment(self):
        moment = (now() + timedelta(seconds=120)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        assert 115 < read_wait(moment) <= 120
        assert read_wait("Mon, 01 Jan 2024 00:00:00 GMT") == 1


class TestComments:
    def test_a_comment_is_a_note_for_agents(self, ask, zendesk):
        ask.add_comment("76518", "It is over.\n[demo 1 ended]", "[demo 1 ended]", may_be_there=False)
        assert json.loads(zendesk.requests[0].body) == {
            "ticket": {"comment": {"body": "It is over.\n[demo 1 ended]", "public": False}}
        }
        assert zendesk.asked() == [f"PUT {TICKET}"]

    def test_one_that_may_be_there_is_looked_for_first(self, ask, zendesk):
        ask.add_comment("76518", "It is over.", "[demo 1 ended]", may_be_there=True)
        assert zendesk.asked() == ["GET /api/v2/tickets/76518/comments.json", f"PUT {TICKET}"]
        zendesk.answer("/api/v2/tickets/76518/comments.json", body={"comments": [{"body": "Over.\n[demo 1 ended] "}]})
        ask.add_comment("76518", "It is over.", "[demo 1 ended]", may_be_there=True)
        assert zendesk.asked() == ["GET /api/v2/tickets/76518/comments.json"]
