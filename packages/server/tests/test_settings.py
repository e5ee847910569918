from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_server.settings import serve_settings

HERE = Path("data")


def test_on_loopback_it_answers_to_the_names_of_this_machine() -> None:
    settings = serve_settings(data=HERE, bind="127.0.0.1:8420")
    assert settings.hosts == {"127.0.0.1:8420", "localhost:8420", "[::1]:8420"}
    assert settings.origins == {"http://127.0.0.1:8420", "http://localhost:8420", "http://[::1]:8420"}
    assert settings.base_url == "http://127.0.0.1:8420"
    assert not settings.is_secure


def test_elsewhere_it_wants_tls_or_a_proxy_and_its_one_name(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("x")
    with pytest.raises(InputError, match="in clear"):
        serve_settings(data=HERE, bind="0.0.0.0:443", public_url="https://evals.example.com")
    with pytest.raises(InputError, match="--public-url"):
        serve_settings(data=HERE, bind="0.0.0.0:443", tls_cert=certificate, tls_key=certificate)
    settings = serve_settings(
        data=HERE,
        bind="0.0.0.0:443",
        public_url="https://Evals.example.com/",
        tls_cert=certificate,
        tls_key=certificate,
    )
    assert settings.hosts == {"evals.example.com", "evals.example.com:443"}
    assert settings.origins == {"https://evals.example.com"}
    assert settings.is_secure


def test_behind_a_proxy_on_loopback_its_own_names_are_left_for_health_checks() -> None:
    settings = serve_settings(
        data=HERE, bind="127.0.0.1:8420", public_url="https://evals.example.com:8443", proxies=("127.0.0.1/32",)
    )
    assert settings.hosts == {
        "evals.example.com:8443", "127.0.0.1:8420", "localhost:8420", "[::1]:8420"
    }  # fmt: skip
    assert settings.is_secure


def test_behind_a_proxy_on_loopback_the_proxy_is_named_or_everybody_has_one_address() -> None:
    with pytest.raises(InputError, match=r"--trusted-proxy 127\.0\.0\.1/32"):
        serve_settings(data=HERE, bind="127.0.0.1:8420", public_url="https://evals.example.com")


@pytest.mark.parametrize("bind", ["8420", "127.0.0.1", "127.0.0.1:99999", "example.com:80", ":80", "127.0.0.1:-1"])
def test_an_address_that_cannot_be_read_is_refused(bind: str) -> None:
    with pytest.raises(InputError, match="--bind takes"):
        serve_settings(data=HERE, bind=bind)


@pytest.mark.parametrize(
    "url",
    [
        "evals.example.com",
        "ftp://evals.example.com",
        "https://evals.example.com/path",
        "https://user@evals.example.com",
        "https://evals.example.com:x",
        "https://evals.exa mple.com",
        "https://a\nb.example.com",
        "https://",
    ],
)
def test_a_public_address_is_scheme_and_host(url: str) -> None:
    with pytest.raises(InputError, match="--public-url takes"):
        serve_settings(data=HERE, bind="127.0.0.1:8420", public_url=url)


def test_half_of_tls_and_a_proxy_without_https_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="belong together"):
        serve_settings(data=HERE, bind="127.0.0.1:1", tls_cert=tmp_path / "x")
    with pytest.raises(InputError, match="is no file"):
        serve_settings(data=HERE, bind="127.0.0.1:1", tls_cert=tmp_path / "x", tls_key=tmp_path / "y")
    with pytest.raises(InputError, match="needs --public-url"):
        serve_settings(data=HERE, bind="127.0.0.1:1", proxies=("10.0.0.0/8",))
    with pytest.raises(InputError, match="takes a network"):
        serve_settings(data=HERE, bind="127.0.0.1:1", proxies=("proxy.example",), public_url="https://a.example")
