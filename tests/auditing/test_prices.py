"""Money by the real command: what tokens cost at the user's prices, those of cached and of reasoning tokens too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from testkit.reasoning_server import COST, ReasoningServer

Sums = tuple[Path, float]


class CachingServer(ReasoningServer):
    """Reports usage as the test wants: fields in place of those that :class:`ReasoningServer` reports."""

    def __init__(self, **usage: Any) -> None:
        super().__init__("hidden")
        self.usage = usage

    async def _chat(self, request: web.Request) -> web.Response:
        reply = await super()._chat(request)
        body = json.loads(reply.text or "{}")
        if "usage" in body:
            body["usage"] |= self.usage
        return web.json_response(body, status=reply.status)


def measure(server: CachingServer, questions: Path, out: Path, *more: str) -> list[str]:
    command = ["run", str(questions), "--model", f"openai:sums@{server.url}", "--out", str(out), "--limit", "5"]
    return [*command, *more]


def attempts(run: Path) -> list[Attempt]:
    return [record for record, _ in read_lines(run) if isinstance(record, Attempt)]


def measured(run: Path) -> dict[str, Any]:
    (found,) = json.loads((run / "report.json").read_bytes())["measurements"]
    return dict(found)


CACHED = {"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 600}}


def test_cached_and_reasoning_tokens_cost_what_their_prices_say(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    prices = ("--price", "100,500", "--price-cached", "10", "--price-reasoning", "700")
    with CachingServer(**CACHED) as server:
        assert steelyard(measure(server, sums_file[0], run, *prices, "--json")) == 0
    (shown,) = json.loads(capsys.readouterr().out)["measurements"]
    money = 5 * (400 * 100 + 600 * 10 + 2 * 500 + COST * 700) / 1e6
    assert (shown["cached_tokens"], shown["reasoning_tokens"]) == (3000, 5 * COST)
    assert shown["cost"] == pytest.approx(money)
    assert measured(run) == shown
    assert [each.cached_tokens for each in attempts(run)] == [600] * 5
    page = (run / "report.html").read_text()
    assert "5,000 (3,000 cached)" in page
    assert "(740 reasoning)" in page
    assert "cost at your prices for these tokens (cached and reasoning tokens at prices of their own)" in page
    assert f'data-label="Cost">{money:.2g}</td>' in page
    assert steelyard(["verify", str(run)]) == 0
    summary = tmp_path / "summary.html"
    assert steelyard(["report", str(run), "--summary", str(summary)]) == 0
    said = summary.read_text()
    assert f"{money:.2g}, at the prices that were given: 100.00 in and 500.00 out, per million tokens" in said
    assert "10.00 for prompt tokens from the endpoint’s cache; 700.00 for reasoning" in said


def test_without_prices_of_their_own_they_cost_what_the_others_do(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with CachingServer(**CACHED) as server:
        assert steelyard(measure(server, sums_file[0], run, "--price", "100,500")) == 0
    assert measured(run)["cost"] == pytest.approx(5 * (1000 * 100 + (COST + 2) * 500) / 1e6)
    assert steelyard(["verify", str(run)]) == 0


def test_without_prices_there_is_no_money(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with CachingServer(**CACHED) as server:
        assert steelyard(measure(server, sums_file[0], run)) == 0
    assert "cost" not in measured(run)
    assert measured(run)["cached_tokens"] == 3000


def test_a_table_holds_all_four_prices(sums_file: Sums, tmp_path: Path) -> None:
    run, table = tmp_path / "run", tmp_path / "prices.yaml"
    table.write_text("sums: {prompt: 100, completion: 500, cached: 10, reasoning: 700}\n")
    with CachingServer(**CACHED) as server:
        assert steelyard(measure(server, sums_file[0], run, "--prices", str(table))) == 0
    limits = RunFolder.open(run).plan.subject.limits
    assert (limits.price_prompt, limits.price_completion) == (100, 500)
    assert (limits.price_cached, limits.price_reasoning) == (10, 700)
    assert measured(run)["cost"] == pytest.approx(5 * (400 * 100 + 600 * 10 + 2 * 500 + COST * 700) / 1e6)


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        ({"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 5000}}, 1000),
        ({"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": -5}}, 0),
        ({"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 12.5}}, 0),
        ({"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": True}}, 0),
        ({"prompt_tokens": 1000, "prompt_tokens_details": [600]}, 0),
        ({"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 10**30}}, 0),
        ({"prompt_tokens": 1000, "prompt_cache_hit_tokens": 600}, 600),
        ({"prompt_tokens": -3, "prompt_tokens_details": {"cached_tokens": 600}}, 0),
        ({"completion_tokens_details": {"reasoning_tokens": 10**6}}, 0),
    ],
)
def test_hostile_counts_make_no_money(sums_file: Sums, tmp_path: Path, usage: dict[str, Any], cached: int) -> None:
    run = tmp_path / "run"
    with CachingServer(**usage) as server:
        prices = ("--price", "100,500", "--price-cached", "1", "--price-reasoning", "500")
        assert steelyard(measure(server, sums_file[0], run, *prices)) == 0
    found = measured(run)
    assert found.get("cached_tokens", 0) == 5 * cached
    read = found["prompt_tokens"]
    assert found["cost"] == pytest.approx(((read - 5 * cached) * 100 + 5 * cached + 5 * (COST + 2) * 500) / 1e6)
    assert steelyard(["verify", str(run)]) == 0


def test_a_replay_costs_what_the_recording_cost(sums_file: Sums, tmp_path: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    prices = ("--price", "100,500", "--price-cached", "10")
    with CachingServer(**CACHED) as server:
        assert steelyard(measure(server, sums_file[0], run, *prices, "--with-texts")) == 0
    command = ["run", str(sums_file[0]), "--model", f"recorded:{run}", "--out", str(again), "--limit", "5", *prices]
    steelyard(command)
    replayed = {each.sample: each.cached_tokens for each in attempts(again) if each.outcome.answered}
    assert replayed
    assert set(replayed.values()) == {600}


def test_the_dry_run_counts_the_highest_prices(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = []
    with CachingServer(**CACHED) as server:
        for more in ((), ("--price-reasoning", "1"), ("--price-reasoning", "1000")):
            command = measure(
                server, sums_file[0], tmp_path / "run", "--price", "100,500", *more, "--dry-run", "--json"
            )
            assert steelyard(command) == 0
            (row,) = json.loads(capsys.readouterr().out)["rows"]
            costs.append(row["cost"])
    assert costs[0] == costs[1] < costs[2]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--price-cached", "1"], "needs the other two: give a price IN,OUT"),
        (["--price", "1,2", "--price-cached", "cheap"], "--price-cached takes a price per million tokens"),
        (["--price", "1,2", "--price-reasoning", "nan"], "--price-reasoning takes a price per million tokens"),
        (["--price", "1,2", "--price-reasoning", "-1"], "--price-reasoning takes a price per million tokens"),
        (["--prices", "TABLE", "--price-cached", "1"], "needs the other two"),
        (["--prices", "TABLE"], "prices.yaml:1: the prices of 'sums' are {prompt: …, completion: …}, and where they"),
    ],
)
def test_prices_that_cannot_be_used_are_refused(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text("sums: {prompt: 100, completion: 500, kached: 10}\n")
    with CachingServer() as server:
        more = [str(table) if word == "TABLE" else word for word in more]
        assert steelyard(measure(server, sums_file[0], tmp_path / "run", *more)) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
