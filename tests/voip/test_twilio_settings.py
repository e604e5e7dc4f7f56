"""What Twilio needs in the settings, where it is a provider; and the project without its package."""

import os
import subprocess
import sys

import pytest

from ccai.checks import find_faults
from tests.serve.running import PROJECT
from tests.voip.paper import ACCOUNT, PUBLIC, TOKEN

INSTALL = (
    "It names twilio, whose package is not installed. Install it: "
    f"{sys.executable} -m pip install --require-hashes -r requirements-twilio.txt"
)
RIGHT = {
    "CCAI_VOIP_PROVIDERS": ["twilio"],
    "CCAI_TWILIO_ACCOUNT_SID": ACCOUNT,
    "CCAI_TWILIO_AUTH_TOKEN": TOKEN,
    "CCAI_PUBLIC_URL": PUBLIC,
}
WRONG = [
    ("CCAI_TWILIO_ACCOUNT_SID", "", "It is not an account of Twilio. Write AC and 32 letters and digits."),
    ("CCAI_TWILIO_ACCOUNT_SID", "SK" + "0" * 32, "It is not an account of Twilio. Write AC and 32 letters and digits."),
    ("CCAI_TWILIO_AUTH_TOKEN", "", "It is empty, so that no callback could be verified. Write the account's."),
    ("CCAI_TWILIO_API_KEY", "SK1", "It goes with CCAI_TWILIO_API_SECRET. Write both, or neither."),
    ("CCAI_TWILIO_TIMEOUT", 13, "So long nobody waits. Write 12 seconds at most."),
    (
        "CCAI_PUBLIC_URL",
        "http://demo.localhost:8000",
        'Twilio cannot report to "http://demo.localhost:8000". Write the address that the world has for this center, '
        "such as https://demo.example.com.",
    ),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_what_is_wrong_has_its_sentence(settings, name, value, sentence):
    for setting, right in RIGHT.items():
        setattr(settings, setting, right)
    assert list(find_faults()) == []

    setattr(settings, name, value)

    assert list(find_faults()) == [(name, sentence)]


def test_without_the_package_all_else_runs_and_a_sentence_says_so(tmp_path):
    program = (
        "import sys; sys.modules['twilio'] = None; "
        "from django.core.management import execute_from_command_line as run; run(['manage.py', 'check'])"
    )
    given = {name: value for name, value in os.environ.items() if not name.startswith("CCAI_")}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={
            **given,
            "DJANGO_SETTINGS_MODULE": "ccai.settings",
            "CCAI_ENV_FILE": os.devnull,
            "CCAI_DATA_DIR": str(tmp_path),
            "CCAI_VOIP_PROVIDERS": "twilio",
            "CCAI_TWILIO_ACCOUNT_SID": ACCOUNT,
            "CCAI_TWILIO_AUTH_TOKEN": TOKEN,
            "CCAI_PUBLIC_URL": PUBLIC,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.count("(ccai.E001)") == 1
    assert f"CCAI_VOIP_PROVIDERS: {INSTALL}" in ended.stderr
    assert "Traceback" not in ended.stderr
