"""The address of a URI is what a plan seals, and nothing is asked for it."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.models.address import PROVIDERS, address_of, named_endpoint


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("openai:m@http://h:1", "openai:m@http://h:1/v1"),
        ("openai:m@http://h:1/", "openai:m@http://h:1/v1"),
        ("openai:m@https://h/v1/", "openai:m@https://h/v1"),
        ("openai:a@b@http://h/x", "openai:a@b@http://h/x"),
        ("embedded:smollm2", "embedded:smollm2"),
        ("gguf:/a/b.gguf", "gguf:/a/b.gguf"),
        ("plug:x@y", "plug:x@y"),
    ],
)
def test_a_uri_has_one_address(uri: str, address: str) -> None:
    assert address_of(uri) == address


def test_the_environment_gives_the_address_of_a_bare_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://h:1")
    assert address_of("openai:m") == "openai:m@http://h:1/v1"
    assert named_endpoint("m").is_own
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        address_of("openai:m")


@pytest.mark.parametrize("rest", ["m@ftp://h", "m@http://h:0", "m@http://h:x", "m@http://u:secret@h", "@http://h"])
def test_what_is_no_address_is_refused_without_being_repeated(rest: str) -> None:
    with pytest.raises(InputError) as refused:
        named_endpoint(rest)
    assert "secret" not in str(refused.value)


def test_openais_key_is_for_openais_address() -> None:
    assert named_endpoint("m@https://api.openai.com").is_own
    assert not named_endpoint("m@http://api.openai.com").is_own
    assert not named_endpoint("m@https://api.openai.com.evil.example").is_own


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("anthropic:m", "anthropic:m@https://api.anthropic.com/v1"),
        ("anthropic:m@http://h:1", "anthropic:m@http://h:1/v1"),
        ("anthropic:m@https://h/anthropic/", "anthropic:m@https://h/anthropic/v1"),
        ("anthropic:m@https://h/anthropic/v1", "anthropic:m@https://h/anthropic/v1"),
        ("openai-responses:m", "openai-responses:m@https://api.openai.com/v1"),
        ("openai-responses:m@http://h/x", "openai-responses:m@http://h/x"),
        ("gemini:m", "gemini:m@https://generativelanguage.googleapis.com/v1beta"),
        ("gemini:m@http://h/gemini", "gemini:m@http://h/gemini/v1beta"),
        ("gemini:m@http://h/v1", "gemini:m@http://h/v1"),
        ("azure:d@https://r.openai.azure.com", "azure:d@https://r.openai.azure.com/openai/v1"),
        ("azure:d@http://h/x", "azure:d@http://h/x"),
    ],
)
def test_each_provider_has_its_usual_address(uri: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert address_of(uri) == address
    assert address_of(address) == address


@pytest.mark.parametrize(
    "uri", ["anthropic:m@https://h/v1/messages", "openai-responses:m@https://h/v1/responses/", "anthropic:@https://h"]
)
def test_an_address_that_goes_too_far_says_where_to_end(uri: str) -> None:
    kind = uri.partition(":")[0]
    with pytest.raises(InputError, match=kind):
        address_of(uri)


@pytest.mark.parametrize("kind", PROVIDERS)
@pytest.mark.parametrize("is_set", [False, True], ids=["usual", "variable"])
@pytest.mark.parametrize(
    "rest",
    ["m@localhost:8000", "m@localhost/v1", "m@", "m@proxy.internal", "a@b@10.0.0.5:80", "m@proxy.intern/v1",
     "m@gateway", "m@//h/v1", "m@10.0.0.5/v1", "m@10.0.0.5", "m@/v1", "m@[::1]", "org/m@proxy",
     "m@main@proxy", "m@ proxy", "m@v1.h"],
)  # fmt: skip
def test_an_address_without_its_scheme_never_goes_elsewhere(
    kind: str, rest: str, is_set: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions and the key leave for no address that the user did not name beside this model."""
    monkeypatch.delenv(PROVIDERS[kind].base_variable, raising=False)
    if is_set:
        monkeypatch.setenv(PROVIDERS[kind].base_variable, "https://elsewhere.example/v1")
    with pytest.raises(InputError, match="a URL that begins with http:// or https://"):
        named_endpoint(rest, kind)


@pytest.mark.parametrize("kind", PROVIDERS)
@pytest.mark.parametrize(
    "name", ["claude@20250514", "m@001", "org/m@v1.2", "m@latest", "m@main", "@cf/meta/llama-3.1-8b"]
)
def test_a_name_may_hold_an_at_sign(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROVIDERS[kind].base_variable, "https://elsewhere.example/v1")
    assert named_endpoint(name, kind).name == name
    assert named_endpoint(name + "@http://h/v1", kind).name == name
    assert named_endpoint("m@any@http://h/v1", kind).name == "m@any"
