"""No process runs on wrong settings: it ends, says every fault and repeats no secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
SECRETS = {
    "CCAI_SECRET_KEY": "a-key-that-is-too-short",
    "CCAI_ADMIN_PASSWORD": "hunter2",
    "DATABASE_URL": "mysql://ccai:the-password-of-the-database@localhost/ccai",
    "REDIS_URL": "http://:the-password-of-redis@localhost/0",
}
KEPT_SECRET = ["a-key-that-is-too-short", "hunter2", "the-password-of-the-database", "the-password-of-redis"]
WRONG = {**SECRETS, "CCAI_RATE_LIMIT": "fast", "CCAI_DEBUG": "maybe", "CCAI_TIME_ZONE": "Mars"}
SENTENCES = [
    'CCAI_RATE_LIMIT: "fast" is not a number. Write one, such as 10.',
    'CCAI_DEBUG: "maybe" is neither true nor false. Write one of the two.',
    'CCAI_TIME_ZONE: "Mars" is not a time zone. Write one such as Europe/Berlin.',
    "DATABASE_URL: This is no database. Write postgres://USER:PASSWORD@HOST:5432/NAME, or sqlite:////PATH.",
    "REDIS_URL: This is no Redis. Write redis://HOST:6379/0, rediss://… or unix:///PATH.",
    "CCAI_SECRET_KEY: It is too short to keep a secret. Write at least 32 random characters.",
    "CCAI_ADMIN_EMAIL: It goes with CCAI_ADMIN_PASSWORD. Write both, or neither.",
]
RIGHT = {
    "CCAI_SECRET_KEY": "$a-key-of-more-than-thirty-two-characters",
    "CCAI_ADMIN_EMAIL": "admin@example.com",
    "CCAI_ADMIN_PASSWORD": "correct-horse-battery-staple",
    "DATABASE_URL": "postgres://ccai:secret@localhost:5432/ccai",
    "REDIS_URL": "redis://:secret@localhost:6379/0",
    "CCAI_RATE_LIMIT": "25",
    "CCAI_DEBUG": "no",
    "CCAI_DB_POOL": "true",
    "CCAI_SANDBOX_RING_SECONDS": "0.5",
    "CCAI_TIME_ZONE": "Europe/Berlin",
    "CCAI_VOIP_PROVIDERS": "sandbox_backup,sandbox",
}


def run(directory, variables, *command):
    """Run Python with these arguments and variables to its end; what it says is in `output`."""
    given = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CCAI_") and name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    }
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env={**given, "CCAI_ENV_FILE": os.devnull, "CCAI_DATA_DIR": str(directory), "PYTHONUTF8": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    ended.output = ended.stdout
    return ended


def assert_refused(ended, sentences):
    """It ended with every sentence, and with no secret and no traceback."""
    assert ended.returncode == 1, ended.output
    for sentence in sentences:
        assert sentence in ended.output
    for secret in KEPT_SECRET:
        assert secret not in ended.output
    assert "Traceback" not in ended.output


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["manage.py", "check"], id="manage.py"),
        pytest.param(["-m", "uvicorn", "ccai.asgi:application", "--port", "0"], id="web"),
        pytest.param(["-m", "celery", "-A", "ccai", "worker", "--pool", "threads", "--concurrency", "1"], id="worker"),
        pytest.param(["-m", "celery", "-A", "ccai", "beat"], id="beat"),
    ],
)
def test_wrong_values_are_all_said_at_once_and_no_secret_with_them(tmp_path, command):
    ended = run(tmp_path, WRONG, *command)

    assert ended.returncode == 1, ended.output
    for sentence in SENTENCES:
        assert sentence in ended.output
    for secret in KEPT_SECRET:
        assert secret not in ended.output
    assert "Traceback" not in ended.output


def test_right_values_pass(tmp_path):
    ended = run(tmp_path, RIGHT, "manage.py", "check", "--fail-level", "WARNING")

    assert ended.returncode == 0, ended.output
    assert "no issues" in ended.output


def test_a_data_directory_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    ended = run(tmp_path / "file" / "data", RIGHT, "manage.py", "check")

    assert ended.returncode == 1
    assert "cannot be made" in ended.output
    assert "Traceback" not in ended.output
