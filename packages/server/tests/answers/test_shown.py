"""What a page shows of an answer: hostile texts are bounded and printable, absent ones are words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from packages.server.tests.answers.mixed_run import BIDI, IMAGE, MARKUP
from steelyard.auditing.answers import expected_of
from steelyard.evidence import layout
from steelyard.records import GenerateRequest, Sample
from steelyard_server.answers import shown as module
from steelyard_server.answers.form import OUTCOMES, UNPARSED
from steelyard_server.answers.index import AnswerIndex, Selection
from steelyard_server.answers.reading import RunReader, Text
from steelyard_server.answers.shown import ShownAnswer, TextWords, listed, shown
from steelyard_server.database.folder import DataFolder
from steelyard_server.runs.folders import folder_of

WORDS = TextWords(withheld="never came", gone="is gone")


@pytest.fixture
def show(data: DataFolder, seal: str, index: AnswerIndex) -> Callable[[str], ShownAnswer]:
    def show(sample: str) -> ShownAnswer:
        (number,) = index.after(Selection(sample=sample), 0, 5)
        with RunReader(data, seal) as reader:
            return shown(index.header, reader, index.entry(number), number, WORDS)

    return show


def test_an_answer_has_its_question_the_expected_one_and_how_it_was_read(show: Callable[[str], ShownAnswer]) -> None:
    found = show("sums/row/2")
    assert found.row.outcome == "open"
    assert found.question.head == f"What is 2 + 3? {MARKUP}\ufffdgnp.exe\ufffd"
    assert (found.expected.head, found.answer.head) == ("5", "It is 4, or 5.")
    assert found.why[0].startswith("the answer ")
    assert (found.taken, found.reasoning, found.row.score) == ("", 0, "")
    failed = show("sums/row/8")
    assert (failed.row.outcome, failed.answer.words, failed.attempt.attempt) == ("missing", "(no answer)", 5)
    assert failed.why == (f"server error: 503 {MARKUP}",)
    code = show("code/row/3")
    assert (code.row.outcome, code.row.score, code.why) == ("partly right", "0.5", (f"2 of 4 cases {MARKUP}",))
    assert "code, weights or another harness" in code.taken


def test_an_answer_in_which_nothing_could_be_read_says_so(data: DataFolder, seal: str, index: AnswerIndex) -> None:
    entry = index.entry(1)
    with RunReader(data, seal) as reader:
        found = shown(index.header, reader, entry._replace(cause=UNPARSED), 1, WORDS)
    assert found.why == ("the scorer found nothing in it that it reads as an answer",)


def test_a_sample_that_our_words_stumble_over_is_no_fault_of_the_page() -> None:
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target="9" * 5_000, choices=("a",))
    with pytest.raises(ValueError, match="Exceeds the limit"):
        expected_of(sample)
    assert module._of_sample(expected_of, sample, module._passage).words == "(cannot be shown)"


def test_an_image_is_in_the_page_by_its_bytes_and_says_when_it_was_changed(
    show: Callable[[str], ShownAnswer], data: DataFolder, seal: str
) -> None:
    found = show("sums/row/seen")
    assert found.question.head == "What [image 1] is shown?"
    assert [image.uri.partition(",")[0] for image in found.images] == ["data:image/png;base64"]
    path = folder_of(data, seal) / layout.media_of(IMAGE.sha256)
    path.write_bytes(path.read_bytes() + b"\0")
    assert ("was changed" in show("sums/row/seen").images[0].words, show("sums/row/seen").images[0].uri) == (True, "")
    path.unlink()
    assert "withheld" in show("sums/row/seen").images[0].words


def test_a_row_holds_the_start_of_a_question_and_the_end_of_an_answer(
    data: DataFolder, seal: str, index: AnswerIndex
) -> None:
    with RunReader(data, seal) as reader:
        rows = [
            listed(index.header, reader, index.entry(number), number, WORDS) for number in range(1, index.total + 1)
        ]
    assert [row.number for row in rows] == [*range(1, index.total + 1)]
    assert {row.outcome for row in rows} == {*OUTCOMES}
    texts = [text for row in rows for text in (row.question.head, row.answer.head)]
    assert all("\n" not in text and BIDI[0] not in text and len(text) <= 164 for text in texts)
    assert any(text.endswith("9") and MARKUP in text for text in texts)


def test_long_texts_are_cut_in_their_middle_and_longer_ones_are_not_read() -> None:
    cut = module._passage("a" * 15_000 + "b" * 15_000)
    assert (len(cut.head), cut.cut, len(cut.tail), cut.words) == (10_000, 10_000, 10_000, "")
    assert module._passage(" \n ").words == "(empty)"
    assert WORDS.of(Text(None, "long", 3_000_000)).startswith("3,000,000 bytes: too long")
    assert (WORDS.of(Text(None, "gone")), WORDS.of(Text(None, "withheld"))) == ("is gone", "never came")


def test_words_stand_in_the_place_of_texts_that_are_not_here(
    show: Callable[[str], ShownAnswer], data: DataFolder, seal: str
) -> None:
    (folder_of(data, seal) / layout.TEXT_SEGMENT).unlink()
    found = show("sums/row/4")
    assert (found.question.words, found.expected.words, found.answer.words) == ("is gone",) * 3
    assert found.row.outcome == "wrong"
