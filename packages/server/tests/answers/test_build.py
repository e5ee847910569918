"""The index says of each answer what ``steelyard show`` says, and where its lines stand."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.answers import mixed_run as module
from packages.server.tests.answers.mixed_run import ASKED, mixed_run
from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard.auditing.answers import answers_of
from steelyard.errors import InputError, VerificationError
from steelyard.records import Sample
from steelyard.storage.run_folder import RunFolder
from steelyard_server.answers import build
from steelyard_server.answers.build import write_index
from steelyard_server.answers.form import HEAD, OUTCOMES, RECORD, UNPARSED, Entry, Header, span_of
from steelyard_server.runs.summary import summary_of


def made(folder: Path) -> tuple[Header, list[Entry]]:
    out = BytesIO()
    write_index(folder, "ab" * 32, out)
    data = out.getvalue()
    _, header_bytes, table_bytes, mark = HEAD.unpack(data[: HEAD.size])
    assert mark == bytes(32), "the process that reads a stranger's run has no key"
    header = msgspec.json.decode(data[HEAD.size :][:header_bytes], type=Header)
    body = data[HEAD.size + header_bytes + table_bytes :]
    assert len(body) == header.body_bytes
    return header, [*map(Entry._make, RECORD.iter_unpack(body[: header.answers * RECORD.size]))]


def line_of(run: Path, name: str, packed: int) -> bytes:
    span = span_of(packed)
    return (run / name).read_bytes()[span.place : span.place + span.length]


@pytest.mark.parametrize("of", ["golden", "mixed", "segments"])
def test_each_score_has_its_outcome_and_its_lines(of: str, mixed: Path, tmp_path: Path) -> None:
    run = {"golden": GOLDEN, "mixed": mixed}.get(of) or mixed_run(tmp_path / "run", worker="w1")
    header, entries = made(run)
    found = {}
    for entry in entries:
        line = msgspec.json.decode(line_of(run, header.segments[entry.segment], entry.line))
        scorer, measurement = header.scorers[entry.scorer], header.measurements[entry.measurement].id
        assert line["measurement"] == measurement
        answer = msgspec.json.decode(line_of(run, "texts/main-0000.jsonl", entry.answer)) if entry.answer else None
        assert (answer and answer["sha256"]) == line.get("answer")
        found[measurement, line["sample"], line.get("repeat", 0), scorer] = OUTCOMES[entry.outcome]
    shown = {
        (each.measurement, each.sample, each.repeat, each.scorer): each for each in answers_of(RunFolder.open(run))
    }
    assert found == {key: each.reading for key, each in shown.items()}


def test_every_outcome_is_there_and_the_reason_of_an_open_answer(mixed: Path) -> None:
    _, entries = made(mixed)
    numbers = {outcome: sum(OUTCOMES[each.outcome] == outcome for each in entries) for outcome in OUTCOMES}
    assert numbers == {"right": 2 * ASKED - 4, "wrong": 1, "partly right": 1, "open": 1, "missing": 1}
    assert [each.cause > 0 for each in entries if OUTCOMES[each.outcome] == "open"] == [True]


def test_an_answer_in_which_nothing_is_read_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_to(number: int, sample: Sample) -> str:
        return " " if number == 10 else sample.target

    monkeypatch.setattr(module, "answer_to", answer_to)
    _, entries = made(mixed_run(tmp_path / "run"))
    assert [OUTCOMES[each.outcome] for each in entries if each.cause == UNPARSED] == ["wrong"]


def test_as_many_scores_are_taken_as_the_verification_took(mixed: Path, tmp_path: Path) -> None:
    withheld = mixed_run(tmp_path / "run", "withheld")
    shutil.rmtree(withheld / "texts")
    shutil.rmtree(withheld / "media")
    for run in (GOLDEN, mixed, withheld):
        _, entries = made(run)
        assert sum(each.taken > 0 for each in entries) == summary_of(verified(run)).scores_taken
    assert not any(each.item or each.answer or each.cause for each in entries)


def test_texts_are_not_in_it(mixed: Path) -> None:
    out = BytesIO()
    write_index(mixed, "ab" * 32, out)
    for text in (b"What is", b"alert", b"cases", b"sums/row", b"503"):
        assert text not in out.getvalue()


def test_scores_that_belong_to_no_answer_are_refused(mixed: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(mixed, run)
    scores = run / "scores.jsonl"
    scores.write_bytes(scores.read_bytes().replace(b'"position":3', b'"position":9999'))
    with pytest.raises(VerificationError, match="has no answer"):
        write_index(run, "ab" * 32, BytesIO())


def test_a_run_of_more_measurements_than_a_page_can_name_is_said(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MAX_MEASUREMENTS", 1)
    with pytest.raises(InputError, match="more than 1 measurements"):
        write_index(mixed, "ab" * 32, BytesIO())
