"""What a claim's test can reach agrees with its thresholds, and with what the real command then finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.detectors.claim_retest.reach import PAIRED_UP_TO, enough_for, reach_of
from steelyard.detectors.claim_retest.sealed import ClaimTest, decode
from steelyard.detectors.claim_retest.thresholds import CHECKED, least_confirming
from steelyard.planning import decoding
from steelyard.records import Claim, Measurement
from testkit.fixtures import SumsServer
from testkit.plans import claim_plan, measurement


def paired(population: int, value: str, tolerance: str = "2") -> tuple[ClaimTest, Measurement, Claim]:
    claim = Claim(task="t", value=value)
    plan = claim_plan(claim, in_process=False, population=population, repeats=2)
    return msgspec.structs.replace(decode(plan.tests[0]), tolerance=tolerance), plan.measurements[0], claim


def test_its_numbers_are_those_of_the_planner() -> None:
    assert decoding.PAIRED_UP_TO == PAIRED_UP_TO
    assert decoding.REMOTE_CHECK.samples == CHECKED


@pytest.mark.parametrize("value", ["100", "95", "85.0", "50"])
@pytest.mark.parametrize("population", [8, 20, 60, 120, 200, 400])
def test_it_is_the_threshold_of_the_last_test(population: int, value: str) -> None:
    sealed, asked, claim = paired(population, value)
    found = reach_of(sealed, asked, claim)
    confirm = least_confirming(sealed, asked, claim, sealed.least_variance(asked))
    assert min(found.best * asked.trials, asked.trials + 1) == confirm
    assert found.exact is (2 * round(population * Fraction(value) / 100) >= confirm)
    assert bool(found.sentence) is not found.exact


@pytest.mark.parametrize("value", ["100", "95"])
@pytest.mark.parametrize("tolerance", ["2", "1", "0.5"])
def test_as_many_questions_as_it_says_would_do_and_fewer_would_not(value: str, tolerance: str) -> None:
    found = reach_of(*paired(20, value, tolerance))
    assert found.questions is not None
    if found.questions <= PAIRED_UP_TO:
        at, fewer = (reach_of(*paired(number, value, tolerance)) for number in (found.questions, found.questions // 2))
        # A whole number of questions may round the claimed share down by one of them.
        assert at.best <= Fraction(value) / 100 + Fraction(1, found.questions)
        assert not fewer.exact


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            (12, 12, "91 %", (0.6912, 1.0), 253),
            "12 of 12 right: enough to say at least 69 %, not enough for 91 %; about 260 questions are needed",
        ),
        (
            (1_050.25, 1_319, "80.5 %", (0.7, 0.9), None),
            "1,050.25 of 1,319 right: enough to say at least 70 %, not enough for 80.5 %",
        ),
    ],
)
def test_a_score_near_its_claim_in_one_sentence(
    given: tuple[float, int, str, tuple[float, float], int | None], said: str
) -> None:
    assert enough_for(*given) == said


def test_in_process_answers_have_no_noise() -> None:
    sealed = ClaimTest(claim=0, tolerance="2", alpha_consistent=0.05)
    found = reach_of(sealed, measurement(population=8), Claim(task="t", value="87.5"))
    assert (found.exact, found.sentence) == (True, "")


# ── by the real command ─────────────────────────────────────────────────────────────────────────────────────────────


class NeverWrong(SumsServer):
    """Says the number of the question."""

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        number = re.search(r"number ([0-9]+)", prompt)
        choice = {
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": number[1] if number else "5"},
        }  # fmt: skip
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        return web.json_response({"id": "x", "model": "sums", "choices": [choice], "usage": usage})


@pytest.fixture
def never_wrong() -> Iterator[SumsServer]:
    with NeverWrong() as server:
        yield server


def audited(server: SumsServer, folder: Path, questions: int, value: str, *more: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    rows = [
        {"question": f"Which number is number {each + 1000}?", "answer": str(each + 1000)} for each in range(questions)
    ]
    (folder / "numbers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sheet = folder / "sheet.yaml"
    sheet.write_text(f"model: sums\nclaims:\n  - {{task: numbers, value: {value}, protocol: {{decoding: greedy}}}}\n")
    model, task = f"openai:sums@{server.url}", str(folder / "numbers.jsonl")
    return ["audit", str(sheet), "--model", model, "--task", task, "--out", str(folder / "run"), *more]


def claim_in(folder: Path) -> tuple[str, str]:
    (claim,) = json.loads((folder / "run/report.json").read_text())["claims"]
    return claim["verdict"], claim["reason"]


def test_a_perfect_claim_that_too_few_questions_cannot_confirm_is_named_before_and_after(
    never_wrong: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = audited(never_wrong, tmp_path / "few", 60, "100")
    assert execute([*command, "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    said = re.search(r"60 questions: not enough for 100 %; about ([0-9]+) questions are needed", told)
    assert said is not None
    assert "undecided" in told
    assert "tolerance" not in told
    assert execute([*command, "--dry-run", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["if_true"], row["cannot"]) == (None, said[0])

    assert execute(command) == 3
    page = " ".join("".join(capsys.readouterr()).split())
    assert (page.count("are needed"), page.count("not enough")) == (1, 1)
    verdict, reason = claim_in(tmp_path / "few")
    assert verdict == "insufficient_power"
    shown = r"([0-9]+) of \1 right: enough to say at least 9[0-9] %, not enough for 100 %"
    found = re.fullmatch(rf"{shown}; about ([0-9]+) questions are needed", reason)
    assert found is not None
    assert found[2] == said[1]
    assert execute(["verify", str(tmp_path / "few/run")]) == 0
    summary = tmp_path / "summary.html"
    for language, words in (("en", "Test on about"), ("de", "Mit etwa")):
        assert execute(["report", str(tmp_path / "few/run"), "--summary", str(summary), "--language", language]) == 3
        page = " ".join(summary.read_text().split())
        assert page.count(f"{words} {said[1]} ") == 1

    more = audited(never_wrong, tmp_path / "more", int(said[1]), "100")
    capsys.readouterr()
    assert execute([*more, "--dry-run"]) == 0
    assert "not enough" not in capsys.readouterr().out
    assert execute(more) == 0
    assert claim_in(tmp_path / "more")[0] == "consistent"


def test_a_claim_that_only_a_better_score_confirms_says_so(
    never_wrong: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = audited(never_wrong, tmp_path / "few", 100, "90")
    assert execute([*command, "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert re.search(
        r"100 questions: not enough for 90 % with a score below 9[0-9.]+ %; about [0-9]+ questions are needed", told
    )
    assert execute(command) == 0  # all are right, and the claim is confirmed
