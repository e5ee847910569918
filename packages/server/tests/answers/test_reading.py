"""Lines and texts are held against their digests: what was changed is not shown, what is gone is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.answers.mixed_run import IMAGE, picture
from steelyard.evidence import layout
from steelyard.records import Outcome
from steelyard_server.answers.form import OUTCOMES, Entry
from steelyard_server.answers.index import AnswerIndex
from steelyard_server.answers.reading import ChangedError, LostError, RunReader
from steelyard_server.database.folder import DataFolder
from steelyard_server.runs.folders import folder_of


def entry_of(index: AnswerIndex, outcome: str) -> Entry:
    found = (index.entry(number) for number in range(1, index.total + 1))
    return next(each for each in found if OUTCOMES[each.outcome] == outcome)


def replaced(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert data.count(old) > 0
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))


def test_an_answer_is_read_where_the_index_says(data: DataFolder, seal: str, index: AnswerIndex) -> None:
    missing, partly, wrong = (entry_of(index, each) for each in ("missing", "partly right", "wrong"))
    with RunReader(data, seal) as reader:
        attempt = reader.attempt(index.header, missing)
        assert (attempt.outcome, attempt.attempt, attempt.sample) == (Outcome.SERVER_ERROR, 5, "sums/row/8")
        assert reader.note(index.header, partly).startswith("2 of 4 cases")
        assert reader.note(index.header, wrong) == ""
        answer = reader.attempt(index.header, wrong).answer
        assert reader.text(wrong.answer, answer).value == "7000"
        assert (reader.text(0, answer).why, reader.text(0, "").value) == ("withheld", "")
        assert reader.text(wrong.answer, answer, 10).why == "long"
        assert (reader.image(IMAGE.sha256), reader.image_size(IMAGE.sha256)) == (picture(), len(picture()))
        assert (reader.image("0" * 64), reader.image_size("../../secrets")) == (None, None)


def test_a_changed_line_text_or_image_is_not_shown(data: DataFolder, seal: str, index: AnswerIndex) -> None:
    wrong, partly = entry_of(index, "wrong"), entry_of(index, "partly right")
    run = folder_of(data, seal)
    with RunReader(data, seal) as reader:
        answer = reader.attempt(index.header, wrong).answer
    replaced(run / layout.TEXT_SEGMENT, b'"7000"', b'"7001"')
    replaced(run / layout.MAIN_SEGMENT, b"2 of 4 cases", b"4 of 4 cases")
    (run / layout.media_of(IMAGE.sha256)).write_bytes(picture() + b"x")
    with RunReader(data, seal) as reader:
        with pytest.raises(ChangedError, match="texts/main"):
            reader.text(wrong.answer, answer)
        with pytest.raises(ChangedError, match="journal/main"):
            reader.note(index.header, partly)
        with pytest.raises(ChangedError, match="media/"):
            reader.image(IMAGE.sha256)
    replaced(run / layout.MAIN_SEGMENT, b'"sample":"sums/row/4"', b'"sample":"sums/row/5"')
    with RunReader(data, seal) as reader, pytest.raises(ChangedError, match="journal/main"):
        reader.attempt(index.header, wrong)


def test_a_text_of_another_answer_in_its_place_is_not_shown(data: DataFolder, seal: str, index: AnswerIndex) -> None:
    wrong, right = entry_of(index, "wrong"), entry_of(index, "right")
    with RunReader(data, seal) as reader:
        answer = reader.attempt(index.header, wrong).answer
        with pytest.raises(ChangedError):
            reader.text(right.answer, answer)


def test_files_that_are_gone_are_said_and_a_link_is_none(data: DataFolder, seal: str, index: AnswerIndex) -> None:
    wrong, run = entry_of(index, "wrong"), folder_of(data, seal)
    (run / layout.TEXT_SEGMENT).rename(run / "elsewhere")
    with RunReader(data, seal) as reader:
        assert reader.text(wrong.answer, "ab" * 32).why == "gone"
    (run / layout.TEXT_SEGMENT).symlink_to(run / "elsewhere")
    with RunReader(data, seal) as reader, pytest.raises(ChangedError):
        reader.text(wrong.answer, "ab" * 32)
    (run / layout.MAIN_SEGMENT).unlink()
    with RunReader(data, seal) as reader, pytest.raises(LostError, match="journal/main"):
        reader.attempt(index.header, wrong)
