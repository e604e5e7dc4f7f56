"""GET /calls and GET /calls/{id}: pages, filters, headers (contract section 7)."""

import base64
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from calls.models import Call
from ccai.times import now, wire_time
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db


def links(response):
    """The Link header as a dict from rel to path and query, ready for the client."""
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {relation: urlsplit(url) for url, relation in found}


def follow(api, link):
    return api.get("/calls", parse_qs(link.query))


def ids(response):
    return [call["id"] for call in response.json()]


@pytest.fixture
def menu():
    return make_menu()


@pytest.fixture
def calls(menu):
    """Seven calls, a second apart but for two of the same moment, oldest first."""
    start = now() - timedelta(minutes=10)
    made = []
    for seconds in (0, 1, 2, 3, 3, 4, 5):
        at = start + timedelta(seconds=seconds)
        made.append(make_call("finished", menu=menu, created_at=at, updated_at=start - timedelta(seconds=seconds)))
    return made


class TestPages:
    def test_newest_first_in_a_bare_array(self, api, calls):
        response = api.get("/calls")
        assert ids(response) == [call.pk for call in reversed(calls)]
        assert response.headers["Per-Page"] == "100"
        assert "Link" not in response.headers
        assert "Total" not in response.headers

    def test_an_empty_center_has_an_empty_page(self, api):
        response = api.get("/calls")
        assert response.json() == []
        assert "Link" not in response.headers

    @pytest.mark.parametrize("direction", ["ASC", "DESC"])
    @pytest.mark.parametrize("column", ["created_at", "updated_at"])
    @pytest.mark.parametrize("per", [1, 2, 3, 7, 8])
    def test_going_on_and_back_sees_every_call_once(self, api, calls, per, column, direction):
        params = {"per": per, "sort_column": column, "sort_direction": direction}
        rows = sorted(calls, key=lambda call: (getattr(call, column), call.pk), reverse=direction == "DESC")
        expected = [call.pk for call in rows]
        pages = [response := api.get("/calls", params)]
        while "next" in links(response):
            pages.append(response := follow(api, links(response)["next"]))
        assert [pk for page in pages for pk in ids(page)] == expected
        assert len(pages) == -(-len(calls) // per)
        back = [ids(response)]
        while "prev" in links(response):
            response = follow(api, links(response)["prev"])
            back.append(ids(response))
        assert back[::-1] == [ids(page) for page in pages]

    def test_a_page_is_exact_while_calls_arrive(self, api, calls, menu):
        first = api.get("/calls", {"per": 3})
        make_call("finished", menu=menu)
        second = follow(api, links(first)["next"])
        assert ids(first) + ids(second) == [call.pk for call in reversed(calls)][:6]

    def test_links_are_absolute_and_keep_the_filters(self, api, calls):
        link = links(api.get("/calls", {"per": 2, "status[]": "finished", "lang": "en"}))["next"]
        assert (link.scheme, link.netloc, link.path) == ("http", "demo.localhost", "/apps/api/v1/calls")
        query = parse_qs(link.query)
        assert (query["per"], query["status[]"], query["lang"]) == (["2"], ["finished"], ["en"])

    def test_a_page_has_at_most_a_hundred_calls(self, api, menu):
        Call.objects.bulk_create(make_call("finished", menu=menu, save=False) for _ in range(101))
        for per in ("100", "101", "5000", "9" * 30):
            response = api.get("/calls", {"per": per})
            assert len(response.json()) == 100
            assert response.headers["Per-Page"] == "100"

    def test_the_total_is_told_where_it_is_asked_for(self, api, calls):
        response = api.get("/calls", {"total": "true", "per": 2, "status": "finished"})
        assert response.headers["Total"] == "7"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("per", "0"), ("per", "-1"), ("per", "x"), ("per", ""), ("per", "1.5"), ("per", "٣"), ("per", "00"),
            ("cursor", "x"), ("cursor", ""), ("cursor", "!!!!"), ("cursor", "W10"), ("cursor", "bnVsbA"),
            ("cursor", "💥"), ("sort_column", "id"), ("sort_column", "status"), ("sort_direction", "asc"),
            ("sort_direction", "up"), ("total", "yes"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_refused(self, api, calls, name, value):
        response = api.get("/calls", {name: value})
        assert (response.status_code, response.json()) == (400, {"message": f"{name} is not well formed"})

    @pytest.mark.parametrize(
        "inside",
        [
            "[" * 30_000,
            '["0001-01-01T00:00:00+14:00", 1, false]',
            '["9999-12-31T23:59:59-14:00", 1, false]',
            '["2026-01-01T00:00:00", 1, false]',
            '{"value": 1, "pk": 2, "backward": 3}',
        ],
    )
    def test_a_cursor_that_nobody_gave_out_is_refused(self, api, calls, inside):
        response = api.get("/calls", {"cursor": base64.urlsafe_b64encode(inside.encode()).decode()})
        assert (response.status_code, response.json()) == (400, {"message": "cursor is not well formed"})

    def test_more_parameters_than_anyone_needs_are_refused(self, api):
        response = api.get("/calls", {"menu_id": list(range(1_001))})
        assert (response.status_code, response.json()) == (400, {"message": "Request has too many parameters"})

    def test_a_trailing_slash_works_too(self, api, calls):
        assert ids(api.get("/calls/")) == ids(api.get("/calls"))
        assert api.get(f"/calls/{calls[0].pk}/").json() == api.get(f"/calls/{calls[0].pk}").json()


class TestFilters:
    @pytest.fixture
    def various(self, menu):
        """Two calls that differ in everything one can filter by."""
        ana, ben = make_agent("Ana@example.com"), make_agent("ben@example.com")
        day = timedelta(days=1)
        one = make_call(
            "finished", menu=menu, agent=ana, end_user_number="+12025550111", out_ticket_id="T 1", lang="en",
            scheduled_at=now() - day, ends_at=now() - day, created_at=now() - 2 * day, updated_at=now() - day,
        )  # fmt: skip
        two = make_call(
            "failed", agent=ben, end_user_number="+821068612345", out_ticket_id="2", lang="ko-KR",
            fail_reason="eu_busy", call_type="Voice Outbound (API)", scheduled_at=now() + day, ends_at=now(),
        )  # fmt: skip
        return one, two

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("status", ("finished", "failed")),
            ("call_type", ("Voice Inbound (API)", "OutboundCall")),
            ("end_user_number", ("+1 202-555-0111", "+82-10-6861-2345")),
            ("end_user_number", (" 1 202-555-0111", "+821068612345")),
            ("ticket_id", ("T 1", "2")),
            ("lang", ("en", "ko-KR")),
            ("fail_reason", ("nothing", "eu_busy")),
            ("agent_email", ("ana@EXAMPLE.com", "ben@example.com")),
        ],
    )
    def test_a_filter_finds_its_own_and_may_be_repeated(self, api, various, name, values):
        one, two = various
        for spelling in (name, f"{name}[]"):
            assert ids(api.get("/calls", {spelling: values[0]})) == [one.pk]
            assert ids(api.get("/calls", {spelling: values[1]})) == [two.pk]
            assert ids(api.get("/calls", {spelling: list(values)})) == [two.pk, one.pk]

    def test_by_menu_and_agent(self, api, various):
        for call in various:
            assert ids(api.get("/calls", {"menu_id": call.menu_id})) == [call.pk]
            assert ids(api.get("/calls", {"agent_id": call.agent_id})) == [call.pk]

    def test_filters_are_combined(self, api, various):
        assert ids(api.get("/calls", {"status": "failed", "lang": "en"})) == []
        assert ids(api.get("/calls", {"status": "failed", "lang": "ko-KR"})) == [various[1].pk]

    @pytest.mark.parametrize("column", ["created_at", "updated_at", "scheduled_at", "ends_at"])
    def test_a_span_has_its_beginning_and_not_its_end(self, api, various, column):
        one, two = various
        early, late = wire_time(getattr(one, column)), wire_time(getattr(two, column))
        assert ids(api.get("/calls", {f"{column}[from]": early})) == [two.pk, one.pk]
        assert ids(api.get("/calls", {f"{column}[from]": early, f"{column}[to]": late})) == [one.pk]
        assert ids(api.get("/calls", {f"{column}[from]": late})) == [two.pk]
        assert ids(api.get("/calls", {f"{column}[to]": early})) == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("menu_id", "9999"), ("agent_id", "9" * 30), ("agent_email", "nobody@example.com"), ("ticket_id", "404"),
            ("end_user_number", "+1 202-555-0199"), ("lang", "fr"), ("menu_id", "0"),
        ],
    )  # fmt: skip
    def test_what_nobody_has_finds_nothing(self, api, various, name, value):
        response = api.get("/calls", {name: value})
        assert (response.status_code, response.json()) == (200, [])

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("status", "done"), ("status", ""), ("call_type", "Call"), ("menu_id", "x"), ("menu_id", "-"),
            ("agent_id", "1.5"), ("agent_id", ""), ("end_user_number", "123123"), ("lang", "english"),
            ("fail_reason", "bad luck"), ("ticket_id", "a\0b"), ("agent_email", "\0"), ("ticket_id", ""),
            ("created_at[from]", "yesterday"), ("created_at[to]", "2019-01-01"), ("ends_at[from]", ""),
            ("updated_at[to]", "2019-01-01T00:00:00"), ("scheduled_at[from]", "0000-01-01T00:00:00Z"),
        ],
    )  # fmt: skip
    def test_an_ill_formed_value_is_refused(self, api, various, name, value):
        response = api.get("/calls", {name: value})
        assert (response.status_code, response.json()) == (400, {"message": f"{name} is not well formed"})
        assert api.get("/calls", {name: ["x", value]}).status_code == 400

    def test_parameters_nobody_knows_are_ignored(self, api, various):
        assert len(api.get("/calls", {"colour": "red"}).json()) == 2


class TestOneCall:
    def test_the_object_has_the_contracts_keys_in_their_order(self, api, calls):
        keys = (
            "id, parent_id, lang, call_type, status, created_at, updated_at, queued_at, assigned_at, connected_at,"
            " ends_at, scheduled_at, wait_duration, call_duration, hold_duration, rating, has_feedback, voip_provider,"
            " out_ticket_id, out_ticket_url, verified, recording_url, recording_permission, voicemail_reason,"
            " deflection, disconnected_by, fail_reason, fail_details, support_number, selected_menu, menu_path,"
            " agent_info, end_user, photos, videos, transfers, deflection_details, participants, offer_type,"
            " offer_events, answer_type, outbound_number"
        )
        one = api.get(f"/calls/{calls[0].pk}").json()
        assert list(one) == keys.split(", ")
        assert one == api.get("/calls").json()[-1]

    @pytest.mark.parametrize("number", ["9999", "0", "9" * 19, "9" * 30])
    @pytest.mark.parametrize("path", ["", "/customer_flag"])
    def test_an_unknown_call_is_not_found_by_its_number(self, api, number, path):
        response = api.get(f"/calls/{number}{path}")
        assert (response.status_code, response.json()) == (404, {"message": f"Call {number} is not found"})

    @pytest.mark.parametrize("path", ["/calls/abc", "/calls/-1", "/calls/1/2", "/calls/٣", "/call", "/calls/1/flags"])
    def test_what_is_no_path_is_no_resource(self, api, path):
        response = api.get(path)
        assert (response.status_code, response.json()) == (404, {"message": "Resource not found"})

    def test_a_call_remembers_what_was_renamed_and_deleted(self, api, menu):
        call = make_call("finished", menu=menu)
        menu.name, menu.deleted = "Renamed", True
        menu.save()
        body = api.get(f"/calls/{call.pk}").json()
        assert body["selected_menu"]["name"] == body["menu_path"]["name"] == "Sales"
        assert body["selected_menu"]["deleted"] is False

    def test_parts_have_their_shapes(self, api, menu):
        call = make_call("finished", menu=menu)
        call.photos.create(photo_type="screenshot", file="photos/1.png")
        call.videos.create(file="videos/1.mp4")
        call.transfers.create(status="failed", fail_reason="transfer_expired", from_menu=call.menu_path)
        body = api.get(f"/calls/{call.pk}").json()
        photo, video, transfer = body["photos"][0], body["videos"][0], body["transfers"][0]
        assert list(photo) == ["id", "photo_type", "url"]
        assert photo["photo_type"] == "screenshot"
        assert photo["url"].startswith("http://demo.localhost/files/")
        assert list(video) == ["id", "url"]
        assert list(transfer) == [
            "id", "status", "fail_reason", "created_at", "from_menu", "to_menu", "from_agent", "to_agent",
        ]  # fmt: skip
        assert transfer["from_menu"] == body["menu_path"]
