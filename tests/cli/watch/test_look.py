"""``steelyard watch look``: one call for cron, its exit codes, its alerts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.runner.webhook import signature
from tests.cli.watch.conftest import Begun

SECRET = "the secret of this test"


class Receiver:
    """Takes alerts on loopback, with a status of the test's choice."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.told: Callable[[], None] = lambda: None  # called at each alert
        self.url = ""
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/hook", self._post)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _post(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        self.told()
        return web.Response(status=self.status)

    def start(self) -> None:
        self.thread.start()
        assert self._ready.wait(120)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.thread.join(10)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("STEELYARD_WEBHOOK_SECRET", SECRET)
    one = Receiver()
    one.start()
    yield one
    one.stop()


def test_a_quiet_look_is_one_call_and_says_where_it_stands(
    begun: Begun, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["watch", "look", str(begun.folder), "--webhook", receiver.url]) == 0
    said = capsys.readouterr().out
    assert said.startswith("quiet: after 1 look nothing shows")
    assert max(map(len, said.splitlines())) <= 100
    # A machine that stands still for a moment is a change of latency, and tells so.
    assert [body for _, body in receiver.got if json.loads(body)["changes"] != ["latency"]] == []


def test_a_look_can_be_printed_as_json(begun: Begun, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["watch", "look", str(begun.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["exit"], len(document["looks"])) == ("quiet", 0, 1)


def test_a_loop_ends_with_the_alarm_which_is_posted_and_signed(
    begun: Begun, receiver: Receiver, all_wrong: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    all_wrong()
    assert execute(["watch", "look", str(begun.folder), "--every", "0.01s", "--webhook", receiver.url]) == 1
    said = capsys.readouterr()
    assert "ALARM since look" in said.out
    assert "next look in 0 s" in said.err
    headers, body = receiver.got[-1]
    alert = json.loads(body)
    assert (alert["state"], alert["exit"]) == ("alarm", 1)
    expected = signature(SECRET, int(headers["Steelyard-Timestamp"]), body)
    assert headers["Steelyard-Signature"] == f"v1={expected}"
    assert b"What is" not in body


def test_a_model_that_is_not_reached_is_exit_4_and_posted(
    begun: Begun, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    begun.server.status = lambda prompt, times: 401
    assert execute(["watch", "look", str(begun.folder), "--webhook", receiver.url]) == 4
    said = capsys.readouterr()
    assert "quiet: the baseline is whole" in said.out
    assert len(said.err.strip().splitlines()[-1]) < 400
    ((_, body),) = receiver.got
    assert (json.loads(body)["unreachable"], json.loads(body)["ended"]) == (True, "unreachable")


def test_a_loop_outlives_storage_that_fails_and_tells(
    begun: Begun, receiver: Receiver, all_wrong: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    all_wrong()
    blocked = begun.folder / "looks"
    blocked.write_text("a file where the folder of the looks is to be")
    receiver.told = lambda: blocked.unlink() if blocked.is_file() else None
    assert execute(["watch", "look", str(begun.folder), "--every", "0.01s", "--webhook", receiver.url]) == 1
    alerts = [json.loads(body) for _, body in receiver.got]
    assert (alerts[0]["state"], alerts[0]["ended"]) == ("quiet", "storage")
    assert (alerts[-1]["state"], alerts[-1]["ended"], alerts[-1]["exit"]) == ("alarm", "", 1)
    assert "steelyard: " in capsys.readouterr().err


def test_a_loop_ends_where_the_watch_cannot_be_read(begun: Begun, receiver: Receiver) -> None:
    (begun.folder / "watch.jsonl").write_bytes(b"nothing\n")
    assert execute(["watch", "look", str(begun.folder), "--every", "0.01s", "--webhook", receiver.url]) == 1
    ((_, body),) = receiver.got
    assert (json.loads(body)["state"], json.loads(body)["ended"]) == ("unknown", "evidence")


def test_wrong_use_ends_a_loop_at_its_first_look_and_is_told(begun: Begun, receiver: Receiver) -> None:
    every = ["--every", "0.01s", "--webhook", receiver.url]
    assert execute(["watch", "look", str(begun.folder), "--give-up", *every]) == 2
    ((_, body),) = receiver.got
    assert json.loads(body)["ended"] == "refused"


def test_a_webhook_that_fails_is_said_and_changes_nothing(
    begun: Begun, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.status = 404
    begun.server.name = "sums-2"
    assert execute(["watch", "look", str(begun.folder), "--webhook", receiver.url]) == 0
    said = capsys.readouterr()
    assert "the webhook was NOT told, after 1 attempts: HTTP 404" in said.err
    assert "changed: answers come from sums-2" in said.out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--webhook", "http://host.example/x"], "plain http:// only to this machine"),
        (["--webhook", "https://host.example/x", "--webhook-secret-env", "NOT_SET"], "NOT_SET"),
        (["--every", "soon"], "--every takes a duration"),
        (["--give-up"], "no pass is open"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_asks_nothing(
    begun: Begun, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["watch", "look", str(begun.folder), *more]) == 2
    assert words in capsys.readouterr().err
    assert not any("+" in prompt for prompt in begun.server.asked)


def test_a_folder_that_is_no_watch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["watch", "look", str(tmp_path)]) == 2
    assert "is not the folder of a watch" in capsys.readouterr().err
