"""The pytest plugin in sessions of its own: colours, the family, undecided gates, reruns, xdist, and plain errors."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from textwrap import dedent

import pytest

import steelyard
from steelyard.stats.bar_gate import make_bar_gate
from testkit.fixtures import SumsServer

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "no:steelyard", "-p", "steelyard.pytest_plugin", "-p", "no:cacheprovider")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Load every module that a gate needs: a session in this process forgets those that it was the first to load."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "sums.jsonl").write_text('{"question": "What is 1 + 2?", "answer": "3"}\n')
    with SumsServer() as server:
        for bar in (0.5, 1):  # the second one is red, or undecided: failing samples are looked up
            result = steelyard.gate(folder / "sums.jsonl", model=f"openai:x@{server.url}", at_least=bar,
                                    out=folder / f"run-{bar}")  # fmt: skip
            assert result.answers


@pytest.fixture
def project(pytester: pytest.Pytester, sums_server: SumsServer, sums_file: tuple[Path, float]) -> pytest.Pytester:
    """A project with a suite, on which the model is right .8 of the time."""
    (pytester.path / "suite.jsonl").write_text(sums_file[0].read_text())
    pytester.makeini(f"[pytest]\nsteelyard_model = openai:sums@{sums_server.url}\n")
    return pytester


def asked(server: SumsServer) -> int:
    return sum(count for prompt, count in server.asked.items() if "+" in prompt)


def marked(project: pytest.Pytester, *marks: str, body: str = "pass") -> None:
    lines = ["import pytest"]
    for number, mark in enumerate(marks):
        argument = "steelyard_gate" if "steelyard_gate" in body else ""
        lines += [f"@pytest.mark.steelyard({mark})", f"def test_{number}({argument}):", f"    {body}"]
    project.makepyfile("\n".join(lines))


def test_green_passes_and_red_fails_with_its_interval_and_samples(project: pytest.Pytester) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.65", "suite='suite.jsonl', at_least=0.95")
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, failed=1)
    said = result.stdout.str()
    assert "steelyard: red: suite ≥ 95 %" in said
    assert "interval" in said
    assert "first failing samples (5 shown):" in said
    assert ": wrong" in said
    assert "What is" not in said  # no text of an item in a log
    assert "steelyard gates" in said
    assert "green: suite ≥ 65 %" in said
    assert "Traceback" not in said
    runs = sorted((project.path / "runs" / "pytest").iterdir())
    assert [json.loads((run / "report.json").read_text())["exit"] for run in runs] == [0, 1]


def test_texts_of_items_are_shown_only_where_asked_for(project: pytest.Pytester) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.97")
    result = project.runpytest_inprocess(*PLUGIN, "--steelyard-with-texts")
    assert "What is" in result.stdout.str()


def test_all_marked_tests_left_after_collection_share_the_level(project: pytest.Pytester) -> None:
    mark = "suite='suite.jsonl', at_least=0.65"
    marked(project, mark, mark, mark, body="assert steelyard_gate.outcome.result.verdict.results[0].gate.family == 2")
    result = project.runpytest_inprocess(*PLUGIN, "-k", "test_0 or test_2")
    result.assert_outcomes(passed=2, deselected=1)


def test_the_ini_says_how_many_share_it_where_a_matrix_splits_them(project: pytest.Pytester) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.65",
          body="assert steelyard_gate.outcome.result.verdict.results[0].gate.family == 40")  # fmt: skip
    project.runpytest_inprocess(*PLUGIN, "-o", "steelyard_family=40").assert_outcomes(passed=1)


@pytest.mark.parametrize(("given", "said"), [("1", "and 2 steelyard tests are here"), ("few", "in all, from 1")])
def test_a_family_that_cannot_be_ends_the_session_in_one_line(project: pytest.Pytester, given: str, said: str) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.65", "suite='suite.jsonl', at_least=0.65")
    result = project.runpytest_inprocess(*PLUGIN, "-o", f"steelyard_family={given}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize("word", ["fail", "xfail", "skip"])
def test_undecided_is_what_the_project_says_and_is_named(project: pytest.Pytester, word: str) -> None:
    marked(project, f"suite='suite.jsonl', at_least=0.8, limit=20, inconclusive='{word}'")
    result = project.runpytest_inprocess(*PLUGIN, "-rsx")
    wanted = {"fail": {"failed": 1}, "xfail": {"xfailed": 1}, "skip": {"skipped": 1}}[word]
    result.assert_outcomes(**wanted)
    assert "undecided, which is never green: test_undecided" in result.stdout.str()


def test_undecided_fails_by_default(project: pytest.Pytester) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.8, limit=20")
    project.runpytest_inprocess(*PLUGIN).assert_outcomes(failed=1)


def test_a_test_that_is_run_again_gets_the_first_answer(project: pytest.Pytester, sums_server: SumsServer) -> None:
    project.makeconftest(
        dedent("""
            from _pytest.runner import runtestprotocol

            def pytest_runtest_protocol(item, nextitem):
                for last in (False, False, True):
                    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                    reports = runtestprotocol(item, nextitem=nextitem, log=last)
                return True
        """)
    )
    marked(project, "suite='suite.jsonl', at_least=0.95")
    project.runpytest_inprocess(*PLUGIN).assert_outcomes(failed=1)
    (run,) = (project.path / "runs" / "pytest").iterdir()
    read = json.loads((run / "report.json").read_text())["tests"][0]["gate"]["asked"]
    assert asked(sums_server) < 2 * read


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("suite='none.jsonl', at_least=0.5", "none.jsonl"),
        ("suite='suite.jsonl', at_least=85", "it is above 0 and at most 1"),
        ("suite='suite.jsonl'", "the mark lacks at_least"),
        ("'suite.jsonl', at_least=0.5", "the mark takes names"),
        ("suite='suite.jsonl', at_least=0.5, limits=3", "did you mean 'limit'"),
        ("suite='suite.jsonl', at_least=0.5, inconclusive='pass'", "one of fail, xfail, skip"),
        ("suite='suite.jsonl', at_least=0.5, model='openai:x@http://127.0.0.1:9/v1'", "127.0.0.1:9"),
        ("suite='suite.jsonl', at_least=0.5, model='nothing:x'", "no model is called 'nothing'"),
    ],
)
def test_what_cannot_be_asked_is_one_line(project: pytest.Pytester, mark: str, said: str) -> None:
    marked(project, mark)
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert said in text
    assert "Traceback" not in text
    (line,) = (each for each in text.splitlines() if each.startswith("steelyard: "))
    assert said in line


def test_a_baseline_is_a_bar_too(
    project: pytest.Pytester, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = f"openai:sums@{sums_server.url}"
    steelyard.run(project.path / "suite.jsonl", model=model, out=project.path / "base", progress=False)
    marked(project, "suite='suite.jsonl', baseline='base', margin=2")
    project.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=1)
    monkeypatch.setattr(SumsServer, "is_wrong", staticmethod(lambda a, b: int(a) % 2 == 0))
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(failed=1)
    assert "red: suite ≥ baseline − 2 points" in result.stdout.str()
    assert "first failing samples (5 shown):" in result.stdout.str()


def test_the_fixture_is_for_marked_tests(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(steelyard_gate): pass")
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(errors=1)
    assert "for tests that are marked" in result.stdout.str()


def test_the_body_runs_after_a_green_gate(project: pytest.Pytester) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.65", body="assert steelyard_gate.colour == 'green' and 1 == 2")
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(failed=1)
    assert "1 == 2" in result.stdout.str()


def test_a_session_without_marked_tests_says_nothing(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(): pass")
    result = project.runpytest_inprocess(*PLUGIN, "--strict-markers")
    result.assert_outcomes(passed=1)
    assert "steelyard" not in result.stdout.str().replace("no:steelyard", "").split("collected")[-1]


@pytest.mark.slow
def test_every_worker_of_xdist_counts_all_tests(project: pytest.Pytester) -> None:
    mark = "suite='suite.jsonl', at_least=0.65"
    marked(project, mark, mark, body="assert steelyard_gate.outcome.result.verdict.results[0].gate.family == 2")
    result = project.runpytest_subprocess(*PLUGIN, "-p", "xdist", "-n", "2")
    result.assert_outcomes(passed=2)
    assert result.stdout.str().count("green: suite ≥ 65 %") == 2


def test_importing_the_plugin_opens_no_part_of_steelyard_but_itself() -> None:
    """It is loaded in every session of an environment that has Steelyard."""
    code = "import sys, steelyard.pytest_plugin; print([name for name in sys.modules if name.startswith('steelyard.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['steelyard.pytest_plugin']"


def test_sessions_of_a_hundred_gates_are_seldom_failed() -> None:
    """A plain threshold is red in 5 % of runs of each of the models: 99.4 % of its sessions have some red test.

    The full simulation, with the pass over 200 items at each model's rate, is ``python -m bench.gates``.
    """
    random_, gates, sessions, population = random.Random(15), 100, 40, 200
    gate = make_bar_gate(population, Fraction(85, 100), family=gates)
    failed = plain = 0
    for _ in range(sessions):
        any_red = any_plain = False
        for _ in range(gates):
            right = sum(random_.random() < 0.888 for _ in range(population))
            any_red |= right < gate.red_below
            any_plain |= right < 170
        failed, plain = failed + any_red, plain + any_plain
    assert failed / sessions <= 0.05
    assert plain / sessions > 0.9


@pytest.mark.slow
def test_it_works_in_a_project_of_its_own_from_the_wheel(
    tmp_path: Path, sums_server: SumsServer, sums_file: tuple[Path, float]
) -> None:
    """Built, installed into a fresh environment beside the packages of this one, found by its entry point."""
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "build", "--wheel", "-o", str(tmp_path / "dist"), str(ROOT)], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    subprocess.run(
        [uv, "pip", "install", "--no-deps", "--python", str(python), str(wheel)], check=True, capture_output=True
    )
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    (site / "others.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")) + "\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "suite.jsonl").write_text(sums_file[0].read_text())
    (project / "test_it.py").write_text(
        "import pytest\n"
        f"@pytest.mark.steelyard(suite='suite.jsonl', model='openai:sums@{sums_server.url}', at_least=0.65)\n"
        "def test_it(steelyard_gate):\n"
        "    import steelyard\n"
        f"    assert steelyard.__file__.startswith({str(site)!r})\n"
        "    assert steelyard_gate.colour == 'green'\n"
    )
    done = subprocess.run([str(python), "-m", "pytest", "--strict-markers", "-p", "no:cacheprovider"], cwd=project,
                          capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "green: suite ≥ 65 %" in done.stdout


def test_a_budget_fails_a_test_whose_score_is_green(project: pytest.Pytester) -> None:
    marked(project, "suite='suite.jsonl', at_least=0.6, max_latency_p95='0.000001s'",
           "suite='suite.jsonl', at_least=0.6, max_latency_p95='30s'")  # fmt: skip
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*steelyard: red: suite p95 ≤ 0.000001 s: *; green: suite ≥ 60 %*"])


def test_a_function_whose_module_skips_is_no_green_session(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    project.makepyfile(bot_skips="import pytest\npytest.skip('not here', allow_module_level=True)")
    marked(project, "suite='suite.jsonl', at_least=0.5, model='python:bot_skips:answer'")
    result = project.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(failed=1)
    assert "bot_skips: cannot be imported: Skipped: not here" in result.stdout.str()
