"""Inspect's logs, as Inspect wrote them: the same scores, errors as missing answers, and hostile files refused."""

from __future__ import annotations

import io
import json
import struct
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.adapters.imported_run import write_imported_run
from steelyard.adapters.inspect_log import read_inspect_log
from steelyard.adapters.zip_members import Members, open_members
from steelyard.errors import InputError, MissingDependency
from steelyard.records import Outcome, Verdict
from steelyard.storage.journal.reader import replay
from steelyard.storage.journal.texts import read_texts
from tests.adapters.imported import all_scores

LOGS = Path(__file__).parent.parent / "assets" / "logs"
NO_LOG = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=settings().max_examples
)


def bring_in(path: Path, run: Path, metric: str = "", scorer: str = "") -> Verdict:
    log = read_inspect_log(path, metric, scorer)
    return write_imported_run(run, log.tasks, log.origin, log.model)


@pytest.mark.parametrize("scorer", ["", "exact@6"])
@pytest.mark.parametrize(("name", "right", "of"), [("inspect_sums.eval", 13, 14), ("inspect_sums.json", 3, 3)])
def test_the_score_is_the_harnesss_own(tmp_path: Path, name: str, right: int, of: int, scorer: str) -> None:
    """13 of 14 is what Inspect's header says; that the report is silent of a difference shows that it was compared."""
    verdict = bring_in(LOGS / name, tmp_path / "run", scorer=scorer)
    result = verdict.measurements[0]
    assert (result.measured, result.asked, result.missing) == (right / of, of, 0)
    assert not any("states a score" in note for note in result.differences)
    assert all_scores(tmp_path / "run") == of


def test_answers_tokens_and_times_are_kept(tmp_path: Path) -> None:
    verdict = bring_in(LOGS / "inspect_sums.eval", tmp_path / "run")
    result = verdict.measurements[0]
    assert (result.task, result.prompt, result.prompt_tokens, result.completion_tokens) == (
        "sums",
        "inspect_ai",
        140,
        14,
    )
    assert result.seconds > 0
    texts = dict(read_texts(tmp_path / "run"))
    first = next(iter(replay(tmp_path / "run").attempts))
    assert texts[first.answer] == "7976"
    assert json.loads(texts[first.item])["request"]["prompt"] == "What is 5405 + 2571? Answer with the number only."
    assert first.started_us > 1_700_000_000_000_000


def test_an_error_is_a_missing_answer_with_its_kind(tmp_path: Path) -> None:
    """Inspect leaves it out and says 12 of 13; here it stays, as one missing answer of 14."""
    verdict = bring_in(LOGS / "inspect_error.eval", tmp_path / "run")
    result = verdict.measurements[0]
    assert (result.measured, result.asked, result.missing, verdict.exit) == (None, 14, 1, 4)
    assert result.bounds == (12 / 14, 13 / 14)
    failed = [attempt for attempt in replay(tmp_path / "run").attempts if not attempt.outcome.answered]
    assert [attempt.outcome for attempt in failed] == [Outcome.MALFORMED]
    assert "JSONDecodeError" in failed[0].detail


def test_samples_that_a_stopped_harness_never_sent_are_missing(tmp_path: Path) -> None:
    """Its exit code was 0, and 13 samples are in the log; the header says that there were 14."""
    verdict = bring_in(LOGS / "inspect_stopped.eval", tmp_path / "run")
    result = verdict.measurements[0]
    assert (result.asked, result.missing, result.measured) == (14, 3, None)
    assert any("did not finish" in note for note in result.differences)
    details = [attempt.detail for attempt in replay(tmp_path / "run").attempts if not attempt.outcome.answered]
    assert "not in the log" in details


def test_several_scorers_and_epochs(tmp_path: Path) -> None:
    verdict = bring_in(LOGS / "inspect_two_scorers.eval", tmp_path / "first")
    note = " ".join(verdict.measurements[0].differences)
    assert "those by digits are taken, not by exact" in note
    assert "mean of the scores is 0.9" in note
    assert verdict.measurements[0].asked == 10  # 5 samples in 2 epochs
    verdict = bring_in(LOGS / "inspect_two_scorers.eval", tmp_path / "second", metric="exact")
    assert verdict.measurements[0].measured == 0.8
    with pytest.raises(InputError, match="no scorer 'nosuch'; it has: digits, exact"):
        read_inspect_log(LOGS / "inspect_two_scorers.eval", "nosuch")


def test_what_a_scorer_could_not_parse_is_counted_apart(tmp_path: Path) -> None:
    result = bring_in(LOGS / "inspect_letters.eval", tmp_path / "run").measurements[0]
    assert (result.measured, result.unparsed) == (0.0, 4)
    item = next(json.loads(text) for _, text in read_texts(tmp_path / "run") if text.startswith('{"choices"'))
    assert item["choices"][-1] == "Zürich 😀"
    assert "Answer the following multiple choice question" in item["request"]["prompt"]


# ── logs that no harness wrote ──────────────────────────────────────────────────────────────────────────────────────


def header(**changes: Any) -> dict[str, Any]:
    evaluation = {"task": "t", "model": "m", "packages": {"inspect_ai": "0"}, "scorers": [{"name": "s"}], "config": {}}
    return {"version": 2, "status": "success", "eval": {**evaluation, **changes}}


def sample(number: int, value: Any = "C", **changes: Any) -> dict[str, Any]:
    output = {"completion": "a", "choices": [{"message": {"content": "a"}, "stop_reason": "stop"}]}
    whole = {"id": number, "epoch": 1, "input": "q", "target": "a", "output": output, "scores": {"s": {"value": value}}}
    return {**whole, **changes}


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def log_file(path: Path, samples: list[dict[str, Any]], **changes: Any) -> Path:
    members = {"header.json": json.dumps(header(**changes)).encode()}
    for number, each in enumerate(samples):
        members[f"samples/{number}_epoch_1.json"] = json.dumps(each).encode()
    return zipped(path, members)


@pytest.mark.parametrize(
    ("value", "score"),
    [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), (1, 1.0), (0.25, 0.25), ("0.75", 0.75), ("yes", 1.0)],
)
def test_letters_and_numbers_are_scores(tmp_path: Path, value: Any, score: float) -> None:
    log = read_inspect_log(log_file(tmp_path / "x.eval", [sample(1, value)]))
    (item,) = log.tasks[0].items
    assert item.score is not None
    assert (item.score.value, item.score.parsed) == (score, value != "N")


def test_a_reported_score_that_differs_from_the_samples_is_reported(tmp_path: Path) -> None:
    path = log_file(tmp_path / "x.eval", [sample(1), sample(2, "I")])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = {**header(), "results": {"scores": [{"name": "s", "metrics": {"accuracy": {"value": 0.95}}}]}}
    verdict = bring_in(
        zipped(tmp_path / "y.eval", {**members, "header.json": json.dumps(changed).encode()}), tmp_path / "run"
    )
    assert any(
        "states a score of 0.9500; the mean of its own scores is 0.5000" in d
        for d in verdict.measurements[0].differences
    )


def bad_bytes(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and nothing that follows")


def not_there(path: Path) -> None:
    zipped(path, {"other.json": b"{}"})


def outside(path: Path) -> None:
    zipped(path, {"header.json": json.dumps(header()).encode(), "samples/../../x.json": b"{}"})


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("header.json", json.dumps(header()))
        archive.writestr("header.json", json.dumps(header()))


def bomb(path: Path) -> None:
    zipped(path, {"header.json": json.dumps(header()).encode(), "samples/1_epoch_1.json": b" " * (100 * 2**20)})


def lying_size(path: Path) -> None:
    """The directory says that the member has ten bytes; what is packed gives a million."""
    zipped(path, {"header.json": b" " * 1_000_000})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(data))


def overlapping(path: Path) -> None:
    zipped(path, {"header.json": json.dumps(header()).encode(), "samples/1_epoch_1.json": b"{}"})
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 5)
    path.write_bytes(bytes(data))


def encrypted(path: Path) -> None:
    zipped(path, {"header.json": json.dumps(header()).encode()})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


def strange_method(path: Path) -> None:
    zipped(path, {"header.json": json.dumps(header()).encode()}, zipfile.ZIP_BZIP2)


def deep(path: Path) -> None:
    zipped(path, {"header.json": b"[" * 200_000}, zipfile.ZIP_STORED)


def no_id(path: Path) -> None:
    log_file(path, [sample(1, id=None)])


def lists_as_scores(path: Path) -> None:
    log_file(path, [sample(1, [1, 2])])


def mapping_as_score(path: Path) -> None:
    log_file(path, [sample(1, {"a": 1})])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bad_bytes, "not a whole zip"),
        (not_there, r"no header\.json"),
        (outside, "outside the log"),
        (twice, "same name"),
        (bomb, "zip bomb"),
        (lying_size, "size or checksum"),
        (overlapping, "overlap, as in a zip bomb"),
        (encrypted, "encrypted"),
        (strange_method, "method"),
        (deep, "nested too deep|not JSON"),
        (no_id, "no id"),
        (lists_as_scores, "a list, not one number"),
        (mapping_as_score, r"name one by --metric s\.KEY"),
    ],
)
def test_hostile_logs_are_refused_in_one_line(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "x.eval"
    make(path)
    with pytest.raises(InputError, match=words) as refused:
        bring_in(path, tmp_path / "run")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", [7.5, [1, 2], {"a": 1}])
def test_log_scores_of_any_type_are_ignored_where_ours_are_computed(tmp_path: Path, value: Any) -> None:
    path = log_file(tmp_path / "x.eval", [sample(1, value), sample(2, value, target="b")])
    assert bring_in(path, tmp_path / "run", scorer="exact@5").measurements[0].measured == 0.5


def test_several_targets_are_refused_only_for_our_scorers(tmp_path: Path) -> None:
    path = log_file(tmp_path / "x.eval", [sample(1, target=["a", "b"])])
    assert bring_in(path, tmp_path / "run").measurements[0].measured == 1.0
    with pytest.raises(InputError, match="2 targets"):
        bring_in(path, tmp_path / "other", scorer="exact@5")


def test_a_part_of_a_mapping_can_be_named(tmp_path: Path) -> None:
    path = log_file(tmp_path / "x.eval", [sample(1, {"a": 1, "b": 0})])
    assert bring_in(path, tmp_path / "run", metric="s.b").measurements[0].measured == 0.0


def test_what_reads_zstandard_is_named_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[logs\]'"):
        read_inspect_log(LOGS / "inspect_sums.eval")


def test_a_log_that_was_killed_has_a_start_and_no_header(tmp_path: Path) -> None:
    """As Inspect leaves it at a SIGKILL: the samples that were flushed, and what was planned."""
    start = {**header(dataset={"sample_ids": [1, 2, 3, 4]})}
    del start["status"]
    members = {
        "_journal/start.json": json.dumps(start).encode(),
        "samples/1_epoch_1.json": json.dumps(sample(1)).encode(),
    }
    verdict = bring_in(zipped(tmp_path / "x.eval", members), tmp_path / "run")
    assert (verdict.measurements[0].asked, verdict.measurements[0].missing, verdict.exit) == (4, 3, 4)
    assert any("its log has no status" in note for note in verdict.measurements[0].differences)


def test_a_damaged_zstandard_member_is_refused(tmp_path: Path) -> None:
    data = bytearray((LOGS / "inspect_sums.eval").read_bytes())
    for place in range(300, 700, 7):
        data[place] ^= 0xFF
    (tmp_path / "x.eval").write_bytes(bytes(data))
    with open_members(tmp_path / "x.eval") as members, pytest.raises(InputError, match=r"damaged|not where"):
        read_all(members)


def read_all(members: Members) -> None:
    for name in members.names():
        members.read(name)


@NO_LOG
@given(source=st.data())
def test_a_changed_byte_anywhere_is_read_or_refused_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, source: st.DataObject
) -> None:
    data = bytearray((LOGS / "inspect_letters.eval").read_bytes())
    for _ in range(source.draw(st.integers(1, 8))):
        data[source.draw(st.integers(0, len(data) - 1))] = source.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("log") / "x.eval"
    path.write_bytes(
        bytes(data[: source.draw(st.integers(0, len(data)))]) if source.draw(st.booleans()) else bytes(data)
    )
    read_or_refused(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    "id",
    "epoch",
    "input",
    "target",
    "choices",
    "messages",
    "output",
    "scores",
    "error",
    "attachments",
    "started_at",
)


@NO_LOG
@given(
    samples=st.lists(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8), max_size=4),
    changes=st.dictionaries(
        st.sampled_from(["task", "model", "dataset", "config", "scorers", "packages", "model_generate_config"]), JSON
    ),
    value=JSON,
)
def test_any_json_where_a_log_should_be_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, samples: list[dict[str, Any]], changes: dict[str, Any], value: Any
) -> None:
    path = tmp_path_factory.mktemp("log") / "x.eval"
    read_or_refused(log_file(path, [sample(0, value), *({**sample(1), **each} for each in samples)], **changes))


def read_or_refused(path: Path) -> None:
    """Every other exception, and an error of several lines, fails the test that calls this."""
    try:
        bring_in(path, path.with_name("run"))
    except InputError as refused:
        message = str(refused)
    else:
        message = ""
        assert all_scores(path.with_name("run")) >= 1
    assert "\n" not in message


def test_a_json_log_is_recognised_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({**header(), "samples": [sample(1)]}))
    assert bring_in(tmp_path / "x.json", tmp_path / "run").measurements[0].measured == 1.0
    (tmp_path / "y.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="names no task"):
        read_inspect_log(tmp_path / "y.json")


def test_members_are_read_in_the_files_order() -> None:
    with open_members(LOGS / "inspect_letters.eval") as members:
        assert members.names()[:2] == ["_journal/start.json", "samples/q1_epoch_1.json"]
        assert json.loads(members.read("header.json"))["status"] == "success"
        assert io.BytesIO(members.read("summaries.json")).getbuffer().nbytes == 2248
