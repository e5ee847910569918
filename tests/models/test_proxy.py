"""The proxy of an endpoint comes from the environment; loopback has none."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.cli import execute
from steelyard.models import Settings
from steelyard.models.api_key import ApiKey
from steelyard.models.http_endpoint import HttpEndpoint
from steelyard.models.proxy import proxy_of, secrets_of
from steelyard.records import ModelOutput


def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "internal.example")
    assert proxy_of("https://api.example.com/v1") == "http://proxy.example:3128"
    assert proxy_of("https://internal.example/v1") is None
    assert proxy_of("https://127.0.0.1:8000/v1") is None


LOOPBACK = """
localhost LocalHost. a.localhost 127.0.0.2 127.255.255.254 127.1 2130706433 0x7f.1 [::1] [0:0:0:0:0:0:0:1]
[::ffff:127.0.0.1] [::ffff:7f00:2]
"""


@pytest.mark.parametrize("host", LOOPBACK.split())
def test_loopback_has_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert proxy_of(f"http://{host}:8000/v1") is None


@pytest.mark.parametrize(
    "host", ["128.0.0.1", "127.0.0.1.example", "localhost.example", "[::ffff:1.2.3.4]", "10.0.0.1"]
)
def test_other_hosts_have_it(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert proxy_of(f"http://{host}:8000/v1") == "http://proxy.example:3128"


@pytest.mark.parametrize(
    "proxy",
    [
        "user:hunter2@proxy.example:3128",
        "http://user:hunter2@proxy.example:port",
        "http://user:hunter2@proxy.example:0",
        "http://user:hunter2@proxy.example:99999",
        "http://user:hunter2@",
        "http://user:hunter2@[::1",
        "http://user:hunter2@proxy.example:3128/path",
        "http://user:hunter2@proxy.example?x",
        "http://user:hunter2 @proxy.example",
        "http://user:hunter2\n@proxy.example",
        "http://user:hunter2@proxy.example:3128#x",
        "socks5://user:hunter2@proxy.example",
        "http//user:hunter2@proxy.example",
        "hunter2",
    ],
)
def test_a_malformed_proxy_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    for command in (
        ["run", "chain_sum", "--model", "openai:m@https://api.example.com"],
        ["gateway", "--to", "https://api.example.com"],
    ):
        assert execute(command) == 2
        said = capsys.readouterr()
        assert "https_proxy" in said.err
        assert "hunter2" not in said.err + said.out


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("status", [407, 502, 200, None])
def test_a_proxy_that_fails_does_not_show_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, status: int | None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = threading.Thread(target=answer_all, args=(server, status), daemon=True)
        heard.start()
        port = server.getsockname()[1]
        for scheme in ("http", "https"):
            monkeypatch.setenv(f"{scheme}_proxy", f"http://user:hunter2@127.0.0.1:{port}")
            model = f"openai:m@{scheme}://api.example.invalid/v1"
            command = ["run", "chain_sum", "--model", model, "--limit", "1", "--patience", "0.2s"]
            assert execute([*command, "--out", str(tmp_path / scheme)]) in (2, 4)
            said = capsys.readouterr()
            assert "hunter2" not in said.err + said.out
        server.shutdown(socket.SHUT_RDWR)
    heard.join(10)


def answer_all(server: socket.socket, status: int | None) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65536)
            if status is not None:
                connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n" % status)


def test_the_password_of_a_proxy_is_a_secret() -> None:
    assert secrets_of("http://user:hunter%2F2%40x@proxy.example:3128") == ("user:hunter/2@x", "hunter/2@x")
    assert secrets_of("http://user@proxy.example") == secrets_of("http://proxy.example") == secrets_of(None) == ()


def test_what_a_proxy_sends_back_of_its_password_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        sent = request.headers["Proxy-Authorization"]
        return web.json_response({"error": {"message": f"{sent} hunter2-hunter2"}}, status=407)

    async def call() -> object:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            monkeypatch.setenv("http_proxy", f"http://user:hunter2-hunter2@127.0.0.1:{server.port}")
            monkeypatch.delenv("no_proxy", raising=False)
            http = HttpEndpoint("http://host.invalid/v1", ApiKey("", ""), Settings(), {})
            try:
                return await http.call("GET", "/models", None)
            finally:
                await http.close()

    output = asyncio.run(call())
    assert isinstance(output, ModelOutput)
    assert output.detail == "HTTP 407: Basic [key] [key]"
