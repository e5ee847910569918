from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_server.endpoints.form import Terms, check_key, read_endpoint, read_terms

TERMS = Terms(models=("qwen", "org/m@v2"), concurrency=4)


@pytest.mark.parametrize(
    ("kind", "url", "found"),
    [
        ("openai", "http://10.0.0.7:8000", ("http", "10.0.0.7", 8000, "/v1")),
        ("openai", "http://[fd12::7]:8000/team/v1/", ("http", "fd12::7", 8000, "/team/v1")),
        ("openai", "https://gpu.example.com", ("https", "gpu.example.com", 443, "/v1")),
        ("anthropic", "https://api.anthropic.com", ("https", "api.anthropic.com", 443, "/v1")),
        ("azure", "https://x.openai.azure.com", ("https", "x.openai.azure.com", 443, "/openai/v1")),
    ],
)
def test_an_address_is_the_base_that_the_command_line_has(
    kind: str, url: str, found: tuple[str, str, int, str]
) -> None:
    read = read_endpoint("vLLM (gpu-3)", kind, url, TERMS)
    assert (read.scheme, read.host, read.port, read.path) == found


@pytest.mark.parametrize(
    ("name", "kind", "url"),
    [
        ("", "openai", "http://h"), ("<b>", "openai", "http://h"), ("x", "gguf", "http://h"),
        ("x", "openai", "file:///etc/passwd"), ("x", "openai", "10.0.0.7"), ("x", "openai", "http://u:sk-1@h"),
        ("x", "openai", "http://h?key=sk-1"), ("x", "openai", "http://h:0"), ("x", "openai", "http://h:99999"),
        ("x", "openai", "http://h/a b"), ("x", "openai", "http://h/%2e%2e/"), ("x", "openai", "http://"),
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_without_quoting_it(name: str, kind: str, url: str) -> None:
    with pytest.raises(InputError) as caught:
        read_endpoint(name, kind, url, TERMS)
    assert "sk-1" not in str(caught.value)


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_text_is_an_endpoint_or_refused(name: str, url: str) -> None:
    with contextlib.suppress(InputError):
        read = read_endpoint(name, "openai", "http://" + url, TERMS)
        assert read.host
        assert read.host.isascii()


def test_terms_are_read_strictly() -> None:
    found = read_terms("qwen\r\n\n qwen \norg/m@v2", "4", "0.15", " ")
    assert found == Terms(models=("qwen", "org/m@v2"), concurrency=4, price_in=Decimal("0.15"), price_out=None)
    for wrong in (
        ("", "4", "", ""), ("a\x00b", "4", "", ""), ("a", "0", "", ""), ("a", "1001", "", ""), ("a", "x", "", ""),
        ("a", "4", "-1", ""), ("a", "4", "NaN", ""), ("a", "4", "", "1e9"), ("a", "4", "free", ""), ("@a", "4", "", ""),
        ("\n".join(map(str, range(101))), "4", "", ""),
    ):  # fmt: skip
        with pytest.raises(InputError):
            read_terms(*wrong)


@pytest.mark.parametrize("key", ["", "a b", "sk-\n", "schlüssel", "x" * 4097, "a\r\nHost: evil"])
def test_a_key_that_no_header_carries_is_not_quoted(key: str) -> None:
    with pytest.raises(InputError) as caught:
        check_key(key)
    assert not key or key not in str(caught.value)
