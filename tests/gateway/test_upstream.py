"""The named endpoint: its URL and key are checked, and only end-to-end headers are forwarded."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from steelyard.errors import InputError
from steelyard.gateway.upstream import end_to_end, is_encoded, named_endpoint, own_key


def test_an_endpoint_without_a_path_gets_v1() -> None:
    assert named_endpoint("https://api.example.com") == "https://api.example.com/v1"
    assert named_endpoint("http://127.0.0.1:8000/openai/") == "http://127.0.0.1:8000/openai"


@pytest.mark.parametrize(
    "url",
    ["api.example.com", "ftp://x", "http://", "http://x:0/", "http://u:secret@x/", "http://x/?k=secret", "http://a b"],
)
def test_a_wrong_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InputError) as refused:
        named_endpoint(url)
    assert "secret" not in str(refused.value)


def test_the_own_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_API_KEY", raising=False)
    assert own_key(None) == ""
    monkeypatch.setenv("STEELYARD_API_KEY", " sk-1 ")
    assert own_key(None) == "sk-1"
    with pytest.raises(InputError, match="NOT_SET holds no API key"):
        own_key("NOT_SET")
    monkeypatch.setenv("STEELYARD_API_KEY", "ключ")
    with pytest.raises(InputError, match="characters that no HTTP header can"):
        own_key(None)


def test_hop_by_hop_headers_end_here() -> None:
    headers = CIMultiDict([("Connection", "X-Mine"), ("X-Mine", "1"), ("TE", "gzip"), ("Accept", "a"), ("Accept", "b")])
    assert list(end_to_end(headers).items()) == [("Accept", "a"), ("Accept", "b")]
    assert list(end_to_end(headers, frozenset({"accept"}))) == []


@pytest.mark.parametrize(
    ("stated", "encoded"),
    [
        ([], False),
        ([("Content-Encoding", "identity"), ("Transfer-Encoding", "chunked")], False),
        ([("content-encoding", "gzip")], True),
        ([("Content-Encoding", "identity"), ("Content-Encoding", "GZIP, gzip")], True),
        ([("Transfer-Encoding", "gzip, chunked")], True),
        ([("Content-Encoding", "br")], True),
    ],
)
def test_an_encoded_reply_is_seen(stated: list[tuple[str, str]], encoded: bool) -> None:
    assert is_encoded(CIMultiDict(stated)) is encoded
