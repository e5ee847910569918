from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard_server.oidc.settings import callback_url, is_secure_url, oidc_settings


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("s3cret-of-the-client\n")
    path.chmod(0o600)
    return path


def test_what_is_named_is_read_and_the_secret_is_in_no_text(secret: Path) -> None:
    found = oidc_settings(issuer="https://id.example/realms/a", client_id="steelyard", secret_file=secret)
    assert found is not None
    assert (found.client_secret, found.groups_claim) == ("s3cret-of-the-client", "groups")
    assert "s3cret" not in repr(found)
    assert oidc_settings(issuer="", client_id="", secret_file=None) is None
    assert callback_url("https://evals.example") == "https://evals.example/sign-in/callback"


def test_half_a_provider_is_refused(secret: Path) -> None:
    parts: tuple[dict[str, Any], ...] = (
        {"issuer": "", "client_id": "x", "secret_file": None},
        {"issuer": "", "client_id": "", "secret_file": secret},
        {"issuer": "https://id.example", "client_id": "", "secret_file": secret},
        {"issuer": "https://id.example", "client_id": "x", "secret_file": None},
    )
    for options in parts:
        with pytest.raises(InputError, match="need"):
            oidc_settings(**options)


@pytest.mark.parametrize(
    "issuer",
    ["http://id.example", "id.example", "ftp://id.example", "https://", "https://u:p@id.example", "https://id.example?x",
     "https://id.example#x", "https://id.exa mple", "https://[::1", "https://id.example\\@evil", "https://é.example"],
)  # fmt: skip
def test_an_issuer_is_an_https_address(secret: Path, issuer: str) -> None:
    with pytest.raises(InputError, match="--oidc-issuer takes the https address"):
        oidc_settings(issuer=issuer, client_id="x", secret_file=secret)


def test_loopback_may_be_http() -> None:
    assert is_secure_url("http://127.0.0.1:9000/op")
    assert is_secure_url("http://localhost:9000")
    assert not is_secure_url("http://192.168.0.1:9000")


def test_a_secret_that_others_may_read_is_noticed_and_never_repeated(secret: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"issuer": "https://id.example", "client_id": "x"}
    secret.chmod(0o644)
    with pytest.raises(InputError, match="anybody can read it") as caught:
        oidc_settings(**options, secret_file=secret)
    assert "s3cret" not in str(caught.value)
    secret.chmod(0o600)
    for content in ("", "two\nlines", "x" * 5000):
        secret.write_text(content)
        with pytest.raises(InputError, match="holds no secret of one line"):
            oidc_settings(**options, secret_file=secret)
    with pytest.raises(InputError, match="cannot be read"):
        oidc_settings(**options, secret_file=tmp_path / "absent")
    with pytest.raises(InputError, match="is no regular file"):
        oidc_settings(**options, secret_file=Path("/dev/null"))


def test_a_bundle_of_certificates_and_a_claim_are_checked(secret: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"issuer": "https://id.example", "client_id": "x"}
    (tmp_path / "ca.pem").write_text("no certificate")
    for file in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(InputError, match="holds no certificates"):
            oidc_settings(**options, secret_file=secret, ca_file=file)
    with pytest.raises(InputError, match="name of a claim"):
        oidc_settings(**options, secret_file=secret, groups_claim="two words")
    for scopes in ("profile", "", "openid  profile", "openid\nprofile", 'openid "x"'):
        with pytest.raises(InputError, match="with openid in it"):
            oidc_settings(**options, secret_file=secret, scopes=scopes)
