"""Over TLS a certificate must be good for the host's name."""

import shutil
import ssl
import subprocess

import pytest

from ccai.webhooks import posting
from ccai.webhooks.posting import WRONG_CERTIFICATE, Target, Watch
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost, and for no address, that it has signed itself."""
    assert shutil.which("openssl"), "there is no openssl (apt install openssl)"
    key, path = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", key, "-out", path, "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return path, key


def test_a_certificate_is_good_for_its_own_name_and_where_its_authority_is_known(certificate, monkeypatch):
    path, key = certificate
    with receiving() as receiver:
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(path, key)
        receiver.server.socket = served.wrap_socket(receiver.server.socket, server_side=True)
        by_address = receiver.url.replace("http:", "https:")
        by_name = by_address.replace("127.0.0.1", "localhost")

        def post(url):
            target = Target(url, 2, Watch())
            answers = [target.post({}, b"{}") for _time in range(2)]
            target.close()
            return answers

        assert {answer.error for answer in post(by_name)} == {WRONG_CERTIFICATE}
        # The authority is known now.
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        posting.tls.cache_clear()
        try:
            before = receiver.connections
            assert [answer.code for answer in post(by_name)] == [200, 200]
            assert receiver.connections == before + 1
            assert {answer.error for answer in post(by_address)} == {WRONG_CERTIFICATE}
        finally:
            posting.tls.cache_clear()
        assert len(receiver.got) == 2
