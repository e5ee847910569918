"""Which key is sent where: from the environment alone, a vendor's own to the vendor's own addresses alone."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.address import named_endpoint
from steelyard.models.api_key import key_for

VENDORS = {"openai": "OPENAI_API_KEY", "openai-responses": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@pytest.fixture(autouse=True)
def every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MINE"):
        monkeypatch.setenv(name, f"sk-of-{name}")
    for name in ("STEELYARD_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("kind", "rest", "sent"),
    [
        ("anthropic", "m", "sk-of-ANTHROPIC_API_KEY"),
        ("anthropic", "m@https://api.anthropic.com", "sk-of-ANTHROPIC_API_KEY"),
        ("anthropic", "m@http://api.anthropic.com", ""),
        ("anthropic", "m@https://api.anthropic.com.evil.example", ""),
        ("anthropic", "m@https://api.openai.com", ""),
        ("openai-responses", "m", "sk-of-OPENAI_API_KEY"),
        ("openai-responses", "m@https://api.openai.com/v1", "sk-of-OPENAI_API_KEY"),
        ("openai-responses", "m@https://api.anthropic.com/v1", ""),
        ("openai", "m@https://api.openai.com/v1", "sk-of-OPENAI_API_KEY"),
        ("openai", "m@https://api.anthropic.com/v1", ""),
    ],
)
def test_a_vendors_key_goes_to_the_vendor(kind: str, rest: str, sent: str) -> None:
    key = key_for(named_endpoint(rest, kind), Settings())
    assert key.value == sent
    assert "sk-of" not in repr(key)
    if not sent:
        assert f"{VENDORS[kind]} goes to https://" in key.about
        assert "set STEELYARD_API_KEY" in key.about


def test_the_address_in_the_environment_gets_the_key_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9/proxy")
    found = named_endpoint("m", "anthropic")
    assert found.base == "http://127.0.0.1:9/proxy/v1"
    assert key_for(found, Settings()).value == "sk-of-ANTHROPIC_API_KEY"


def test_a_named_variable_and_ours_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    named = named_endpoint("m", "anthropic")
    assert key_for(named, Settings(api_key_env="MINE")).value == "sk-of-MINE"
    monkeypatch.setenv("STEELYARD_API_KEY", " ours\n")
    assert key_for(named, Settings()).value == "ours"
    assert key_for(named, Settings(usual_keys=False)).value == ""


def test_one_that_is_absent_or_no_header_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    named = named_endpoint("m", "anthropic")
    with pytest.raises(InputError, match="NO_SUCH holds no API key"):
        key_for(named, Settings(api_key_env="NO_SUCH"))
    monkeypatch.setenv("MINE", "two\nlines-secret")
    with pytest.raises(InputError, match="no HTTP header can") as refused:
        key_for(named, Settings(api_key_env="MINE"))
    assert "secret" not in str(refused.value)
