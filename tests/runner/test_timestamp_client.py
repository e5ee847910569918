"""One request to one address: what is sent, and what comes back. How it fails: tests/test_time_stamps.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from steelyard.errors import InputError, TimestampUnavailable
from steelyard.evidence.timestamp import read_stamp
from steelyard.evidence.timestamp_signature import new_request
from steelyard.runner.timestamp_client import ask_for_stamp, check_address
from testkit.timestamp_authority import TimestampAuthority


def ask(url: str, body: bytes = b"?", seconds: float | None = None) -> bytes:
    return asyncio.run(ask_for_stamp(url, body, seconds))


def test_the_request_is_posted_as_it_is(tmp_path: Path) -> None:
    request = new_request(b"data")
    with TimestampAuthority(tmp_path / "tsa") as authority:
        assert read_stamp(ask(authority.url, request.body)).nonce == request.nonce
        assert (authority.asked, authority.paths) == ([request.body], ["/tsr?of=tests"])
        sent = authority.headers[0]
    assert (sent["Content-Type"], sent["Accept-Encoding"]) == ("application/timestamp-query", "identity")
    assert "Authorization" not in sent
    assert "Cookie" not in sent


def test_the_users_proxy_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TimestampAuthority(tmp_path / "proxy") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.partition("/tsr")[0])
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        proxy.reply = lambda request: (200, {}, b"stamp")
        assert ask("http://tsa.invalid/x?y=%20z") == b"stamp"
        assert proxy.paths == ["http://tsa.invalid/x?y=%20z"]
        monkeypatch.setenv("http_proxy", "nonsense with a secret")
        with pytest.raises(InputError, match="is no address such as"):
            ask("http://tsa.invalid/")


def test_a_reply_that_is_not_http(tmp_path: Path) -> None:
    async def served() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"SSH-2.0-hello\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await ask_for_stamp(f"http://127.0.0.1:{port}/", b"?", 5)
        finally:
            server.close()

    with pytest.raises(TimestampUnavailable, match="not HTTP"):
        asyncio.run(served())


def test_a_status_without_a_body(tmp_path: Path) -> None:
    with TimestampAuthority(tmp_path / "tsa") as authority:
        authority.reply = lambda request: (302, {}, b"")
        with pytest.raises(TimestampUnavailable, match="HTTP 302"):
            ask(authority.url)


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://h/", "http:///p", "http://h:0/", "http://h:x/", "http://h/a b", "http://ü/"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError, match="--timestamp takes the address") as raised:
        check_address(url, "--timestamp")
    assert not url or url not in str(raised.value).replace("http://HOST", "").replace("https://HOST", "") or url == "x"


@pytest.mark.parametrize("url", ["http://u:secret@h/", "https://u@h/", "http://h/#part"])
def test_an_address_with_more_than_an_address(url: str) -> None:
    with pytest.raises(InputError, match="takes no user, no password and no #") as raised:
        check_address(url, "--timestamp")
    assert "secret" not in str(raised.value)


def test_an_address() -> None:
    check_address("https://h:8080/tsr?a=b", "--timestamp")
