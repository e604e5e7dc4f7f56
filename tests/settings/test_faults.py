"""Wrong values of settings: each is a sentence that names the variable and says what to write instead."""

import math

import pytest
from django.conf import settings as configured
from django.core import checks

from ccai.checks import LEAST, MOST, find_faults
from ccai.environment import Environment

PASSWORD = "a-password-that-nobody-may-read"


@pytest.fixture
def environment(monkeypatch):
    """An environment that has one more variable, and reads it."""

    def make(name, value):
        monkeypatch.setenv(name, value)
        return Environment()

    return make


class TestValuesThatCannotBeRead:
    """They are as if they had not been given, so that all faults can be said at once."""

    @pytest.mark.parametrize("value", ["abc", "", " ", "1.5", "1,000", "ten", "0x10"])
    def test_what_is_no_whole_number_is_said(self, environment, value):
        env = environment("CCAI_EXAMPLE", value)

        assert env.int("CCAI_EXAMPLE", default=10) == 10
        assert env.faults == {"CCAI_EXAMPLE": f'"{value}" is not a number. Write one, such as 10.'}

    @pytest.mark.parametrize("value", ["abc", "", "1s", "1,5", "1.000,5"])
    def test_what_is_no_number_is_said(self, environment, value):
        env = environment("CCAI_EXAMPLE", value)

        assert env.float("CCAI_EXAMPLE", default=0.5) == 0.5
        assert env.faults == {"CCAI_EXAMPLE": f'"{value}" is not a number. Write one, such as 0.5.'}

    @pytest.mark.parametrize("value", ["maybe", "2", "ja", "-", "truefalse"])
    def test_what_is_neither_true_nor_false_is_said(self, environment, value):
        env = environment("CCAI_EXAMPLE", value)

        assert env.bool("CCAI_EXAMPLE", default=False) is False
        assert env.faults == {"CCAI_EXAMPLE": f'"{value}" is neither true nor false. Write one of the two.'}

    @pytest.mark.parametrize(
        ("meant", "values"),
        [(True, ["true", "TRUE", "1", "on", "yes"]), (False, ["false", "False", "0", "off", "no", ""])],
    )
    def test_true_and_false_can_be_written_in_several_ways(self, environment, meant, values):
        for value in values:
            env = environment("CCAI_EXAMPLE", value)

            assert env.bool("CCAI_EXAMPLE", default=not meant) is meant
            assert env.faults == {}

    @pytest.mark.parametrize("scheme", ["mysql", "postgre", "oracle", "http", "redis", "ccai"])
    def test_what_is_no_database_is_said_without_its_password(self, environment, scheme):
        env = environment("DATABASE_URL", f"{scheme}://ccai:{PASSWORD}@localhost/ccai")

        assert env.database("DATABASE_URL", default="sqlite:///unused") == {"ENGINE": "django.db.backends.dummy"}
        assert env.faults == {
            "DATABASE_URL": "This is no database. Write postgres://USER:PASSWORD@HOST:5432/NAME, or sqlite:////PATH."
        }

    def test_a_port_of_the_database_that_is_no_number_is_said_without_the_password(self, environment):
        env = environment("DATABASE_URL", f"postgres://ccai:{PASSWORD}@localhost:port/ccai")

        env.database("DATABASE_URL", default="sqlite:///unused")

        assert "DATABASE_URL" in env.faults
        assert PASSWORD not in str(env.faults)

    @pytest.mark.parametrize(
        ("url", "engine", "name"),
        [
            ("postgres://ccai:secret@db:5432/center", "django.db.backends.postgresql", "center"),
            ("postgresql://ccai:secret@db/center", "django.db.backends.postgresql", "center"),
            ("sqlite:////tmp/center.sqlite3", "django.db.backends.sqlite3", "/tmp/center.sqlite3"),
        ],
    )
    def test_a_database_is_found_by_its_url(self, environment, url, engine, name):
        env = environment("DATABASE_URL", url)

        database = env.database("DATABASE_URL", default="sqlite:///unused")

        assert (database["ENGINE"], database["NAME"]) == (engine, name)
        assert env.faults == {}

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("url", ["", "ccai", f"//ccai:{PASSWORD}@localhost/ccai"])
    def test_what_is_no_url_is_no_database_and_the_library_says_nothing_of_it(self, environment, url):
        env = environment("DATABASE_URL", url)

        env.database("DATABASE_URL", default="sqlite:///unused")

        assert "DATABASE_URL" in env.faults

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "localhost:6379",
            f"http://:{PASSWORD}@localhost/",
            f"redis://:{PASSWORD}@localhost:port/0",
            f"redis://:{PASSWORD}/@localhost",
            "redis://[::1",
        ],
    )
    def test_what_is_no_redis_is_said_without_its_password(self, environment, url):
        env = environment("REDIS_URL", url)

        assert env.redis("REDIS_URL", default="redis://localhost") == "redis://localhost"
        assert env.faults == {"REDIS_URL": "This is no Redis. Write redis://HOST:6379/0, rediss://… or unix:///PATH."}

    @pytest.mark.parametrize(
        "url",
        ["redis://:secret@valkey:6379/0", "rediss://valkey", "unix:///run/valkey.sock?db=3", "redis://[::1]:6379"],
    )
    def test_a_redis_is_known_by_its_url(self, environment, url):
        env = environment("REDIS_URL", url)

        assert env.redis("REDIS_URL", default="redis://localhost") == url
        assert env.faults == {}

    @pytest.mark.parametrize("url", ["mail.example.com", f"http://a:{PASSWORD}@b", f"smtp://a:{PASSWORD}@b:port"])
    def test_what_is_no_mail_server_is_said_without_its_password(self, environment, url):
        env = environment("CCAI_EMAIL_URL", url)

        assert env.mail("CCAI_EMAIL_URL")["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"
        assert env.faults == {
            "CCAI_EMAIL_URL": "This is no mail server. Write smtp+tls://USER:PASSWORD@HOST:587, or consolemail://."
        }

    def test_a_mail_server_is_known_by_its_url(self, environment):
        mail = environment("CCAI_EMAIL_URL", "smtp+tls://ana:secret@mail.example.com:587").mail("CCAI_EMAIL_URL")

        assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)
        assert (mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]) == ("ana", "secret")

    def test_a_value_that_begins_with_a_dollar_is_itself(self, environment):
        assert environment("CCAI_EXAMPLE", "$HOME-is-no-other-variable").str("CCAI_EXAMPLE") == (
            "$HOME-is-no-other-variable"
        )

    def test_they_are_among_the_faults(self, settings):
        settings.CCAI_UNREADABLE = {"CCAI_DEBUG": "A sentence."}

        assert list(find_faults()) == [("CCAI_DEBUG", "A sentence.")]


WRONG = [
    ("CCAI_SUBDOMAIN", "", '"" is not one part of a host name. Write one such as demo.'),
    ("CCAI_SUBDOMAIN", "a.b", '"a.b" is not one part of a host name. Write one such as demo.'),
    ("CCAI_SUBDOMAIN", "a b", '"a b" is not one part of a host name. Write one such as demo.'),
    ("CCAI_SUBDOMAIN", "-a", '"-a" is not one part of a host name. Write one such as demo.'),
    ("CCAI_SUBDOMAIN", "demo\n", '"demo\n" is not one part of a host name. Write one such as demo.'),
    ("CCAI_SUBDOMAIN", "größe", '"größe" is not one part of a host name. Write one such as demo.'),
    ("CCAI_DOMAIN", "", '"" is not a host name. Write one such as example.com.'),
    ("CCAI_DOMAIN", "example..com", '"example..com" is not a host name. Write one such as example.com.'),
    ("CCAI_DOMAIN", ".example.com", '".example.com" is not a host name. Write one such as example.com.'),
    ("CCAI_DOMAIN", "https://a.b", '"https://a.b" is not a host name. Write one such as example.com.'),
    ("CCAI_DOMAIN", "example.com:80", '"example.com:80" is not a host name. Write one such as example.com.'),
    ("CCAI_TIME_ZONE", "", '"" is not a time zone. Write one such as Europe/Berlin.'),
    ("CCAI_TIME_ZONE", "Mars", '"Mars" is not a time zone. Write one such as Europe/Berlin.'),
    ("CCAI_TIME_ZONE", "../UTC", '"../UTC" is not a time zone. Write one such as Europe/Berlin.'),
    ("CCAI_TIME_ZONE", "+02:00", '"+02:00" is not a time zone. Write one such as Europe/Berlin.'),
    ("CCAI_LOG_LEVEL", "chatty", '"chatty" is not a level. Write DEBUG, INFO, WARNING or ERROR.'),
    ("CCAI_LOG_LEVEL", "info", '"info" is not a level. Write DEBUG, INFO, WARNING or ERROR.'),
    ("CCAI_VOIP_PROVIDERS", [], "It is empty. Write at least one of sandbox, sandbox_backup, twilio."),
    ("CCAI_VOIP_PROVIDERS", ["tin_can"], '"tin_can" is not a provider. Known are sandbox, sandbox_backup, twilio.'),
    ("CCAI_VOIP_PROVIDERS", ["sandbox", "sandbox"], "A provider stands there twice. Write each once."),
    ("CCAI_CRM", "notebook", '"notebook" is not a CRM. Known are builtin, zendesk.'),
    ("SECRET_KEY", "x" * 31, "It is too short to keep a secret. Write at least 32 random characters."),
]
# The settings whose variable has another name.
VARIABLES = {"SECRET_KEY": "CCAI_SECRET_KEY"}


class TestValuesThatAreNotPossible:
    def test_there_are_no_faults_in_these_settings(self):
        assert list(find_faults()) == []

    @pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
    def test_each_has_its_sentence(self, settings, name, value, sentence):
        setattr(settings, name, value)

        assert list(find_faults()) == [(VARIABLES.get(name, name), sentence)]

    @pytest.mark.parametrize("name", LEAST)
    @pytest.mark.parametrize("past", [-1, -(10**12), -math.inf, math.inf, math.nan])
    def test_a_number_that_is_not_possible_is_said_with_the_least(self, settings, name, past):
        value = LEAST[name] - 1 if past == -1 else past
        setattr(settings, name, value)

        assert list(find_faults()) == [(name, f"{value} is not possible. Write a number from {LEAST[name]} on.")]

    @pytest.mark.parametrize("name", LEAST)
    @pytest.mark.parametrize("most", [False, True])
    def test_the_least_and_the_most_are_possible(self, settings, name, most):
        setattr(settings, name, MOST if most else LEAST[name])

        assert list(find_faults()) == []

    def test_every_number_that_the_environment_can_set_has_a_least(self):
        numbers = {
            name
            for name in dir(configured)
            if name.startswith("CCAI_") and type(getattr(configured, name)) in (int, float)
        }

        assert numbers == set(LEAST)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("CCAI_SUBDOMAIN", "a"),
            ("CCAI_SUBDOMAIN", "a-1"),
            ("CCAI_SUBDOMAIN", "x" * 63),
            ("CCAI_DOMAIN", "localhost"),
            ("CCAI_DOMAIN", "calls.example.co.uk"),
            ("CCAI_TIME_ZONE", "America/Argentina/Buenos_Aires"),
            ("CCAI_LOG_LEVEL", "DEBUG"),
            ("CCAI_VOIP_PROVIDERS", ["sandbox_backup"]),
            ("SECRET_KEY", "x" * 32),
        ],
    )
    def test_right_values_pass(self, settings, name, value):
        setattr(settings, name, value)

        assert list(find_faults()) == []

    def test_all_are_said_at_once(self, settings):
        settings.CCAI_UNREADABLE = {"CCAI_DEBUG": "A sentence."}
        settings.CCAI_RATE_LIMIT = 0
        settings.CCAI_VOIP_PROVIDERS = ["pigeon", "pigeon"]
        settings.CCAI_CRM = "notebook"

        named = [name for name, _sentence in find_faults()]

        assert sorted(named) == [
            "CCAI_CRM",
            "CCAI_DEBUG",
            "CCAI_RATE_LIMIT",
            *["CCAI_VOIP_PROVIDERS"] * 3,
        ]

    def test_they_are_errors_of_the_system_check(self, settings):
        settings.CCAI_CRM = "notebook"

        (error,) = [message for message in checks.run_checks() if message.id == "ccai.E001"]

        assert error.is_serious()
        assert error.msg == 'CCAI_CRM: "notebook" is not a CRM. Known are builtin, zendesk.'


class TestTheFirstAdminsSettings:
    @pytest.mark.parametrize(("email", "password"), [("admin@example.com", ""), ("", PASSWORD)])
    def test_one_without_the_other_is_said(self, settings, email, password):
        settings.CCAI_ADMIN_EMAIL, settings.CCAI_ADMIN_PASSWORD = email, password

        assert list(find_faults()) == [
            ("CCAI_ADMIN_EMAIL", "It goes with CCAI_ADMIN_PASSWORD. Write both, or neither."),
        ]

    @pytest.mark.parametrize("email", ["admin", "admin@", "a b@example.com", "admin@example.com,b@example.com"])
    def test_what_is_no_address_is_said(self, settings, email):
        settings.CCAI_ADMIN_EMAIL, settings.CCAI_ADMIN_PASSWORD = email, PASSWORD

        assert list(find_faults()) == [("CCAI_ADMIN_EMAIL", f'"{email}" is not an e-mail address.')]

    def test_a_short_password_is_said_and_not_repeated(self, settings):
        settings.CCAI_ADMIN_EMAIL, settings.CCAI_ADMIN_PASSWORD = "admin@example.com", "secret7"

        assert list(find_faults()) == [("CCAI_ADMIN_PASSWORD", "It is too short. Write at least 8 characters.")]

    def test_an_address_and_eight_characters_pass(self, settings):
        settings.CCAI_ADMIN_EMAIL, settings.CCAI_ADMIN_PASSWORD = "admin@example.com", "secret78"

        assert list(find_faults()) == []
