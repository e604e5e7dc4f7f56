"""POST /calls: every refusal, with its sentence."""

import pytest

from agents.models import Language, OutboundNumber
from calls.models import Call, Contact, EndUser
from menus.models import Menu
from tests.calls.faults import SINGLES, TYPES, Fault, good_body, make_rows, post_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def rows():
    make_rows()


@pytest.mark.parametrize("call_type", TYPES)
def test_a_body_with_nothing_wrong_is_accepted(api, rows, call_type):
    assert post_with(api, call_type).status_code == 201


@pytest.mark.parametrize(("call_type", "fault"), SINGLES, ids=str)
def test_a_fault_is_refused_with_its_sentence_and_writes_nothing(api, rows, call_type, fault):
    response = post_with(api, call_type, fault)
    assert (response.status_code, response.json()) == (400, {"message": fault.sentence})
    assert response.headers["X-Error-Code"].replace("_", "").isalnum()


class TestCallType:
    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "call_type is required"),
            ({"call_type": None}, "call_type is required"),
            ({"call_type": "  "}, "call_type is required"),
            ({"call_type": "Voice Inbound (IVR)"}, "Invalid call type"),
            ({"call_type": "outboundcall"}, "Invalid call type"),
            ({"call_type": 5}, "Invalid call type"),
            ({"call_type": ["OutboundCall"]}, "Invalid call type"),
            ({"call_type": {}}, "Invalid call type"),
            ({"call_type": "ScheduledCall", "agent_email": "ana@example.com"}, "Invalid call type"),
            ({"call_type": "IncomingCall", "agent_email": "x", "menu_id": ""}, "Invalid call type"),
            ({"call_type": "IncomingCall", "agent_email": "x", "menu_id": "  "}, "Invalid call type"),
            ({"call_type": "IncomingCall", "agent_email": ""}, "menu_id is required"),
            ({"call_type": "IncomingCall", "agent_email": "  "}, "menu_id is required"),
            ({"call_type": "ScheduledCall", "agent_email": "x", "call_id": 1}, "call_id 1 is not found"),
            ({"call_type": "Voice Scheduled (API)", "agent_email": "x"}, "menu_id is required"),
        ],
    )
    def test_it_is_judged_first(self, api, body, sentence):
        response = api.post("/calls", body)
        assert (response.status_code, response.json()) == (400, {"message": sentence})

    @pytest.mark.parametrize(
        ("spelling", "label"),
        [
            ("Voice Outbound (API)", "Voice Outbound (API)"),
            (" OutboundCall ", "Voice Outbound (API)"),
            ("Voice Inbound (API)", "Voice Inbound (API)"),
            ("IncomingCall", "Voice Inbound (API)"),
            ("Voice Scheduled (API)", "Voice Scheduled (API)"),
            ("ScheduledCall", "Voice Scheduled (API)"),
        ],
    )
    def test_an_alias_comes_out_as_the_full_label(self, api, rows, spelling, label):
        aliases = {"Voice Outbound (API)": "OutboundCall", "Voice Inbound (API)": "IncomingCall"}
        body = {**good_body(aliases.get(label, "ScheduledCall")), "call_type": spelling}
        assert api.post("/calls", body).json()["call_type"] == label


class TestWhatIsTaken:
    def test_strings_are_stripped_and_ids_may_be_digits(self, api, rows):
        body = api.post(
            "/calls", {**good_body("IncomingCall"), "menu_id": " 9 ", "end_user_number": " +1 202-555-0123 "}
        ).json()
        assert body["selected_menu"]["id"] == 9

    def test_unknown_keys_are_ignored(self, api, rows):
        assert api.post("/calls", {**good_body("IncomingCall"), "agent_email": 5, "x": [{}]}).status_code == 201

    def test_a_ticket_wins_over_a_number_even_an_ill_formed_one(self, api, rows):
        response = api.post("/calls", {**good_body("IncomingCall"), "ticket_id": 76517, "end_user_number": "x"})
        assert response.json()["out_ticket_id"] == "76517"
        assert Call.objects.get().end_user_number == "+12025550177"

    def test_a_contact_without_a_phone_is_called_on_the_number_given(self, api, rows):
        Contact.objects.get().phones.all().delete()
        assert post_with(api, "IncomingCall", Fault("", "", ticket_id="76517")).status_code == 201
        assert Call.objects.get().end_user_number == "+12025550123"
        assert Call.objects.get().end_user.out_contact_id == "c-1"

    def test_a_contact_without_a_phone_needs_a_number(self, api, rows):
        Contact.objects.get().phones.all().delete()
        response = post_with(api, "IncomingCall", Fault("", "", ticket_id="76517", end_user_number=...))
        assert response.json() == {"message": "end_user_number is required"}

    @pytest.mark.parametrize("number", ["+1 202-555-0100", "West", 5, [], None])
    def test_an_inbound_number_that_is_not_the_centers_is_replaced_without_a_word(self, api, rows, number):
        response = api.post("/calls", {**good_body("IncomingCall"), "outbound_number": number})
        assert response.json()["outbound_number"] == "+1 339-219-5276"

    def test_the_menus_first_number_comes_before_the_centers_default(self, api, rows):
        menu = Menu.objects.get(pk=9)
        for position, number in enumerate(("+17608675309", "+17604108538")):
            row = OutboundNumber.objects.create(number=number)
            menu.number_choices.create(outbound_number=row, position=1 - position)
        body = api.post("/calls", good_body("IncomingCall")).json()
        assert body["outbound_number"] == "+1 760-410-8538"
        chosen = api.post("/calls", {**good_body("IncomingCall"), "outbound_number": "+1 339-219-5276"}).json()
        assert chosen["outbound_number"] == "+1 339-219-5276"

    def test_a_region_of_a_live_language_is_available_and_shown_as_sent(self, api, rows):
        assert api.post("/calls", {**good_body("IncomingCall"), "lang": "en-US"}).json()["lang"] == "en-US"

    def test_a_menu_may_speak_fewer_languages_than_the_center(self, api, rows):
        korean = Language.objects.create(code="ko")
        Menu.objects.get(pk=9).languages.add(korean)
        assert api.post("/calls", good_body("IncomingCall")).json() == {"message": "Language 'en' is not available"}
        assert api.post("/calls", {**good_body("IncomingCall"), "lang": "ko"}).status_code == 201

    def test_nonsense_in_the_permission_is_refused_whatever_the_menu_asks(self, api, rows):
        body = {**good_body("IncomingCall"), "recording_permission": "recording_permission_granted"}
        assert api.post("/calls", body).json()["recording_permission"] == "not_asked"
        Menu.objects.update(recording="ask_permission")
        assert api.post("/calls", body).json()["recording_permission"] == "granted"

    def test_a_scheduled_call_takes_its_parents_menu(self, api, rows):
        parent = api.post("/calls", good_body("IncomingCall")).json()
        body = good_body("ScheduledCall")
        del body["menu_id"]
        child = api.post("/calls", {**body, "call_id": str(parent["id"])}).json()
        assert (child["parent_id"], child["selected_menu"]["id"]) == (parent["id"], 9)

    def test_a_parent_without_a_menu_gives_none(self, api, rows):
        parent = api.post("/calls", good_body("OutboundCall")).json()
        body = good_body("ScheduledCall")
        del body["menu_id"]
        assert api.post("/calls", {**body, "call_id": parent["id"]}).json() == {"message": "menu_id is required"}

    def test_hours_are_judged_at_the_scheduled_time(self, api, rows):
        Menu.objects.filter(pk=9).update(hours={"time_zone": "America/New_York", "weekly": {"mon": ["09:00-17:00"]}})
        body = good_body("ScheduledCall")
        monday = api.post("/calls", {**body, "scheduled_at": "2099-01-05T14:00:00Z"})
        assert monday.status_code == 201
        assert monday.json()["scheduled_at"] == "2099-01-05T14:00:00.000Z"
        too_early = api.post("/calls", {**body, "scheduled_at": "2099-01-05T13:59:59Z"})
        assert too_early.json() == {"message": "Menu is in 'after hours' state, can't accept incoming calls"}

    def test_an_outbound_call_makes_no_end_user_of_a_number(self, api, rows):
        assert api.post("/calls", good_body("OutboundCall")).json()["end_user"] is None
        assert not EndUser.objects.exists()

    def test_an_outbound_call_knows_an_end_user_it_has_met(self, api, rows):
        known = api.post("/calls", good_body("IncomingCall")).json()["end_user"]
        assert api.post("/calls", good_body("OutboundCall")).json()["end_user"] == known


class TestCrmDown:
    @pytest.fixture(autouse=True)
    def down(self, settings):
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}

    @pytest.mark.parametrize("call_type", TYPES)
    def test_a_call_by_ticket_is_refused_for_now(self, api, rows, call_type):
        response = post_with(api, call_type, Fault("", "", ticket_id="76517"))
        assert (response.status_code, response.json()) == (503, {"message": "CRM is not reachable"})
        assert int(response.headers["Retry-After"]) > 0

    @pytest.mark.parametrize("call_type", TYPES)
    def test_a_call_by_number_is_made(self, api, rows, call_type):
        assert post_with(api, call_type).status_code == 201


class TestBadBodies:
    @pytest.mark.parametrize(
        ("raw", "content_type", "status", "sentence"),
        [
            (b"", "application/json", 400, "Request body is not valid JSON"),
            (b"{", "application/json", 400, "Request body is not valid JSON"),
            (b"[]", "application/json", 400, "Request body is not valid JSON"),
            (b"null", "application/json", 400, "Request body is not valid JSON"),
            (b'"x"', "application/json", 400, "Request body is not valid JSON"),
            (b'{"a": NaN}', "application/json", 400, "Request body is not valid JSON"),
            (b'{"lang": "e\\u0000"}', "application/json", 400, "Request body is not valid JSON"),
            (b'{"lang": "\\ud800"}', "application/json", 400, "Request body is not valid JSON"),
            (b'{"lang": "\xff"}', "application/json", 400, "Request body is not valid JSON"),
            ('{"lang": "en"}'.encode("utf-16"), "application/json", 400, "Request body is not valid JSON"),
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "application/json", 400, "Request body is not valid JSON"),
            (b"[" * 500_000, "application/json", 400, "Request body is not valid JSON"),
            (b'{"a": "' + b"x" * 10_000_000 + b'"}', "application/json", 413, "Request body is too large"),
            (b"a=b", "application/x-www-form-urlencoded", 415, "Content type must be application/json"),
            (b"{}", "text/plain", 415, "Content type must be application/json"),
            (b"{}", "", 415, "Content type must be application/json"),
            (b"{}", "application/json; charset=utf-8", 400, "call_type is required"),
            (b"{}", "Application/JSON", 400, "call_type is required"),
        ],
    )
    def test_a_body_that_is_no_json_object_is_refused(self, api, raw, content_type, status, sentence):
        response = api.post("/calls", raw=raw, content_type=content_type)
        assert (response.status_code, response.json()) == (status, {"message": sentence})

    @pytest.mark.parametrize("digits", [19, 20, 40, 4_300, 10_000])
    def test_an_id_of_any_length_is_well_formed_and_not_found(self, api, digits):
        number = "9" * digits
        raw = b'{"call_type": "IncomingCall", "menu_id": %s}' % number.encode()
        assert api.post("/calls", raw=raw).json() == {"message": f"menu_id {number} is not found"}
        text = {"call_type": "IncomingCall", "menu_id": number}
        assert api.post("/calls", text).json() == {"message": f"menu_id {number} is not found"}

    @pytest.mark.parametrize("value", [None, "", 0, -1, 1.5, True, [], {}, "x" * 10_000, "٣", "💥", [[[]]], {"a": {}}])
    @pytest.mark.parametrize("call_type", TYPES)
    def test_no_value_of_any_field_is_ever_a_server_error(self, api, rows, call_type, value):
        for field in (*good_body(call_type), "ticket_id", "call_id", "recording_permission", "outbound_number"):
            response = api.post("/calls", {**good_body(call_type), field: value})
            assert response.status_code in (201, 400), (field, value, response.json())
