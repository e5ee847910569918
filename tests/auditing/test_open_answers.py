"""Answers that cannot be read in one way leave a range and no score, by the real command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import steelyard
from steelyard.adapters.every_eval_ever_export import export_run
from steelyard.api.results import RunResult
from steelyard.auditing.open_answers import open_answers
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from tests.auditing.test_polite_endpoints import CAPITALS, PoliteServer

HOLDS = "I would look at {} first, since much speaks for it, and then go on from there."
WRONG = "I would look at Atlantis first, since much speaks for it, and then go on from there."
POLITE = [HOLDS, HOLDS, HOLDS, WRONG]  # right in three of four, and never says so in one way


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "capitals.jsonl"
    rows = [json.dumps({"question": q, "answer": a}) + "\n" for q, a in [*CAPITALS.items()][:20]]
    path.write_text("".join(rows))
    return path


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[SumsServer]:
    with PoliteServer(*request.param) as found:
        yield found


def run(server: SumsServer, questions: Path, out: Path, *more: str) -> tuple[int, dict[str, Any]]:
    code = execute(["run", str(questions), "--model", f"openai:sums@{server.url}", "--out", str(out), *more])
    (measured,) = json.loads((out / "report.json").read_text())["measurements"]
    return code, measured


def one_line(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.mark.parametrize("server", [(POLITE,)], indirect=True)
def test_a_polite_model_gets_a_range_the_reason_and_the_rule_that_reads_it(
    server: SumsServer, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, measured = run(server, questions, tmp_path / "run")
    said = capsys.readouterr().out
    assert (code, measured["measured"], measured["bounds"], measured["open"]) == (3, None, [0.0, 75.0], 15)
    assert said.startswith(
        "capitals (question): 0.0–75.0 %, 95 % interval 0.0–88.9 % (Wilson), 0 of 20 right, 15 open\n"
        "15 open: all hold the expected answer and do not name it as their answer\n"
        "lenient --scorer contains reads 15 of them as right: they hold the expected text\n"
    )
    assert f"open    steelyard show {tmp_path / 'run'} --open\n" in said
    code, measured = run(server, questions, tmp_path / "lenient", "--scorer", "contains")
    assert (code, measured["measured"], measured["open"]) == (0, 75.0, 0)
    assert execute(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("server", [(POLITE,)], indirect=True)
def test_no_report_and_no_page_has_a_score_where_there_is_a_range(
    server: SumsServer, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    run(server, questions, out)
    markdown, page = (out / "report.md").read_text(), (out / "report.html").read_text()
    assert "Measured: capitals 0.0–75.0 % (95 % interval 0.0–88.9 %). 15 answers are open" in markdown
    assert "<circle" not in page.partition('class="bar"')[2].partition("</svg>")[0]
    said = {}
    for language in ("en", "de"):
        file = tmp_path / f"{language}.html"
        assert execute(["report", str(out), "--summary", str(file), "--language", language]) == 3
        said[language] = one_line(file.read_text())
    assert "exit 3: so few answers could be read that they say nothing" in one_line(capsys.readouterr().out).lower()
    assert "reaches between 0.0 and 75.0 % on capitals: of 20 answers, 15 are missing or cannot" in said["en"]
    assert "zwischen 0,0 und 75,0 % bei capitals: Von 20 Antworten fehlen 15 " in said["de"]
    for page in said.values():
        assert "--open" in page
        assert "<circle" not in page.partition('class="bar"')[2].partition("</svg>")[0]
    with pytest.raises(InputError, match="so many answers are open or missing that there is a range"):
        export_run(out)


@pytest.mark.parametrize("server", [(POLITE,)], indirect=True)
def test_python_has_no_score_either(server: SumsServer, questions: Path, tmp_path: Path) -> None:
    result = steelyard.run(str(questions), model=f"openai:sums@{server.url}", out=tmp_path / "run")
    assert isinstance(result, RunResult)
    assert (result.measurements[0].measured, result.measurements[0].bounds) == (None, (0.0, 0.75))
    assert (result.exit_code, "0.0–75.0 %" in repr(result), "0.0–75.0 %" in result._repr_html_()) == (3, True, True)


NOTHING = [
    (["The capital that you ask for, and that I know well, is Ber"], "length"),
    ([""], "content_filter"),
]


@pytest.mark.parametrize("server", NOTHING, indirect=True)
def test_where_nothing_can_be_read_the_run_is_no_success(
    server: SumsServer, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, measured = run(server, questions, tmp_path / "run")
    assert (code, measured["measured"], measured["bounds"]) == (3, None, [0.0, 100.0])
    assert "20 open: all were " in capsys.readouterr().out


@pytest.mark.parametrize("server", [([""],)], indirect=True)
def test_a_model_that_says_nothing_is_no_success(server: SumsServer, questions: Path, tmp_path: Path) -> None:
    code, measured = run(server, questions, tmp_path / "run")
    assert (code, measured["right"], measured["unparsed"] + measured["open"]) == (3, 0, 20)


@pytest.mark.parametrize("server", [(["**{}**"] * 47 + ["one of {} or Atlantis"],)], indirect=True)
def test_a_few_open_answers_leave_a_score(server: SumsServer, tmp_path: Path) -> None:
    questions = tmp_path / "capitals.jsonl"
    questions.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in CAPITALS.items()))
    code, measured = run(server, questions, tmp_path / "run", "--repeats", "4", "--temperature", "0.5")
    assert (code, measured["asked"], measured["open"], measured["measured"]) == (0, 120, 2, 100.0)
    assert measured["bounds"] == [pytest.approx(100 * 118 / 120), 100.0]


@pytest.mark.parametrize("server", [(POLITE,)], indirect=True)
def test_a_claim_has_a_range_too(
    server: SumsServer, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: sums\nclaims:\n  - {task: capitals, value: 75, protocol: {decoding: greedy}}\n")
    out = tmp_path / "run"
    model = f"openai:sums@{server.url}"
    assert execute(["audit", str(sheet), "--task", str(questions), "--model", model, "--out", str(out)]) == 3
    (claim,) = json.loads((out / "report.json").read_text())["claims"]
    assert (claim["verdict"], claim["measured"]) == ("insufficient_power", None)
    low, high = claim["bounds"]
    assert low == 0
    assert high == pytest.approx(100 * claim["open"] / claim["asked"])
    said = capsys.readouterr().out
    assert "all hold the expected answer and do not name it as their answer" in said
    assert f"open    steelyard show {out} --open" in said


@pytest.mark.parametrize("server", [([HOLDS, "not {}", "{} or Atlantis"],)], indirect=True)
def test_every_open_answer_says_why(
    server: SumsServer, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(server, questions, tmp_path / "run")
    assert open_answers(RunFolder.open(tmp_path / "run")).number == 20
    capsys.readouterr()
    assert execute(["show", str(tmp_path / "run"), "--open", "--limit", "0", "--json"]) == 0
    reasons = {answer["why"] for answer in json.loads(capsys.readouterr().out)["answers"]}
    assert reasons == {
        "holds the expected answer and does not name it as its answer",
        "holds the expected answer beside a word such as not or or",
    }


def test_a_rule_that_reads_choices_is_refused_where_there_are_none(
    sums_server: Any, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(questions), "--model", f"openai:sums@{sums_server.url}", "--out", str(tmp_path / "r")]
    assert execute([*command, "--scorer", "option"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("steelyard: ")]
    assert "20 of 20 questions of capitals have no choices: give the file a column choices" in line
