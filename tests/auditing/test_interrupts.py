"""The first interruption ends a long computation on the event loop's thread."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from steelyard.auditing.interrupts import interrupted_at_once


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_one_ends_a_computation_under_asyncio_run() -> None:
    passed = []

    async def compute() -> None:
        with interrupted_at_once():
            interrupt()
            passed.append("not interrupted")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(compute())
    assert passed == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_behind_the_block_it_cancels_the_task_as_ever() -> None:
    async def wait() -> None:
        with interrupted_at_once():
            pass
        interrupt()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(60)
        raise asyncio.CancelledError

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(wait())


def test_a_handler_of_the_users_own_stays() -> None:
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with interrupted_at_once():
            interrupt()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1]


def test_in_another_thread_nothing_is_changed() -> None:
    found = []

    def work() -> None:
        with interrupted_at_once():
            found.append(signal.getsignal(signal.SIGINT))

    async def start() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        found.append(signal.getsignal(signal.SIGINT))

    asyncio.run(start())
    assert found[0] is found[1]


TASK = """\
id: many
public: false
generator: {name: diagram_counting, count: 100000, seed: s}
fields: {question: question, target: answer, images: [image]}
scorer: {name: answer}
prompts:
  chat: {prompt: "{{ image }}{{ question }}", chat: true, max_tokens: 8}
"""
# A row of the generator sends the signal, so the plan is being made.
PROGRAM = """\
import os, signal, sys
from steelyard.cli import main
from steelyard.tasks.generators import diagram_counting
plain = diagram_counting._shapes
def signalled(*args):
    diagram_counting._shapes = plain
    os.kill(os.getpid(), signal.{signal})
    return plain(*args)
diagram_counting._shapes = signalled
main(["run", "t.yaml", "--model", "python:bot:f", "--out", "r", "--dry-run"])
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_planning_ends_at_the_first_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TASK)
    (tmp_path / "bot.py").write_text("def f(messages): return '1'\nf.takes_images = True\n")
    command = [sys.executable, "-c", PROGRAM.replace("{signal}", name)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 130, done.stderr
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "r").exists()
