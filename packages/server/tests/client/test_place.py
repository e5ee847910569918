"""Which platform is asked, and where its token comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.client.answering import TOKEN
from steelyard.errors import InputError
from steelyard_server.client.place import platform_address, read_token


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://evals.example.com/", "https://evals.example.com"),
        ("http://127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("http://localhost:8420", "http://localhost:8420"),
    ],
)
def test_an_address_is_scheme_and_host(url: str, address: str) -> None:
    assert platform_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://evals.example.com", "evals.example.com", "https://evals.example.com/x", "https://u:p@e.example", "file:///x",
        "https://e.example:x", "http://127.0.0.1.evil.example",
    ],
)  # fmt: skip
def test_another_address_is_refused_and_so_is_clear_text(url: str) -> None:
    with pytest.raises(InputError):
        platform_address(url)


def test_a_token_comes_from_the_environment_or_a_file_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEELYARD_TOKEN", raising=False)
    with pytest.raises(InputError, match="no token"):
        read_token(None)
    monkeypatch.setenv("STEELYARD_TOKEN", TOKEN)
    assert read_token(None) == TOKEN
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o644)
    with pytest.raises(InputError, match="read by others"):
        read_token(file)
    file.chmod(0o600)
    assert read_token(file) == TOKEN
    file.write_text("a secret of another kind")
    with pytest.raises(InputError) as caught:
        read_token(file)
    assert "a secret" not in str(caught.value)
    with pytest.raises(InputError, match="no regular file"):
        read_token(Path("/dev/null"))
