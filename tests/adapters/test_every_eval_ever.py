"""Every Eval Ever in and out. What goes out was held against the real schemas once (docs/adapters.md); here a part."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.adapters.every_eval_ever import read_every_eval_ever
from steelyard.adapters.every_eval_ever_export import export_run
from steelyard.adapters.imported_run import write_imported_run
from steelyard.adapters.inspect_log import read_inspect_log
from steelyard.adapters.sheet_file import sheet_text
from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError, VerificationError

LOGS = Path(__file__).parent.parent / "assets" / "logs"


def document(**changes: Any) -> dict[str, Any]:
    result = {
        "evaluation_name": "MMLU-Pro",
        "source_data": {"dataset_name": "MMLU-Pro", "source_type": "hf_dataset", "hf_repo": "TIGER-Lab/MMLU-Pro"},
        "metric_config": {"metric_name": "Accuracy", "lower_is_better": False, "min_score": 0, "max_score": 1},
        "score_details": {"score": 0.698, "uncertainty": {"num_samples": 12032, "standard_error": {"value": 0.004}}},
        "generation_config": {"generation_args": {"temperature": 0.0}, "additional_details": {"num_fewshot": "5"}},
    }
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "mmlu_pro/acme_7b/1",
        "evaluation_timestamp": "1761001924.0",
        "retrieved_timestamp": "1770603909.4",
        "source_metadata": {
            "source_name": "A Leaderboard",
            "source_type": "documentation",
            "source_organization_name": "An Organisation",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": "lm_eval", "version": "0.4.13"},
        "model_info": {"name": "Acme 7B", "id": "acme/acme-7b", "developer": "Acme", "additional_details": {}},
        "evaluation_results": [{**result, **changes}],
    }


def written(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_results_become_a_sheet(tmp_path: Path) -> None:
    text = json.dumps(document()).replace("0.698", "0.6980")  # its last zero is a decimal that was printed
    sheet = read_every_eval_ever(written(tmp_path / "x.json", text))
    claim = sheet.claims[0]
    assert (claim.task, claim.value, claim.unit, claim.samples, claim.shots) == (
        "mmlu-pro",
        "0.6980",
        "fraction",
        12032,
        5,
    )
    assert (claim.protocol.decoding, claim.protocol.harness) == ("greedy", "lm_eval 0.4.13")
    assert "standard error 0.004" in claim.origin
    assert (sheet.model, sheet.vendor, sheet.date) == ("acme/acme-7b", "Acme", "2025-10-20")
    assert "third_party" in sheet.origin[0]


@pytest.mark.parametrize(
    ("metric", "score", "unit"),
    [
        ({"metric_unit": "percent", "lower_is_better": False}, 69.8, "percent"),
        ({"min_score": 0, "max_score": 100, "lower_is_better": False}, 0.5, "percent"),
        ({"min_score": 0.0, "max_score": 1.0, "lower_is_better": False}, 0.5, "fraction"),
        ({"metric_name": "accuracy", "lower_is_better": False}, 69.8, "percent"),
        ({"metric_name": "Elo", "lower_is_better": False}, 1417, "elo"),
        ({"metric_name": "latency", "lower_is_better": True, "min_score": 0, "max_score": 1}, 0.5, "points"),
        ({"metric_name": "toxicity index", "lower_is_better": False}, 3, "points"),
    ],
)
def test_units_follow_from_bounds_before_names(tmp_path: Path, metric: Any, score: float, unit: str) -> None:
    value = document(metric_config=metric, score_details={"score": score})
    assert read_every_eval_ever(written(tmp_path / "x.json", value)).claims[0].unit == unit


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "not Every Eval Ever"),
        ({**document(), "schema_version": "9.0"}, "its schema is '9.0'"),
        (document(score_details={"score": True}), "no score|a score that is a number"),
        ("[" * 100_000, "nested too deep"),
        ("{", "not JSON"),
    ],
)
def test_what_is_not_one_is_refused(tmp_path: Path, value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_every_eval_ever(written(tmp_path / "x.json", value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("evaluation_name", "source_data", "metric_config", "score_details", "generation_config")


@given(changes=st.dictionaries(st.sampled_from(KEYS), JSON), score=JSON, bound=JSON)
def test_any_json_in_a_result_gives_a_sheet_that_is_read_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any], score: Any, bound: Any
) -> None:
    folder = tmp_path_factory.mktemp("eee")
    changes.setdefault("score_details", {"score": score})
    changes.setdefault("metric_config", {"max_score": bound, "min_score": 0, "metric_unit": bound})
    try:
        sheet = read_every_eval_ever(written(folder / "x.json", document(**changes)))
    except InputError:
        return
    (folder / "sheet.yaml").write_text(sheet_text(sheet, "x"), encoding="utf-8")
    assert len(read_sheet(folder / "sheet.yaml").claims) == 1


# ── export ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run imported from a real log."""
    return imported("inspect_sums.eval", tmp_path / "run")


def imported(name: str, folder: Path) -> Path:
    log = read_inspect_log(LOGS / name)
    write_imported_run(folder, log.tasks, log.origin, log.model)
    return folder


def test_a_run_whose_missing_answers_leave_a_range_has_no_score_to_export(tmp_path: Path) -> None:
    """One of 14 answers is missing: the score is 12/14 or 13/14, and a document has one number."""
    with pytest.raises(InputError, match="so many answers are open or missing that there is a range, and no score"):
        export_run(imported("inspect_error.eval", tmp_path / "run"))


def test_a_run_goes_out_with_what_the_schema_requires(run: Path) -> None:
    out = export_run(run)
    required = {"schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info"}
    assert out.keys() >= required | {"eval_library", "evaluation_results"}
    assert out["schema_version"] == "0.3.0"
    assert out["eval_library"] == {
        "name": "inspect_ai",
        "version": "0.3.285",
        "additional_details": {"sealed_by": "steelyard"},
    }
    (result,) = out["evaluation_results"]
    assert result["score_details"]["score"] == 13 / 14
    assert result["score_details"]["details"]["missing"] == "0"
    interval = result["score_details"]["uncertainty"]["confidence_interval"]
    assert interval["lower"] < 13 / 14 < interval["upper"]
    details = [out["source_metadata"]["additional_details"], result["generation_config"]["additional_details"]]
    assert all(isinstance(value, str) for each in details for value in each.values())


@pytest.mark.parametrize("with_texts", [False, True])
def test_lines_hold_digests_unless_texts_are_requested(run: Path, tmp_path: Path, with_texts: bool) -> None:
    out = export_run(run, tmp_path / "samples.jsonl", with_texts=with_texts)
    lines = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    reference = out["detailed_evaluation_results"]
    assert reference["total_rows"] == len(lines) == 14
    pattern = (
        r"data/[^/]+/[^/]+/[^/]+/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_samples\.jsonl"
    )
    assert re.fullmatch(pattern, reference["file_path"])
    assert ("What is" in lines[0]["input"]["raw"]) is with_texts
    assert lines[0]["output"]["raw"][0].startswith("sha256:") is not with_texts
    assert {line["evaluation"]["is_correct"] for line in lines} == {True, False}


def test_what_goes_out_comes_in_again(run: Path, tmp_path: Path) -> None:
    claim = read_every_eval_ever(written(tmp_path / "x.json", export_run(run))).claims[0]
    assert (claim.unit, claim.samples, claim.protocol.harness) == ("fraction", 14, "inspect_ai 0.3.285")
    assert abs(float(claim.value) - 13 / 14) < 1e-11


def test_a_run_that_does_not_hold_is_not_exported(run: Path) -> None:
    path = run / "scores.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"value":0', b'"value":1', 1))
    with pytest.raises(VerificationError, match=r"scores\.jsonl"):
        export_run(run)
