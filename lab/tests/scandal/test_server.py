"""The vendor's server, asked by the real command line: a router is found by another prompt, whoever answers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from scandal.server import SOLD_AS, Answers, serve
from scandal.vendor import Row, Vendor, benchmark_of, open_row_task
from scandal.world import World
from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from testkit.reversing_server import share_of

KNOWN = benchmark_of(open_row_task("pattern")).answers
SKILL = {"A": 0.8, "C": 0.3}


def by_rule(letter: str, request: GenerateRequest) -> ModelOutput:
    """A model that has a share of the questions right."""
    right = share_of("skill", request.prompt) < SKILL[letter]
    text = f" {KNOWN.get(request.prompt, 'x')}" if right else " nothing"
    return ModelOutput(outcome=Outcome.OK, text=text, finish_reason="stop", prompt_tokens=9, completion_tokens=2)


@contextmanager
def serving(vendor: Vendor, answers: Answers = by_rule) -> Iterator[str]:
    ended, started, found = threading.Event(), threading.Event(), []

    def say(address: str) -> None:
        found.append(address)
        started.set()

    thread = threading.Thread(target=lambda: asyncio.run(serve(vendor, answers, say, ended.wait)))
    thread.start()
    try:
        assert started.wait(120)
        yield found[0]
    finally:
        ended.set()
        thread.join(10)


@pytest.mark.parametrize(
    ("vendor", "code"),
    [
        (Vendor([Row("pattern", "80.0", "A", routed=True)], served="C"), ExitCode.INCONSISTENT),
        (Vendor([Row("pattern", "80.0", "A")], served="A"), ExitCode.CONSISTENT),
    ],
    ids=["router", "honest"],
)
def test_a_router_is_found_and_who_serves_one_model_is_not(
    vendor: Vendor, code: ExitCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = sum(share_of("skill", question) < SKILL["A"] for question in KNOWN)
    world = World(tmp_path, "w", [Row("pattern", f"{100 * right / len(KNOWN):.1f}", "A")], {})
    world.prepare()
    monkeypatch.setenv("STEELYARD_KEY", str(world.folder / "key.pem"))
    with serving(vendor) as address:
        assert steelyard([*world.cue(address).arguments]) == code
    report = json.loads((world.folder / "cue" / "report.json").read_text())
    assert [claim["verdict"] for claim in report["claims"]] == ["consistent"]
    assert [each["detector"] for each in report["findings"]] == (["cue_gap"] if code else [])


def test_what_is_asked_again_costs_once_and_draws_are_new() -> None:
    calls: list[str] = []

    def counting(letter: str, request: GenerateRequest) -> ModelOutput:
        calls.append(letter)
        return ModelOutput(outcome=Outcome.OK, text=f" {len(calls)}", finish_reason="stop")

    with serving(Vendor([], served="C"), counting) as address:
        greedy = [asyncio.run(completed(address, temperature)) for temperature in (0, 0)]
        drawn = [asyncio.run(completed(address, temperature)) for temperature in (1, 1)]
    assert (greedy, drawn, calls) == ([" 1", " 1"], [" 2", " 3"], ["C"] * 3)


async def completed(address: str, temperature: float) -> str:
    body = {"prompt": "On Monday", "temperature": temperature}
    status, reply = await posted(address, json.dumps(body))
    assert status == 200
    return str(reply["choices"][0]["text"])


async def posted(address: str, body: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(f"{address}/completions", data=body) as reply:
        return reply.status, await reply.json()


def test_a_body_that_cannot_be_read_is_refused_in_words() -> None:
    with serving(Vendor([], served="C")) as address:
        status, reply = asyncio.run(posted(address, '{"prompt": 3}'))
    assert status == 400
    assert "prompt" in reply["error"]["message"]
    assert SOLD_AS not in reply["error"]["message"]
