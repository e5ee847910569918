"""Honest vendors whose answers vary, or who scored few samples, by the real command: none is accused.

How often one is, with luck and bad luck, is simulated in ``bench.honest``; here each kind is audited a few times.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.cli import execute
from testkit.fixtures import SUM, SumsServer

# An audit of each of so many vendors: two in the fast run, four in the slow one.
AUDITS = pytest.mark.parametrize("vendors", [2, pytest.param(4, marks=pytest.mark.slow)])


class VaryingServer(SumsServer):
    """Some sums are answered rightly at each request with probability 1/2, the others always or never.

    ``varying`` is the share of the first, ``right`` that of the sums which are always right. ``cached``: every prompt
    gets its first answer again.
    """

    def __init__(self, varying: float, right: float, *, cached: bool = False) -> None:
        super().__init__()
        self.varying, self.right, self.cached = varying, right, cached
        self.random = random.Random(20261126)
        self.first: dict[str, str] = {}

    def chance(self, first: str, second: str) -> float:
        """How probable a right answer to this sum is."""
        place = int.from_bytes(hashlib.sha256(f"{first} {second}".encode()).digest()[:4], "big") / 2**32
        return 0.5 if place < self.varying else float(place < self.varying + self.right)

    def rate(self, pairs: list[tuple[str, str]]) -> float:
        """The share of right answers on average: what an honest vendor prints who was neither lucky nor unlucky."""
        return sum(self.chance(*pair) for pair in pairs) / len(pairs)

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        self.asked[prompt] += 1
        found = SUM.search(prompt)
        is_wrong = bool(found and self.random.random() >= self.chance(*found.groups()))
        text = str(int(found[1]) + int(found[2]) + is_wrong) if found else f"no sum, {self.random.random()}"
        text = self.first.setdefault(prompt, text) if self.cached else text
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        return web.json_response({"model": self.name, "choices": [choice], "usage": usage})


Audit = Callable[..., dict[str, Any]]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Audit one claim on some sums; the claim's part of the report, and the checks that its notes are about."""

    def run(
        server: SumsServer, pairs: list[tuple[str, str]], value: float, *more: str, stated: str = ""
    ) -> dict[str, Any]:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        lines = [{"question": f"What is {a} + {b}?", "answer": str(int(a) + int(b))} for a, b in pairs]
        (folder / "sums.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        sheet = folder / "sheet.yaml"
        sheet.write_text(f"model: adder\nclaims:\n  - {{task: sums, value: {100 * value:.1f}{stated}}}\n")
        command = ["audit", str(sheet), "--model", f"openai:sums@{server.url}", "--task", str(folder / "sums.jsonl")]
        execute([*command, "--out", str(folder / "run"), "--concurrency", "16", *more])
        report = json.loads((folder / "run" / "report.json").read_bytes())
        assert execute(["verify", str(folder / "run")]) == 0
        return {**report["claims"][0], "notes": [note["check"] for note in report["notes"]]}

    return run


def pairs(size: int) -> list[tuple[str, str]]:
    return [(str(number), str(number * 7 % 91)) for number in range(size)]


@AUDITS
def test_greedy_answers_with_batch_noise(audit: Audit, vendors: int) -> None:
    """w = .016 and half a point of tolerance."""
    sums = pairs(198)
    with VaryingServer(varying=0.064, right=0.8) as server:
        for _ in range(vendors):
            claim = audit(
                server, sums, server.rate(sums), "--tolerance", "0.5", stated=", protocol: {decoding: greedy}"
            )
            assert claim["verdict"] in ("consistent", "insufficient_power")


@AUDITS
@pytest.mark.parametrize("size", [30, 164])
def test_one_sampled_pass_that_the_sheet_does_not_mention(audit: Audit, size: int, vendors: int) -> None:
    """Our own answers vary as much as the vendor's, and nobody says so."""
    sums = pairs(size)
    with VaryingServer(varying=0.3, right=0.6) as server:
        for _ in range(vendors):
            assert audit(server, sums, server.rate(sums))["verdict"] in (
                "consistent",
                "insufficient_power",
                "not_testable",
            )


def test_a_vendor_that_scored_20_of_400(audit: Audit) -> None:
    """It got 20 of its 20 right, and its model gets 95 % of all right."""
    sums = pairs(400)
    with VaryingServer(varying=0.0, right=0.95) as server:
        claim = audit(server, sums, 1.0, stated=", samples: 20, protocol: {decoding: greedy}")
        assert claim["verdict"] in ("consistent", "unverifiable")
        assert audit(server, sums, 0.95, stated=", samples: 20")["verdict"] == "consistent"


@AUDITS
def test_a_cache_in_front_of_a_sampled_row(audit: Audit, vendors: int) -> None:
    sums = pairs(60)
    for vendor in range(vendors):
        with VaryingServer(varying=0.3, right=0.6, cached=True) as server:
            server.random = random.Random(100 + vendor)
            claim = audit(server, sums, server.rate(sums), stated=', protocol: {decoding: "temperature 0.7"}')
            assert claim["verdict"] in ("consistent", "insufficient_power", "not_testable")
            assert "cache" in claim["notes"]
