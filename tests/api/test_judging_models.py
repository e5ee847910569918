"""A judge's run over a run that asked several models: each answer is bound to its model, and so is each label."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from steelyard.api import judged_run
from steelyard.api.calibration import draw_answers, path_beside, read_calibration, read_calibrations
from steelyard.api.judged_run import check_shown, open_judged
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.judging.items import JudgedAnswer, key_in
from steelyard.records import Judging
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, Talker, judging_in, suite_of

ROLES = ["subject", "candidate-2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run ``r`` of two models, of which the second is wrong on a quarter, and three runs of judges over it."""
    folder = tmp_path_factory.mktemp("models")
    with (
        pytest.MonkeyPatch.context() as patch,
        Talker(lambda a, b: str(a + b)) as good,
        Talker(lambda a, b: str(a + b + (a % 4 == 0))) as bad,
        JudgeServer() as judge,
    ):
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        suite_of(folder, good.url, bad.url, judge.url, count=48, rubric=ONE)
        (folder / "judge.txt").write_text(judge.url)
        models = ["--model", f"openai:good@{good.url}", "--model", f"openai:bad@{bad.url}"]
        assert execute(["run", "./sums", *models, "--out", "r"]) == 3
        judged = ["--model", f"judge=openai:judge@{judge.url}"]
        assert execute(["judge", "r", *judged, "--out", "rj"]) == 0
        small = ["--checks", "0", "--attacks", "0"]
        assert execute(["judge", "r#candidate-2", *judged, *small, "--out", "one"]) == 0
        assert execute(["judge", "r#subject", "r#candidate-2", "--pairwise", *judged, "--out", "pair"]) == 0
        yield folder


@pytest.fixture(autouse=True)
def state(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))


def by_role(judging: Judging) -> dict[str, Judging]:
    return {each.role: each for each in judging.models}


def test_each_model_has_a_score_of_its_own(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = judging_in(made / "rj")
    assert list(by_role(found)) == ROLES
    assert [(each.model, each.answers, each.rate) for each in found.models] == [("good", 48, 1.0), ("bad", 48, 0.75)]
    assert (found.answers, found.rate) == (96, 0.875)
    assert [(each.by, each.pairs, each.flips) for each in found.flips] == [("again", 20, 0), ("swapped", 20, 0)]
    assert found.answers_test is not None
    assert (found.answers_test.prompts, found.answers_test.read) == (11, 11)
    assert execute(["verify", "rj"]) == 0
    capsys.readouterr()
    assert execute(["report", "rj"]) == 0
    assert "Score by the judge (candidate-2, bad): 75.0 %" in " ".join(capsys.readouterr().out.split())
    assert "Score by the judge (subject, good)" in (made / "rj" / "report.html").read_text()


def test_attacks_and_checks_take_one_answer_of_a_question_in_turn(made: Path) -> None:
    suite = [json.loads(line) for line in (made / "r-judging" / "attacked" / "samples.jsonl").read_text().splitlines()]
    keys = [key for item in suite if (key := key_in(item["answer"])) is not None]
    for arm in ("constant", "another", "addressed"):
        asked = sorted((key.place, key.role) for key in keys if key.arm == arm)
        assert [role for _, role in asked] == [ROLES[place % 2] for place, _ in asked]
    assert len({(key.sample, key.arm) for key in keys}) == len(keys) == 49


def test_one_of_several_models_is_judged_and_two_are_compared(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = judging_in(made / "one")
    assert (one.role, one.model, one.answers, one.rate, one.models) == ("candidate-2", "bad", 48, 0.75, ())
    pair = judging_in(made / "pair")
    assert pair.pairs is not None
    assert (pair.role, pair.pairs.better, pair.pairs.worse) == ("subject", 12, 0)
    assert execute(["verify", "pair"]) == 0
    assert execute(["judge", "r", "r#subject", "--pairwise", "--model", "judge=openai:j@http://127.0.0.1:9/v1"]) == 2
    assert "asked several models (subject, candidate-2): name the one" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(InputError, match="has no answers of a model in the role 'candidate-3'"):
        open_judged(made / "r", role="candidate-3")


def test_what_was_shown_is_made_again_with_its_model(made: Path) -> None:
    assert check_shown(made / "rj", None, None, None, None) == 96 + 2 * 20 + 49
    assert check_shown(made / "one", None, None, None, None) == 48
    assert check_shown(made / "pair", None, None, None, made / "r") == 2 * (48 + 49)


def labels(answers: Path, path: Path) -> None:
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    said = ["yes" if int(row["answer"]) == int(row["question"].split()[2]) + 3 else "no" for row in rows]
    path.write_text("".join(json.dumps({"id": r["id"], "label": s}) + "\n" for r, s in zip(rows, said, strict=True)))


def test_labels_calibrate_each_model_by_its_own(made: Path, tmp_path: Path) -> None:
    run, answers = made / "rj", tmp_path / "a.jsonl"
    assert draw_answers(run, answers, 60) == 60
    labels(answers, tmp_path / "l.jsonl")
    found = read_calibrations(run, [tmp_path / "l.jsonl"])
    assert (list(found.by_role), found.models) == (ROLES, {"subject": "good", "candidate-2": "bad"})
    counts = [each.labels for each in found.by_role.values() if each is not None]
    assert sum(counts) == 60
    for role, truth in zip(ROLES, (1.0, 0.75), strict=True):
        one = read_calibration(run, [tmp_path / "l.jsonl"], role)
        assert one is not None
        assert one == found.by_role[role]
        assert one.corrected.low <= truth <= one.corrected.high
        assert one.answers == 48
    with pytest.raises(InputError, match="judged several models"):
        read_calibration(run, [tmp_path / "l.jsonl"])


def test_labels_of_one_model_leave_the_other_uncalibrated(made: Path, tmp_path: Path) -> None:
    run, answers = made / "rj", tmp_path / "a.jsonl"
    assert draw_answers(run, answers, 30, role="candidate-2") == 30
    labels(answers, tmp_path / "l.jsonl")
    found = read_calibrations(run, [tmp_path / "l.jsonl"]).by_role
    assert found["subject"] is None
    assert found["candidate-2"] is not None
    assert (found["candidate-2"].labels, found["candidate-2"].skipped) == (30, 0)
    # Another judging of that model's answers by the same rubric may use them.
    other = read_calibration(made / "one", [tmp_path / "l.jsonl"])
    assert other is not None
    assert other.labels == 30
    with pytest.raises(InputError, match="judged no model in the role 'candidate-3'"):
        draw_answers(run, tmp_path / "b.jsonl", 30, role="candidate-3")


def test_a_gate_is_on_one_model(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge", "calibrate", "rj", "--labels", "96"]) == 0
    labels(path_beside(made / "rj", "answers.jsonl"), path_beside(made / "rj", "labels.jsonl"))
    capsys.readouterr()
    assert execute(["gate", "rj", "--at-least", "0.9"]) == 2
    assert "judged several models: a gate is on one of them, rj#" in " ".join(capsys.readouterr().err.split())
    assert execute(["gate", "rj#subject", "--at-least", "0.9"]) == 0
    assert execute(["gate", "rj#candidate-2", "--at-least", "0.9"]) == 1
    path_beside(made / "rj", "answers.jsonl").unlink()
    path_beside(made / "rj", "labels.jsonl").unlink()


def test_an_auditor_who_exchanges_the_models_is_found(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A judging that gives one model's answers to the other is sealed, and is not that run's."""
    others = {"subject": "candidate-2", "candidate-2": "subject"}
    answers = judged_run._answers

    def exchanged(*arguments: Any) -> list[JudgedAnswer]:
        return [replace(each, role=others[each.role]) for each in answers(*arguments)]

    url = (made / "judge.txt").read_text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judged_run, "_answers", exchanged)
        small = ["--checks", "0", "--attacks", "0", "--out", "forged"]
        assert execute(["judge", "r", "--model", f"judge=openai:judge@{url}", *small]) == 0
    assert judging_in(made / "forged").models[0].rate == 0.75
    assert execute(["verify", "forged"]) == 0
    capsys.readouterr()
    assert execute(["judge", "check", "forged"]) == 1
    assert "as that run has not" in capsys.readouterr().err
