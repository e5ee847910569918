"""lm-eval's logs, as lm-eval wrote them: the same scores, log-likelihoods that our own scorer scores alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.adapters.imported_run import write_imported_run
from steelyard.adapters.lm_eval_log import read_lm_eval_log
from steelyard.errors import InputError
from steelyard.records import Verdict
from steelyard.storage.journal.reader import replay
from steelyard.storage.journal.texts import read_texts
from tests.adapters.imported import all_scores

LOGS = Path(__file__).parent.parent / "assets" / "logs"
CHOICE, CHAT = LOGS / "lm_eval", LOGS / "lm_eval_chat"


def bring_in(source: Path, run: Path, metric: str = "", scorer: str = "") -> Verdict:
    log = read_lm_eval_log(source, metric, scorer)
    return write_imported_run(run, log.tasks, log.origin, log.model)


@pytest.mark.parametrize(
    ("metric", "scorer", "right"),
    [("acc", "", 1), ("acc_norm", "", 0), ("", "choice@1", 1), ("", "choice[characters]@1", 0)],
)
def test_choices_score_as_lm_eval_scored_them_and_as_ours_do(
    tmp_path: Path, metric: str, scorer: str, right: int
) -> None:
    """lm-eval says .0833 and 0; scored again from the log-likelihoods, our choice scorer agrees."""
    verdict = bring_in(CHOICE, tmp_path / "run", metric, scorer)
    result = verdict.measurements[0]
    assert (result.measured, result.asked, result.missing, result.task) == (right / 12, 12, 0, "stub_choice")
    assert not any("states a score" in note for note in result.differences)
    assert any("without samples" in note and "stub_small" in note for note in result.differences)
    assert all_scores(tmp_path / "run") == 12
    attempt = next(iter(replay(tmp_path / "run").attempts))
    assert len(attempt.logprobs) == 3


def test_shots_and_continuations_are_kept(tmp_path: Path) -> None:
    log = read_lm_eval_log(CHOICE)
    assert log.tasks[0].shots == 2
    bring_in(CHOICE, tmp_path / "run")
    item = next(json.loads(text) for _, text in read_texts(tmp_path / "run") if text.startswith('{"choices"'))
    assert item["choices"] == [" 0", " 1", " about 2 or so"]
    assert item["request"]["context"].endswith("Question: What is 0 + 1?\nAnswer:")
    assert item["target"] == "1"


@pytest.mark.parametrize(
    ("metric", "right", "unparsed"), [("", 13, 0), ("exact_match,strict", 13, 0), ("exact_match,loose", 0, 0)]
)
def test_filters_have_scores_of_their_own(tmp_path: Path, metric: str, right: int, unparsed: int) -> None:
    result = bring_in(CHAT, tmp_path / "run", metric).measurements[0]
    assert (result.measured, result.unparsed) == (right / 14, unparsed)
    texts = dict(read_texts(tmp_path / "run"))
    first = next(iter(replay(tmp_path / "run").attempts))
    assert texts[first.answer] == "7976"  # the raw answer, whatever the filter made of it
    request = json.loads(texts[first.item])["request"]
    assert (request["prompt"], request["chat"]) == ("What is 5405 + 2571? Answer with the number only.", True)


def copied(source: Path, folder: Path) -> tuple[Path, Path]:
    """A copy of a log: its results and its samples."""
    shutil.copytree(source, folder)
    return next(folder.glob("results_*")), next(folder.glob("samples_*"))


def test_documents_that_the_log_lacks_are_missing(tmp_path: Path) -> None:
    _, samples = copied(CHAT, tmp_path / "log")
    lines = samples.read_text().splitlines(keepends=True)
    samples.write_text("".join(line for line in lines if json.loads(line)["doc_id"] not in (3, 9)))
    verdict = bring_in(tmp_path / "log", tmp_path / "run")
    assert (verdict.measurements[0].asked, verdict.measurements[0].missing, verdict.exit) == (14, 2, 4)
    assert any("mean of its own scores" in note for note in verdict.measurements[0].differences)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n-samples": {"stub_small": {"effective": 10**11}}}, "14 of the 100,000,000,000 documents"),
        ({"higher_is_better": {"stub_small": {"exact_match": False}}}, "a lower exact_match is better"),
        ({"results": {}}, "has no metric ''; it has: none"),
        ({"configs": {"../../etc": {}}}, "no samples beside it"),
        ({"configs": []}, "no samples beside it"),
        ({"n-samples": None, "results": None, "configs": None, "config": []}, "no samples beside it"),
    ],
)
def test_results_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    results, _ = copied(CHAT, tmp_path / "log")
    results.write_text(json.dumps({**json.loads(results.read_text()), **changes}))
    with pytest.raises(InputError, match=words):
        bring_in(tmp_path / "log", tmp_path / "run")


def test_errors_say_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no metric 'f1'; it has: exact_match,strict, exact_match,loose"):
        read_lm_eval_log(CHAT, "f1")
    with pytest.raises(InputError, match="no samples of 'arc'; it has: stub_small"):
        read_lm_eval_log(CHAT, tasks=("arc",))
    with pytest.raises(InputError, match=r"no results_\*\.json"):
        read_lm_eval_log(tmp_path)
    copied(CHAT, tmp_path / "one")
    copied(CHOICE, tmp_path / "two")
    with pytest.raises(InputError, match="2 results are in this folder"):
        read_lm_eval_log(tmp_path)


def test_a_log_that_is_cut_or_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    _, samples = copied(CHAT, tmp_path / "log")
    samples.write_bytes(samples.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"jsonl:28: not JSON"):
        bring_in(tmp_path / "log", tmp_path / "run")
    assert not (tmp_path / "run").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FEWER = settings().max_examples // 2  # a log is imported and verified for each
KEYS = ("doc_id", "target", "arguments", "resps", "filtered_resps", "exact_match", "filter", "acc")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=FEWER)
@given(source=st.sampled_from([CHOICE, CHAT]), key=st.sampled_from(KEYS), value=JSON, place=st.integers(0, 11))
def test_any_value_anywhere_in_a_line_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, source: Path, key: str, value: Any, place: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    _, samples = copied(source, folder / "log")
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    lines[place][key] = value
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    try:
        bring_in(folder / "log", folder / "run")
    except InputError as refused:
        message = str(refused)
    else:
        message = ""
        assert all_scores(folder / "run") >= 12
    assert "\n" not in message
