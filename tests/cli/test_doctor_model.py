"""``steelyard doctor --model``: what it prints of each server, what it asks, and what it does with faults."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from steelyard.api.model_check import _Looks
from steelyard.cli import execute as steelyard
from steelyard.records import Attempt
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from testkit.server_dialects import DIALECTS, FAULTS, NAME, SEEN, Dialect, Handler, answers, application

KEY = "sk-test-0123456789abcdef"


@contextmanager
def served(
    dialect: Dialect, faults: Mapping[str, Handler] | None = None
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The URI of a server of this dialect, in a thread of its own, and what was asked of it."""
    loop, made = asyncio.new_event_loop(), application(dialect, faults)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> TestServer:
        server = TestServer(made)
        await server.start_server()
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield f"openai:{NAME}@{server.make_url('/v1')}", made[SEEN]
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


WORKS = {
    "vLLM": {"log-likelihoods", "next tokens", "images", "seed"},
    "SGLang": {"log-likelihoods", "next tokens"},
    "llama.cpp": {"next tokens", "seed"},
    "Ollama": {"seed"},
    "LM Studio": {"seed"},
    "TGI": {"seed"},
    "LiteLLM": set(),
    "OpenRouter": {"images", "seed"},
}


@pytest.mark.parametrize("name", DIALECTS)
def test_what_each_server_can_do_is_asked_and_not_believed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with served(DIALECTS[name]) as (uri, seen):
        assert steelyard(["doctor", "--model", uri, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["server"]["name"] == name
    can = {each["what"]: each for each in found["can"]}
    always = {"chat", "completions", "chat template", "temperature", "fresh answers", "reasoning"}
    assert {what for what, each in can.items() if each["works"]} == always | WORKS[name]
    assert ("reasons first" in can["reasoning"]["text"]) is (name == "Ollama")
    tests = {each["what"]: each["works"] for each in found["tests"]}
    assert tests["claims about log-likelihoods"] is ("log-likelihoods" in WORKS[name])
    assert tests["claims about images"] is ("images" in WORKS[name])
    assert tests["which weights are served, by texts"] is True
    assert len(seen) < 60


def test_the_page_fits_and_says_how_to_start_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    with served(DIALECTS["llama.cpp"]) as (uri, _):
        assert steelyard(["doctor", "--model", uri]) == 0
    printed, told = capsys.readouterr()
    assert all(len(line) <= 100 for line in printed.splitlines())
    printed = " ".join(printed.split())
    assert "✓ server: llama.cpp b6792-00dc8057, as it says itself" in printed
    assert "– log-likelihoods: this endpoint cannot give log-likelihoods: it ignores echo" in printed
    assert "--model gguf:PATH" in printed
    assert "– claims about log-likelihoods: by this protocol: " in printed
    assert "arc_challenge" in printed
    assert "Started so, more can be tested: llama-server -m FILE.gguf" in printed
    assert "no sample" in told


@pytest.mark.parametrize(
    ("around", "said"), [(26, "✓ chat template: it puts 26 tokens around"), (300, "a system prompt")]
)
def test_what_a_server_puts_around_a_message_is_counted(
    around: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(Dialect(entry={"owned_by": "me"}, around=around)) as (uri, _):
        assert steelyard(["doctor", "--model", uri]) == 0
    assert said in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", ["vLLM", "SGLang"])
def test_what_doctor_finds_is_what_a_run_can_ask_and_a_stranger_verifies(
    name: str, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log-likelihoods by a server's own way, through plan, journal, seal and verification."""
    run, rows = tmp_path / "run", tmp_path / "data" / "Rowan/hellaswag/default/validation.jsonl"
    rows.parent.mkdir(parents=True)
    with (shared / "data" / "Rowan/hellaswag/default/validation.jsonl").open() as file:
        rows.write_text("".join(islice(file, 40)))
    with served(DIALECTS[name]) as (uri, seen):
        command = ["run", "hellaswag", "--prompt", "completion", "--data", str(tmp_path / "data"), "--limit", "5"]
        assert steelyard([*command, "--model", uri, "--out", str(run)]) == 0
    plan = RunFolder.open(run).plan
    assert plan.subject.capabilities.loglikelihood
    made = [record for record, _ in read_lines(run) if isinstance(record, Attempt)]
    assert [len(each.logprobs) for each in made] == [4] * 5
    assert seen.count(("POST", "/generate")) == (22 if name == "SGLang" else 0)  # two of the check, and four a question
    assert steelyard(["verify", str(run)]) == 0


def test_what_a_server_writes_reaches_no_terminal_and_the_key_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    hostile = answers(400, json.dumps({"error": {"message": f"\x1b]0;owned\x07 \u202e {KEY}"}}))
    entry = {"owned_by": "sglang", "max_model_len": 9, "root": KEY}
    with served(Dialect(entry=entry), {"/v1/completions": hostile, "/get_model_info": FAULTS["escapes"]}) as (uri, _):
        assert steelyard(["doctor", "--model", uri]) == 0
    printed, told = capsys.readouterr()
    assert "\x1b" not in printed + told
    assert "\u202e" not in printed
    assert KEY not in printed + told
    assert "completions: it has none" in printed


@pytest.mark.parametrize(
    ("fault", "code"), [("401", 4), ("404", 4), ("page", 4), ("500", 3), ("no JSON", 3), ("list", 3)]
)
def test_an_endpoint_that_serves_nothing_is_not_said_to_serve(
    fault: str, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(seconds: float) -> None:
        """Waits for nothing: that an attempt is repeated is tested elsewhere."""

    monkeypatch.setattr("asyncio.sleep", at_once)
    faults = dict.fromkeys(("/v1/completions", "/v1/chat/completions", "/v1/models"), FAULTS[fault])
    with served(DIALECTS["vLLM"], faults) as (uri, _):
        assert steelyard(["doctor", "--model", uri]) == code
    printed, told = capsys.readouterr()
    assert "Traceback" not in printed + told
    assert ("– claims about written answers" in printed) is (code == 3)
    assert "✓ chat" not in printed


def test_an_endpoint_that_is_not_there_and_options_that_go_with_a_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert steelyard(["doctor", "--model", "openai:m@http://127.0.0.1:9"]) == 4
    assert "nothing answers at http://127.0.0.1:9/v1" in capsys.readouterr().err
    assert steelyard(["doctor", "--model", "nothing"]) == 2
    assert steelyard(["doctor", "--api-key-env", "MY_KEY"]) == 2
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    assert steelyard(["doctor", "--model", "openai:m@http://127.0.0.1:9", "--api-key-env", "NO_SUCH_KEY"]) == 2
    assert "NO_SUCH_KEY holds no API key" in capsys.readouterr().err


def test_a_reply_over_the_bound_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    faults = dict.fromkeys(("/v1/completions", "/v1/chat/completions"), FAULTS["huge"])
    with served(Dialect(entry={"owned_by": "me"}), faults) as (uri, _):
        assert steelyard(["doctor", "--model", uri, "--json"]) == 3
    can = {each["what"]: each for each in json.loads(capsys.readouterr().out)["can"]}
    for what in ("chat", "completions", "images", "fresh answers", "seed"):
        assert not can[what]["works"], what
    assert can["chat"]["text"] == "the reply is larger than 16 MB"
    assert can["seed"]["text"] == "a request with one brought no answer: the reply is larger than 16 MB"


def test_what_is_not_over_in_time_is_named_and_not_believed(capsys: pytest.CaptureFixture[str]) -> None:
    with served(Dialect(entry={"owned_by": "me"}), {"/v1/chat/completions": FAULTS["hang"]}) as (uri, _):
        assert steelyard(["doctor", "--model", uri, "--deadline", "1"]) == 4
    told = capsys.readouterr().err
    assert "its handshake was not over within the 1 s that all questions have: --deadline SECONDS gives more" in told


def test_a_look_that_hangs_takes_no_other_one_along() -> None:
    async def looked() -> tuple[object, object, str]:
        look = _Looks(0.05, lambda step: None)
        quick = await look.at("at once", asyncio.sleep(0, "found"), None)
        return quick, await look.at("hangs", asyncio.sleep(60, "found"), "late"), look.late

    assert asyncio.run(looked())[:2] == ("found", "late")
