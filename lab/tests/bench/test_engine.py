"""The bench's own parts: a server whose answers are known, sums that score exactly .8, a scale that weighs."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.engine.contenders import DIALECTS, Contender, Floor, Ours, Work, run_weighed
from bench.engine.server import running
from bench.engine.speed import Cell, Measured, Pass, Speed, checks
from bench.engine.sums import FaultPlan, Sum, known_outcome, make_sums, sum_in, write_sums

MODULES = (
    "__main__",
    "contenders",
    "faults",
    "floor",
    "journals",
    "launch",
    "resume",
    "server",
    "speed",
    "stub",
    "sums",
)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_of_the_bench_imports(name: str) -> None:
    assert importlib.import_module(f"bench.engine.{name}").__doc__


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200).map(lambda fifth: fifth * 5))
def test_four_sums_in_five_are_answered_right(count: int) -> None:
    sums = make_sums(count)
    assert len({each.key for each in sums}) == count
    assert sum(each.answered_right for each in sums) * 5 == count * 4
    assert all((each.answer == each.target) == each.answered_right for each in sums)
    assert known_outcome(sums).bounds == (0.8, 0.8)


def test_a_number_of_sums_that_cannot_be_exact_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 5"):
        make_sums(12)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.text(), st.text())
def test_a_sum_is_known_by_itself_whatever_is_written_around_it(
    first: int, second: int, before: str, after: str
) -> None:
    assert sum_in(f"{before}\n{Sum(first, second).question}\n{after}") is not None
    assert sum_in(Sum(first, second).question) == Sum(first, second)


def test_a_missing_answer_widens_the_bounds_by_what_it_could_be() -> None:
    sums = make_sums(100)
    lost_right = [each.key for each in sums if each.answered_right][:10]
    known = known_outcome(sums, lost_right)
    assert (known.right, known.missing, known.bounds) == (70, 10, (0.7, 0.8))


@settings(deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_each_fault_takes_its_share(place: float) -> None:
    plan = FaultPlan.read("429=0.25,drop=0.25", "random")
    assert plan.at(place) == ("429" if place < 0.25 else "drop" if place < 0.5 else "")
    assert plan.text == "429=0.25,drop=0.25"


@pytest.mark.parametrize("dialects", [(), pytest.param(DIALECTS, marks=pytest.mark.slow)])
def test_ours_and_the_bare_loop_score_exactly_what_is_known(tmp_path: Path, dialects: tuple[str, ...]) -> None:
    questions = write_sums(tmp_path / "sums.jsonl", make_sums(50))
    ours = [Ours(), *(Ours(f"steelyard {kind}", kind) for kind in dialects)]
    contenders: list[Contender] = [Floor(), *ours]
    with running() as server:
        for contender in contenders:
            server.reset()
            work = Work(questions, server.url, 5, tmp_path / contender.name.replace(" ", "-"))
            finish = run_weighed(contender, work, 60)
            assert (finish.code, finish.stopped) == (0, False), (work.folder / "errors").read_text()
            assert contender.score(work) == 0.8
            assert contender.scored(work) == 50
            assert server.get("/stats")["sums"] == 50
            assert 5 < finish.max_mb < 1000
            assert finish.cpu_s > 0


def test_the_server_counts_requests_and_replies() -> None:
    sums = make_sums(100)
    plan = FaultPlan.read("429=0.2,500=0.2,malformed=0.2,drop=0.2", "always")

    async def ask_all(url: str) -> dict[str, str]:
        import aiohttp

        got = {}
        async with aiohttp.ClientSession() as session:
            for each in sums:
                body = {"messages": [{"role": "user", "content": each.question}]}
                try:
                    async with session.post(f"{url}/chat/completions", json=body) as reply:
                        answer = json.loads(await reply.text())["choices"][0]["message"]["content"]
                        got[each.key] = "" if answer == each.answer else answer
                except aiohttp.ClientError:
                    got[each.key] = "drop"
                except ValueError:
                    got[each.key] = "malformed"
                except KeyError:
                    got[each.key] = str(reply.status)
        return got

    with running(faults=plan) as server:
        got = asyncio.run(ask_all(server.url))
        seen = server.get("/sums")
    assert got == {each.key: plan.chosen(each.key) for each in sums}
    assert seen["asked"] == dict.fromkeys((each.key for each in sums), 1)
    assert set(seen["answered"]) == {key for key, fault in got.items() if not fault}


def test_the_scale_kills_at_its_limit_and_reports_it(tmp_path: Path) -> None:
    class Sleeper(Floor):
        def command(self, work: Work) -> tuple[list[str], dict[str, str]]:
            return [sys.executable, "-c", "import time; time.sleep(60)"], {}

    finish = run_weighed(Sleeper(), Work(tmp_path / "none", "", 1, tmp_path / "work"), 0.2)
    assert finish.stopped
    assert finish.code == -9
    assert finish.wall_s < 30


def test_what_was_promised_is_checked_against_floor_and_peers(tmp_path: Path) -> None:
    from bench.engine.contenders import Finish

    cell = Cell(0.05, 100, 2000)

    def measured(name: str, span: float, cpu: float, memory: float, score: float | None = 0.8) -> Measured:
        return Measured(name, cell, (Pass(Finish(0, False, 2.0, cpu, memory, memory), span, score),))

    good = [
        measured("bare loop", 1.1, 0.5, 40),
        measured("steelyard", 1.2, 1.5, 70),
        measured("lm-eval", 1.1, 9, 290),
        measured("inspect-ai", 35, 40, 220),
    ]
    assert [check.kept for check in checks([good])] == [True] * 5
    bad = [measured("bare loop", 1.1, 0.5, 40), measured("steelyard", 1.3, 10, 170, None), *good[2:]]
    assert [check.kept for check in checks([bad])] == [False] * 5


def test_a_pass_that_would_take_too_long_is_left_out_with_a_note(tmp_path: Path) -> None:
    speed = Speed((Floor(),), tmp_path, repeats=1, patience=0.5)
    [[measured]] = speed.measure([Cell(0.05, 1, 1000)])
    assert not measured.passes
    assert "minutes" in measured.left_out


def test_a_document_takes_what_a_command_prints_where_it_has_a_place_for_it(tmp_path: Path) -> None:
    from bench.engine.markdown import table, verdicts, write_section
    from steelyard.errors import InputError

    document = tmp_path / "engine.md"
    document.write_text("# A\n\n<!-- one -->\nold\n<!-- /one -->\n\n<!-- two -->\n<!-- /two -->\nend\n")
    write_section(document, "one", table("T", ("name", "n"), [("a", "1")], 1, "note"))
    write_section(document, "two", verdicts(["PASS  it holds"]))
    assert document.read_text() == (
        "# A\n\n<!-- one -->\n**T**\n\n| name | n |\n|---|---:|\n| a | 1 |\n\nnote\n<!-- /one -->\n\n"
        "<!-- two -->\n```text\nPASS  it holds\n```\n<!-- /two -->\nend\n"
    )
    with pytest.raises(InputError, match="no place"):
        write_section(document, "three", "text")
    write_section(tmp_path / "new.md", "one", "text")
    assert (tmp_path / "new.md").read_text() == "<!-- one -->\ntext\n<!-- /one -->\n"
