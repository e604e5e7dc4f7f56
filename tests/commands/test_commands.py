"""What holds for every command of ours: it explains itself, and says what is wrong in a sentence."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils.translation import override

from ccai.models import ApiToken

PROJECT = Path(__file__).parent.parent.parent
OURS = sorted(name for name, app in get_commands().items() if app in ("ccai", "agents", "menus", "calls"))


@pytest.mark.parametrize("name", OURS)
def test_a_command_explains_itself_in_any_language(name):
    for language in ("en", "de"):
        with override(language):
            command = load_command_class(get_commands()[name], name)
            text = command.create_parser("manage.py", name).format_help()
        assert command.help.rstrip(".").split()[-1] in text


@pytest.mark.parametrize("arguments", [["load_center", "tests/data/conformance.center.yaml"], ["dump_center"]])
def test_a_database_without_tables_is_said_in_a_sentence(tmp_path, arguments):
    environment = {**os.environ, "CCAI_DATA_DIR": str(tmp_path)}
    environment.pop("DATABASE_URL", None)
    ended = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "run manage.py migrate first" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.django_db
def test_a_token_needs_a_name():
    with pytest.raises(CommandError, match="The name is empty"):
        call_command("create_api_token", "  ", stdout=StringIO())
    assert not ApiToken.objects.exists()
