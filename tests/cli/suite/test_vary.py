"""Variants for each recipient by the real commands: written, sealed, asked, checked and verified."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.api.drawn_check import check_drawn
from steelyard.cli import execute
from steelyard.suites.exposures import exposed_items, read_exposures
from steelyard.tasks.suite_task import task_from_suite
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at
from tests.tasks.test_suite_variants import sums_with_variants


class Learner(SumsServer):
    """Answers rightly the questions that it has learned, and every fourth of the others, by their first number."""

    def __init__(self) -> None:
        super().__init__()
        self.learned: set[str] = set()

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found = re.search(r"What is (\d+) \+ (\d+)\?", prompt)
        if found is None:  # a health check
            return await super()._chat(request)
        self.asked[prompt] += 1
        first, second = map(int, found.groups())
        right = prompt in self.learned or first % 4 == 0
        choice = {"index": 0, "message": {"role": "assistant", "content": str(first + second) if right else "7777777"}}
        return web.json_response(
            {"id": "x", "model": self.name, "choices": [choice | {"finish_reason": "stop"}], "usage": {}}
        )


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return sums_with_variants(tmp_path / "sums", count=120, variants=3)


def name_endpoints(suite: Path, *servers: SumsServer) -> None:
    (suite / "suite.yaml").write_text(f"suite: sums\nendpoints: {json.dumps([each.url for each in servers])}\n")


def command(name: str, suite: Path, server: SumsServer, *more: str) -> int:
    return execute([*name.split(), str(suite), "--model", f"openai:sums@{server.url}", *more])


def test_what_one_endpoint_was_asked_is_found_in_a_model(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learner() as server, Learner() as other:
        name_endpoints(suite, server, other)
        assert execute(["suite", "seal", str(suite)]) == 0
        assert "238 variants of items, drawn by the seal for 2 addresses" in capsys.readouterr().out
        assert command("suite check", suite, server, "--dry-run") == 0
        assert "was not asked a variant of this version yet" in capsys.readouterr().err
        for number, each in enumerate((server, other)):
            assert command("run", suite, each, "--out", f"run-{number}") == 0
        assert 5 <= len(server.asked.keys() & other.asked.keys()) <= 40  # of 60: a third, by chance
        learned = set(server.asked)
        capsys.readouterr()

        # The other endpoint's model has learned what the first one was asked, and nothing that it was asked itself.
        other.learned = learned
        more = ("--released-to", server.url, "--out")
        assert command("suite check", suite, other, *more, "check-1") == 1
        told = capsys.readouterr()
        assert "variants: 60 items as http" in told.err or "variants: 59 items as http" in told.err
        assert "(alpha 0.0005 / 2, since so many addresses are sealed); 1 other variants are left" in told.err
        assert "inconsistent: the endpoint's variants − other variants of" in told.out
        assert "tested at 0.00025 (one of 2 addresses that the seal names)" in told.out
        report = json.loads(Path("check-1/report.json").read_text())
        (found,) = [each for each in report["findings"] if each["check"] == "variants"]
        assert found["assumptions"] == [
            "the seal drew the variants before the endpoint was asked, for the addresses alone that it names"
        ]
        assert "one of 2 addresses that the seal names" in found["message"]

        # Next time it is asked other variants, and then none is left.
        assert command("suite check", suite, other, *more, "check-2") == 1
        told = capsys.readouterr()
        assert "0 other variants are left after it" in told.err
        assert "it has seen kept items of the only check" in told.err
        assert command("suite check", suite, other, "--released-to", server.url) == 2
        assert "was asked all other variants of what" in capsys.readouterr().err
        assert all(execute(["verify", name]) == 0 for name in ("run-0", "check-2"))
        capsys.readouterr()
        assert execute(["verify", "check-1"]) == 0
        assert (
            "leak-variants-00-sums: one of 2 addresses that the suite's seal is said to name" in capsys.readouterr().out
        )
        assert execute(["suite", "show", str(suite), "--run", "check-1", "--released-to", server.url]) == 0
        assert capsys.readouterr().out.count("one of 2 addresses that it names") == 3


def test_a_model_that_knows_all_sums_is_not_accused(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learner() as server:
        name_endpoints(suite, server)
        assert execute(["suite", "seal", str(suite)]) == 0
        assert command("run", suite, server, "--out", "run") == 0
        capsys.readouterr()
        assert command("suite check", suite, server, "--out", "check", "--json") == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed["verdict"] == "consistent"
        released = task_from_suite(suite).items
        assert len(exposed_items(read_exposures(suite))[server.url]) == 120 + 60 - ("i119" in released)


def test_a_run_is_verified_against_the_seal(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learner() as server, Learner() as other:
        name_endpoints(suite, server, other)
        assert execute(["suite", "seal", str(suite)]) == 0
        assert command("run", suite, server, "--out", "run") == 0
        assert execute(["run", str(suite), "--model", f"openai:sums@{server.url}", "--model",
                        f"openai:sums@{other.url}", "--out", "both"]) == 0  # fmt: skip
        capsys.readouterr()
        assert execute(["suite", "show", str(suite), "--run", "run"]) == 0
        told = capsys.readouterr().out
        assert f"sums: asked as the seal draws it for {server.url}, one of 2 addresses that it names" in told
        assert [each.drawn for each in check_drawn(suite, Path("both"))] == [False, False]
        assert execute(["suite", "show", str(suite), "--run", "run", "--released-to", other.url]) == 1
        assert "asked neither the variants that the seal draws for" in capsys.readouterr().err


def test_an_address_that_is_not_sealed_is_asked_as_it_is_written_and_not_checked(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Learner() as server, Learner() as later:
        (suite / "suite.yaml").write_text("suite: sums\n")
        assert execute(["suite", "seal", str(suite)]) == 2
        assert "has variants, and names no endpoint that could be asked them" in capsys.readouterr().err
        name_endpoints(suite, server)
        assert execute(["suite", "seal", str(suite)]) == 0
        name_endpoints(suite, server, later)
        assert command("run", suite, server, "--out", "run") == 0
        capsys.readouterr()
        assert command("run", suite, later, "--out", "later") == 0
        assert "sealed with variants for other addresses than" in " ".join(capsys.readouterr().err.split())
        assert [each.drawn for each in check_drawn(suite, Path("later"))] == [False]
        before = len(later.asked)
        assert command("suite check", suite, server, "--released-to", later.url) == 2
        told = capsys.readouterr().err
        assert "is not sealed with the variants of version 1 (1 address)" in told
        assert told.count("\n") == 1
        # Its own check is one of kept items alone, with the whole level.
        assert command("suite check", suite, later, "--dry-run") == 0
        told = capsys.readouterr().err
        assert "(alpha 0.001)" in told
        assert "there is no check by variants" in told
        assert len(later.asked) == before


def test_a_draw_cannot_be_typed(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learner() as server:
        name_endpoints(suite, server)
        assert execute(["suite", "seal", str(suite)]) == 0
        capsys.readouterr()
        part = f"{suite}#for-{'0' * 32}"
        Path("claims.yaml").write_text("model: m\nclaims:\n  - {task: sums, value: 50, unit: percent}\n")
        for typed in (["run", part], ["audit", "claims.yaml", "--task", part], ["gate", part, "--at-least", "0.5"]):
            assert execute([*typed, "--model", f"openai:sums@{server.url}", "--out", "chosen"]) == 2
            told = capsys.readouterr().err
            assert "follows from the seal: give the suite's folder" in told
            assert told.count("\n") == 1
        assert not Path("chosen").exists()
        assert not server.asked


def test_the_command_says_what_it_made(suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["suite", "vary", str(suite), "--variants", "2"]) == 0
    told = capsys.readouterr().out
    assert "version 1: 119 variants of 119 items" in told
    assert "1 item without a variant" in told
    assert execute(["suite", "show", str(suite)]) == 0
    assert "variants   119 variants of 119 items\n" in capsys.readouterr().out
    assert execute(["suite", "vary", str(suite_at(tmp_path / "plain"))]) == 2
    assert "none of 1 items has a variant" in capsys.readouterr().err
    assert execute(["suite", "encrypt", str(suite)]) == 2
    assert "would lie beside the encrypted items in plain: delete it first" in capsys.readouterr().err
