"""The shape of production: what docker-compose.yml and the Dockerfile say is run here, on a real PostgreSQL and Valkey.

There need be no Docker: each service's very command runs as a process of this machine.
"""

import ast
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import requests
import yaml

from tests.serve.running import PATIENCE, PROJECT, Program, wait_for
from tests.servers import start_postgresql, start_valkey

pytestmark = pytest.mark.xdist_group("production")

COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "ccai"}
SECRETS = ("POSTGRES_PASSWORD", "CCAI_SECRET_KEY")


def image(instruction):
    """The words of an instruction of the Dockerfile that is written as JSON; the last of its kind counts."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    return json.loads(re.findall(rf"^{instruction} [^\[]*(\[.*\])$", text, re.MULTILINE)[-1])


def image_environment():
    """The variables that the Dockerfile sets."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    return dict(word.split("=", 1) for line in lines for word in line.split())


def filled_in(value, variables):
    """A value of the compose file with its ${…} filled in; KeyError for a required one that is not given."""

    def fill(match):
        name, operator, default = re.fullmatch(r"(\w+)(?:(:[-?])(.*))?", match[1]).groups()
        return variables.get(name, default) if operator == ":-" else variables[name]

    return re.sub(r"\$\{([^}]*)\}", fill, value).replace("$$", "$")


class TestTheFiles:
    def test_no_secret_has_a_default(self):
        variables = dict.fromkeys(SECRETS, "given")
        for service in OURS.values():
            for value in service["environment"].values():
                filled_in(value, variables)
        for name in SECRETS:
            others = {key: value for key, value in variables.items() if key != name}
            with pytest.raises(KeyError, match=name):
                [filled_in(value, others) for value in OURS["web"]["environment"].values()]

    def test_what_is_kept_is_kept_in_named_volumes(self):
        kept = {name: service["volumes"][0].partition(":")[0] for name, service in SERVICES.items()}

        assert kept["postgres"] == "postgres"
        assert kept["valkey"] == "valkey"
        assert {kept[name] for name in OURS} == {"data"}
        assert set(COMPOSE["volumes"]) == {"postgres", "valkey", "data"}

    def test_the_site_is_published_on_this_machine_alone_until_one_says_otherwise(self):
        published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

        assert [filled_in(port, {}) for port in published.pop("web")] == ["127.0.0.1:8000:8000"]
        assert published == {}

    def test_everything_waits_for_the_migrations_and_those_for_the_database(self):
        assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
        for name in OURS.keys() - {"migrate"}:
            assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}

    def test_every_queue_has_a_worker(self, settings):
        queues = {
            queue
            for service in OURS.values()
            if "--queues" in service.get("command", [])
            for queue in service["command"][service["command"].index("--queues") + 1].split(",")
        }

        routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
        assert queues == {settings.CELERY_TASK_DEFAULT_QUEUE, *routed}

    def test_all_that_runs_on_has_a_health_check(self):
        unchecked = {name for name, service in SERVICES.items() if service.get("healthcheck", {}).get("disable")}

        assert unchecked == {"migrate"}
        # The web server's is the image's own.
        assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"web"}
        assert "/health/web/" in image("HEALTHCHECK")[-1]

    def test_the_image_is_built_once_before_anything_runs_it(self):
        assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]

    def test_the_image_runs_as_a_user_that_is_not_root(self):
        users = re.findall(r"^USER (\S+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)

        assert users
        assert users[-1] not in ("root", "0")

    def test_the_image_has_the_packages_of_the_lock_files_and_no_others(self):
        text = (PROJECT / "Dockerfile").read_text()
        (install,) = re.findall(r"^RUN pip install (.*)$", text, re.MULTILINE)
        locks = ["requirements.txt", "requirements-twilio.txt"]

        assert "--require-hashes" in install
        assert install.split(":all: ")[1] == " ".join(f"-r {lock}" for lock in locks)
        assert f"COPY {' '.join(locks)} ./" in text
        kept = (PROJECT / ".dockerignore").read_text().splitlines()
        assert {f"!{lock}" for lock in locks} <= set(kept)

    def test_no_environment_file_gets_into_the_image(self):
        rules = (PROJECT / ".dockerignore").read_text().splitlines()

        assert rules[1] == "*"
        assert not [rule for rule in rules if rule.startswith("!") and ".env" in rule]

    def test_all_that_the_image_leaves_out_is_not_needed_to_run(self):
        kept = {rule[1:] for rule in (PROJECT / ".dockerignore").read_text().splitlines() if rule.startswith("!")}

        packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"tests", "bench"}
        assert packages <= kept

    def test_every_variable_that_is_read_is_explained(self):
        sources = [path for app in ("ccai", "agents", "menus", "calls") for path in (PROJECT / app).rglob("*.py")]
        read = {
            node.args[0].value
            for path in sources
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        }
        explained = set(re.findall(r"^# ([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))

        assert read - explained == set()
        assert explained - read == {"POSTGRES_PASSWORD", "CCAI_PUBLISH", "FORWARDED_ALLOW_IPS"}


class Production:
    """The services of the compose file as processes of this machine."""

    def __init__(self, directory, database_url, redis_url):
        self.port = free_port()
        self.running = {}
        self.variables = {
            "POSTGRES_PASSWORD": secrets.token_hex(16),
            "CCAI_SECRET_KEY": secrets.token_urlsafe(50),
        }
        self.instead = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "CCAI_DATA_DIR": str(directory)}

    def environment(self, name):
        """What the service is given, with the servers and the directory of this machine instead of the containers'."""
        given = {key: filled_in(value, self.variables) for key, value in OURS[name]["environment"].items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {
            **image_environment(),
            **given,
            **self.instead,
            "PATH": path,
            "CCAI_ENV_FILE": os.devnull,
            "HOSTNAME": socket.gethostname(),
            "CCAI_SANDBOX_RING_SECONDS": "0.2",
            "CCAI_SANDBOX_TALK_SECONDS": "0.5",
        }

    def here(self, words):
        """A command of the containers for this machine: another port, on this machine alone."""
        words = [word.replace("8000", str(self.port)).replace("0.0.0.0", "127.0.0.1") for word in words]
        if words[0] == "CMD-SHELL":
            return ["sh", "-c", words[1].replace("$$", "$")]
        return words[1:] if words[0] == "CMD" else words

    def run(self, name, command):
        """Run a command in the service's environment to its end."""
        return subprocess.run(
            self.here(command),
            cwd=PROJECT,
            env=self.environment(name),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self, name):
        """Start a service."""
        self.running[name] = subprocess.Popen(
            self.here(OURS[name].get("command") or image("CMD")),
            cwd=PROJECT,
            env=self.environment(name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self):
        """Stop them as Docker does, and return their exit statuses."""
        for process in self.running.values():
            process.terminate()
        return {name: process.wait(timeout=PATIENCE) for name, process in self.running.items()}

    def kill(self):
        """No process is left."""
        for process in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """All services, running."""
    postgresql = start_postgresql()
    # The command of the compose file, but for the name of the program.
    valkey = start_valkey(*SERVICES["valkey"]["command"][1:])
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE ccai LOGIN")
        connection.execute("CREATE DATABASE ccai OWNER ccai")
    url = postgresql.url.replace("postgres@/postgres", "ccai@/ccai")
    production = Production(tmp_path_factory.mktemp("data"), url, valkey.url)
    try:
        production.migrated = production.run("migrate", OURS["migrate"]["command"])
        for name in OURS.keys() - {"migrate"}:
            production.start(name)
        yield production
    finally:
        production.kill()
        valkey.stop()
        postgresql.stop()


class TestTheServices:
    def test_the_migrations_run_to_their_end(self, production):
        assert production.migrated.returncode == 0, production.migrated.stderr

    def test_the_web_server_gets_well(self, production):
        assert wait_for(lambda: production.run("web", image("HEALTHCHECK")).returncode == 0, "health")

    @pytest.mark.parametrize("name", ["worker-clock", "worker-webhooks", "worker", "beat"])
    def test_worker_and_beat_get_well(self, production, name):
        check = OURS[name]["healthcheck"]["test"]

        assert wait_for(lambda: production.run(name, check).returncode == 0, "health")

    def test_the_whole_center_gets_well(self, production):
        def health():
            with suppress(requests.ConnectionError):
                return requests.get(f"http://127.0.0.1:{production.port}/health/", timeout=PATIENCE).json()

        well = {"database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"}
        assert wait_for(lambda: health() == well, "health")

    def test_a_scheduled_call_finishes(self, production):
        loaded = production.run("web", ["python", "manage.py", "load_center", "ccai/center/demo.yaml"])
        assert loaded.returncode == 0, loaded.stderr
        token = production.run("web", ["python", "manage.py", "create_api_token", "test"]).stdout.strip()
        program = Program(f"http://127.0.0.1:{production.port}", token)

        def is_up():
            with suppress(requests.ConnectionError):
                return program.get("/calls").status_code == 200

        wait_for(is_up, "the web server")
        call_id = program.schedule(seconds=2)

        assert program.wait_until_over(call_id)["status"] == "finished"

    def test_all_end_when_they_are_told_to(self, production):
        statuses = production.stop()

        assert set(statuses.values()) <= {0, -signal.SIGTERM}

    def test_a_beat_that_gives_no_sign_is_not_well(self, production):
        # In another database of the same Valkey no beat has ever given one.
        production.instead["REDIS_URL"] += "?db=1"

        assert production.run("beat", OURS["beat"]["healthcheck"]["test"]).returncode == 1
