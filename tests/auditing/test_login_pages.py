"""A web page where an endpoint should be, by the real command: it ends the run at once, with one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt
from steelyard.storage.journal.reader import read_lines
from testkit.fixtures import SumsServer

Sums = tuple[Path, float]
PAGE = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form></form></body></html>"
SAID = "a web page instead of JSON: is the URL that of the API (often ending in /v1), or must somebody log in first?"


class LoginServer(SumsServer):
    """After ``left`` chats everything is a login page, with status 200."""

    def __init__(self, left: int, kind: str = "text/html") -> None:
        super().__init__()
        self.left, self.kind = left, kind

    async def _chat(self, request: web.Request) -> web.Response:
        self.left -= 1
        if self.left < 0:
            return web.Response(text=PAGE, content_type=self.kind)
        return await super()._chat(request)


def measure(server: LoginServer, questions: Path, out: Path) -> list[str]:
    return ["run", str(questions), "--model", f"openai:sums@{server.url}", "--out", str(out), "--concurrency", "2"]


@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
def test_a_login_page_at_the_handshake_is_named_at_once(
    kind: str, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LoginServer(0, kind) as server:
        assert steelyard(measure(server, sums_file[0], tmp_path / "run")) == 4
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"steelyard: {server.url} does not serve 'sums': {SAID}"
    assert not (tmp_path / "run").exists()


def test_a_login_page_in_the_run_ends_it_without_waiting_and_a_resume_goes_on(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with LoginServer(40) as server:
        assert steelyard(measure(server, sums_file[0], run)) == 4
        said = capsys.readouterr().err
        assert "a web page instead of JSON" in said.splitlines()[-1]
        assert "retrying until" not in said
        server.left = 10_000
        assert steelyard(["resume", str(run)]) == 0
    finals = [each for each, _ in read_lines(run) if isinstance(each, Attempt) and each.final]
    assert {each.outcome.value for each in finals} == {"ok"}
    assert steelyard(["verify", str(run)]) == 0
