"""What a center says of its Zendesk account, judged before anything starts."""

import pytest

from ccai.checks import find_faults

RIGHT = {
    "CCAI_CRM": "zendesk",
    "CCAI_ZENDESK_URL": "https://name.zendesk.com",
    "CCAI_ZENDESK_EMAIL": "kim@example.com",
    "CCAI_ZENDESK_TOKEN": "s3cr3t",
    "CCAI_ZENDESK_OAUTH_TOKEN": "",
    "CCAI_ZENDESK_COUNTRY": "US",
    "CCAI_ZENDESK_TIMEOUT": 8.0,
}


def find_names(settings, **changes):
    """The settings that are found wrong, after no secret was seen in what is said of them."""
    for name, value in {**RIGHT, **changes}.items():
        setattr(settings, name, value)
    faults = list(find_faults())
    assert "s3cr3t" not in str(faults)
    return [name for name, _sentence in faults]


def test_an_account_needs_an_address_and_one_way_to_log_in(settings):
    assert find_names(settings) == []
    assert find_names(settings, CCAI_ZENDESK_TOKEN="", CCAI_ZENDESK_EMAIL="", CCAI_ZENDESK_OAUTH_TOKEN="x") == []
    assert find_names(settings, CCAI_CRM="builtin", CCAI_ZENDESK_URL="", CCAI_ZENDESK_TOKEN="") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("CCAI_ZENDESK_URL", url)
            for url in (
                "", "name.zendesk.com", "http://name.zendesk.com", "https://", "https://kim:s3cr3t@name.zendesk.com",
                "https://name.zendesk.com/api/v2", "https://name.zendesk.com:0x", "ftp://name.zendesk.com", "https://[",
            )
        ),
        ("CCAI_ZENDESK_EMAIL", "kim"),
        ("CCAI_ZENDESK_TOKEN", ""),
        ("CCAI_ZENDESK_TOKEN", "s3cr3t\n"),
        ("CCAI_ZENDESK_OAUTH_TOKEN", "another"),
        ("CCAI_ZENDESK_COUNTRY", "USA"),
        ("CCAI_ZENDESK_TIMEOUT", 0.0),
        ("CCAI_ZENDESK_TIMEOUT", 15.5),
        ("CCAI_ZENDESK_TIMEOUT", float("nan")),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(settings, name, value):
    assert find_names(settings, **{name: value}) == [name]
