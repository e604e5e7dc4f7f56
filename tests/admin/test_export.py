"""What the history finds is exported whole: as CSV or as a workbook, written while it is sent."""

import csv
import io
import logging
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl.utils.escape import unescape

from calls.history import xlsx
from calls.history.columns import COLUMNS
from calls.history.export import Export
from calls.history.finding import Found
from calls.history.progress import Progress
from calls.models import Call, EndUser
from ccai.times import now
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu, make_person

pytestmark = pytest.mark.django_db

EXPORT = "/admin/calls/call/export/"
NAME = "0123456789abcdef"


def log_in(role):
    """A browser of somebody with that role."""
    client = Client(SERVER_NAME=HOST)
    client.force_login(make_person(role))
    return client


def export(client, kind="csv", **asked):
    """The bytes of an export."""
    response = client.get(f"{EXPORT}{kind}/", asked)
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response)


def rows_of(data):
    """The header and the rows of a CSV file."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def sheets_of(data):
    """The rows of each sheet of a workbook, by its name."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


@pytest.fixture
def five(time_machine):
    """Five calls that have waited for no time, the newest first; one moment is that of two."""
    time_machine.move_to(now(), tick=False)
    at = datetime(2026, 3, 2, 20, 30, 15, 400_000, tzinfo=UTC)
    minutes = (0, 1, 1, 2, 3)
    calls = [make_call("queued", created_at=at - timedelta(minutes=ago), wait_duration=ago) for ago in minutes]
    return [calls[0], calls[2], calls[1], calls[3], calls[4]]


@pytest.fixture
def small_chunks(monkeypatch):
    """Two calls are read at a time."""
    monkeypatch.setattr("calls.history.export.CHUNK", 2)


def test_csv_has_all_that_is_found_and_says_its_units(admin_client, five, small_chunks, settings):
    settings.TIME_ZONE = "Asia/Seoul"
    make_call("failed")
    data = export(admin_client, status="queued", columns=["id", "created", "waited", "status"], per="25")
    header, *rows = rows_of(data)
    assert data.startswith(b"\xef\xbb\xbf")
    assert header == ["Call", "Created (Asia/Seoul)", "Status", "Waited (seconds)"]
    assert [int(row[0]) for row in rows] == [call.pk for call in five]
    assert rows[0][1:] == ["2026-03-03 05:30:15+09:00", "Queued", "0"]


def test_a_workbook_is_one_that_spreadsheets_read(admin_client, five, small_chunks, settings):
    settings.TIME_ZONE = "Asia/Seoul"
    data = export(admin_client, "xlsx", columns=["id", "created", "waited", "agent"])
    [(name, (header, *rows))] = sheets_of(data).items()
    assert name == "Calls"
    assert header == ["Call", "Created (Asia/Seoul)", "Agent", "Waited (seconds)"]
    assert [row[0] for row in rows] == [call.pk for call in five]
    assert rows[0][1:] == [datetime(2026, 3, 3, 5, 30, 15), None, 0]


def test_a_sheet_that_is_full_is_followed_by_another(monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_ROWS", 4)
    chunks = [[[1], [2]], [[3], [4], [5], [6], [7]]]
    sheets = sheets_of(b"".join(xlsx.workbook("Calls & more", ["Number"], chunks)))
    assert sheets == {
        "Calls & more": [["Number"], [1], [2], [3]],
        "Calls & more 2": [["Number"], [4], [5], [6]],
        "Calls & more 3": [["Number"], [7]],
    }
    assert sheets_of(b"".join(xlsx.workbook("Calls", ["Number"], []))) == {"Calls": [["Number"]]}


def test_no_cell_is_a_formula(admin_client):
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "<b>&\x07\ufffe", " =1", "_x0041_", "a\r\nb"]
    for text in texts:
        make_call("queued", out_ticket_id=text)
    columns = ["ticket", "number"]
    rows = rows_of(export(admin_client, columns=columns))[1:]
    assert [row[1] for row in reversed(rows)] == [f"'{text}" for text in texts[:6]] + texts[6:]
    assert {row[0] for row in rows} == {"'+12025550123"}
    data = export(admin_client, "xlsx", columns=columns)
    cells = [row[1] for sheet in openpyxl.load_workbook(io.BytesIO(data)) for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    # A file of XML cannot hold what is no character.
    assert [unescape(cell.value) for cell in reversed(cells)] == [*texts[:6], "<b>&", *texts[7:]]
    assert cells[1].value == "_x005F_x0041_"


def test_all_columns_are_exported_where_they_are_asked_for(admin_client):
    kim = EndUser.objects.create(number="+12025550123", name="Kim", identifier="kim-7", out_contact_id="c-7")
    make_call("connected", end_user=kim, menu=make_menu("Leaf", parent=make_menu("Root")), verified_customer=True)
    header, row = rows_of(export(admin_client, all="1"))
    said = dict(zip(header, row, strict=True))
    assert len(header) > 30
    assert said["Menu"] == "Root/Leaf"
    assert said["Channel"] == "API"
    assert said["Flags"] == "verified customer"
    assert (said["End user"], said["Identifier"], said["CRM contact"]) == ("Kim", "kim-7", "c-7")


def test_personal_data_is_masked_for_who_may_not_see_it():
    kim = EndUser.objects.create(number="+12025550123", name="Kim", identifier="kim-7", out_contact_id="c-7")
    make_call("queued", end_user=kim)
    for kind in ("csv", "xlsx"):
        data = export(log_in("viewer"), kind, all="1")
        text = data.decode() if kind == "csv" else str(sheets_of(data))
        for personal in ("Kim", "kim-7", "c-7", "+1202555"):
            assert personal not in text
        assert "•••• 0123" in text


def test_an_export_needs_a_constant_number_of_queries_a_chunk(admin_client, five, monkeypatch):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert len(rows_of(export(admin_client, all="1"))) == 6
        return len(captured)

    for call in five:
        call.agent = make_agent()
        call.save()
    whole = queries()
    monkeypatch.setattr("calls.history.export.CHUNK", 2)
    assert queries() == whole + 2


def test_who_waits_is_told_how_far_it_is(admin_client, five, small_chunks):
    def told(client=admin_client):
        return client.get(f"{EXPORT}progress/", {"id": NAME}).json()

    assert told() == {}
    response = admin_client.get(f"{EXPORT}csv/", {"id": NAME})
    pieces = iter(response)
    assert next(pieces).startswith(b"\xef\xbb\xbf")  # the header, before any call is read
    assert told() == {"state": "running", "rows": 0, "share": 0}
    next(pieces)
    next(pieces)
    assert told() == {"state": "running", "rows": 2, "share": 0.333}
    assert told(log_in("admin")) == {}
    list(pieces)
    assert told() == {"state": "done", "rows": 5, "share": 1}


def test_an_export_that_is_broken_off_or_fails_says_so(admin_client, admin_user, five, small_chunks, caplog):
    def told():
        return admin_client.get(f"{EXPORT}progress/", {"id": NAME}).json()["state"]

    caplog.set_level(logging.INFO, "calls.history.export")
    for kind in ("csv", "xlsx"):
        export = Export(
            found=Found(Call.objects.all()),
            columns=[COLUMNS["id"]],
            kind=kind,
            clear=True,
            user_id=admin_user.pk,
            progress=Progress(admin_user.pk, NAME),
            oldest=None,
        )
        pieces = export.pieces()
        next(pieces)
        next(pieces)
        pieces.close()  # as a server does it for somebody who has gone away
        assert told() == "stopped"

    def fail(execute, sql, params, many, context):
        raise OperationalError("gone away")

    pieces = iter(admin_client.get(f"{EXPORT}csv/", {"id": NAME}))
    next(pieces)
    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        next(pieces)
    assert told() == "failed"
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["stopped", "stopped", "failed"]


def test_an_export_is_told_in_the_log_and_nobody_is_named(admin_client, admin_user, five, caplog):
    caplog.set_level(logging.INFO, "calls.history.export")
    export(admin_client, q="+12025550123")
    [record] = caplog.records
    assert record.getMessage().startswith(f"user {admin_user.pk} exported 5 calls as csv in ")
    assert "2025550123" not in record.getMessage()


def test_an_export_is_whole_without_redis(admin_client, five, no_redis):
    assert len(rows_of(export(admin_client, id=NAME))) == 6
    assert admin_client.get(f"{EXPORT}progress/", {"id": NAME}).json() == {}


def test_what_cannot_be_exported_is_said_by_the_page(admin_client):
    for asked in ({"status": "lost"}, {"q": "12", "place": "number"}, {"place": "user", "q": "x\0"}):
        response = admin_client.get(f"{EXPORT}csv/", asked)
        assert response.status_code == 302
        assert admin_client.get(response.url).context["form"].errors


def test_a_call_that_comes_in_meanwhile_is_in_no_row(admin_client, five, small_chunks):
    response = admin_client.get(f"{EXPORT}csv/", {"columns": "id"})
    pieces = iter(response)
    head = [next(pieces), next(pieces)]
    make_call("queued")
    rows = rows_of(b"".join([*head, *pieces]))[1:]
    assert [int(row[0]) for row in rows] == [call.pk for call in five]
